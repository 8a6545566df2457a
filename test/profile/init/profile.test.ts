/** What the profile init puts into an image, and what it never does to what is there. */
import { describe, expect, test } from "bun:test";
import { encodeConfig } from "../../../src/guest/config.ts";
import { ovmsInit } from "../../../src/guest/ovms-init.ts";
import type { ExecutionParameters } from "../../../src/oci/config.ts";
import { openInitProfile } from "../../../src/profile/init/init.ts";
import type { WorkloadOverrides } from "../../../src/profile/init/overrides.ts";
import { expectError } from "../../support/expect-error.ts";
import { type Files, folder, link, program, testImage } from "../trees.ts";

const PLATFORM = { os: "linux", architecture: "amd64" };

async function injected(
  files: Files,
  runtime: Partial<ExecutionParameters> = { Cmd: ["/bin/app"] },
  workload: WorkloadOverrides = {},
) {
  const made = testImage(files, runtime);
  const profile = openInitProfile({ platform: PLATFORM, workload });
  return { ...made, injection: await profile.inject(made.image) };
}

const config = async (made: { text(path: string): Promise<string> }) =>
  (await made.text("/etc/ovms/config")).split("\0").slice(0, -2);

describe("what is added", () => {
  test("to an image of nothing: the program, what it is told, what it mounts on", async () => {
    const { list, injection, text, inode, warnings } = await injected({});
    expect(list()).toEqual({
      "/proc": "directory 755",
      "/sys": "directory 755",
      "/dev": "directory 755",
      "/run": "directory 755",
      "/tmp": "directory 1777",
      "/sbin": "directory 755",
      "/sbin/ovms-init": "755",
      "/etc": "directory 755",
      "/etc/ovms": "directory 755",
      "/etc/ovms/config": "600",
      "/etc/ovms/bootstrap.json": "600",
      "/etc/hostname": "644",
      "/etc/hosts": "644",
      "/etc/resolv.conf": "644",
      "/etc/mtab": "-> /proc/mounts",
    });
    expect(injection.paths).toEqual(Object.keys(list()).sort());
    expect(await text("/sbin/ovms-init")).toBe(Buffer.from(ovmsInit("amd64")).toString("latin1"));
    for (const path of ["/etc/hostname", "/etc/hosts", "/etc/resolv.conf"]) expect(await text(path)).toBe("");
    expect(inode("/sbin/ovms-init")?.metadata).toMatchObject({ uid: 0, gid: 0 });
    expect(warnings).toEqual([]);
  });

  test("what the image has stays: files, folders with their modes, links, an environment", async () => {
    const { text, inode, injection, list } = await injected(
      {
        "/usr/sbin/x": program(),
        "/sbin": link("usr/sbin"),
        "/proc": folder(0o555),
        "/run/lock/x": "image's",
        "/etc/hosts": "image's",
        "/etc/resolv.conf": link("../run/resolv.conf"),
        "/etc/environment": "image's",
        "/srv": folder(0o700),
      },
      { Cmd: ["x"], WorkingDir: "/srv", Env: ["A=1"], Volumes: ["/data/db", "/srv"] },
    );
    expect(inode("/proc")?.metadata.mode).toBe(0o555);
    expect(inode("/srv")?.metadata.mode).toBe(0o700);
    expect(await text("/etc/hosts")).toBe("image's");
    expect(await text("/etc/environment")).toBe("image's");
    expect(list()["/etc/resolv.conf"]).toBe("-> ../run/resolv.conf");
    expect(injection.paths).toEqual([
      ...["/data", "/data/db", "/dev", "/etc/hostname", "/etc/mtab", "/etc/ovms"],
      ...["/etc/ovms/bootstrap.json", "/etc/ovms/config", "/sys", "/tmp", "/usr/sbin/ovms-init"],
    ]);
  });

  test("a working directory and volumes are made, and where that cannot be there is a warning", async () => {
    const runtime = { Cmd: ["x"], WorkingDir: "srv/new", Volumes: ["/file/x", "relative"] };
    const { list, warnings } = await injected({ "/file": "" }, runtime);
    expect(list()).toMatchObject({ "/srv/new": "directory 755" });
    expect(warnings).toEqual(["the folder /file/x cannot be made: the image has something else there"]);
  });

  test("a volume that no path can name is left out, with a warning", async () => {
    const { list, warnings } = await injected({}, { Cmd: ["x"], Volumes: ["/a\0b", "/data"] });
    expect(list()).toMatchObject({ "/data": "directory 755" });
    expect(Object.keys(list()).some((path) => path.includes("\0"))).toBe(false);
    expect(warnings).toEqual(['the image has a volume that no path can name, left out: "/a\\u0000b"']);
  });

  test("what is there and is the same counts as there; anything else is named, all at once", async () => {
    const first = await injected({});
    const files: Record<string, Files[string]> = {
      "/sbin/ovms-init": program(ovmsInit("amd64")),
      "/etc/ovms/config": await first.text("/etc/ovms/config"),
      "/etc/ovms/bootstrap.json": await first.text("/etc/ovms/bootstrap.json"),
    };
    const again = await injected(files);
    expect(again.injection.paths).not.toContain("/sbin/ovms-init");
    const others = { "/sbin/ovms-init": program("other"), "/etc/ovms": "file", "/proc": "file" };
    const said = [
      "/sbin/ovms-init",
      "/etc/ovms/config",
      "/etc/ovms/bootstrap.json",
      "/proc",
      "--profile baseline",
    ];
    await expectError(injected(others), "E_PROFILE_CONFLICT", ...said);
  });

  test("variables that were given are in no file that everybody may read", async () => {
    const runtime = { Cmd: ["x"], Env: ["A=1"] };
    const modes = async (workload: WorkloadOverrides) => {
      const { list } = await injected({}, runtime, workload);
      return ["/etc/ovms/config", "/etc/ovms/bootstrap.json", "/etc/environment"].map((path) => list()[path]);
    };
    expect(await modes({})).toEqual(["600", "600", "644"]);
    expect(await modes({ env: ["TOKEN=x"] })).toEqual(["600", "600", "600"]);
  });

  test("the digest tells apart what was asked for", async () => {
    const digest = async (workload: WorkloadOverrides) =>
      (await injected({}, undefined, workload)).injection.digest;
    const digests = await Promise.all(
      [{}, { cmd: ["a"] }, { cmd: ["a", ""] }, { user: "1" }, { hostname: "b" }].map(digest),
    );
    expect(new Set(digests).size).toBe(digests.length);
    expect(await digest({})).toBe(digests[0] ?? "");
  });

  test("there is none for other architectures", async () => {
    const platform = { os: "linux", architecture: "riscv64" };
    await expectError(() => openInitProfile({ platform, workload: {} }), "E_PLATFORM_NOT_FOUND", "riscv64");
  });
});

describe("the workload", () => {
  const runtime = {
    Entrypoint: ["/entry", "ü"],
    Cmd: ["a", ""],
    Env: ["PATH=/bin", "A=1", "bad", "B=2\n"],
    WorkingDir: "/srv",
    User: "app:audio",
    StopSignal: "sigrtmin+3",
    ExposedPorts: ["80/tcp"],
    Volumes: ["/data"],
    Labels: { l: "v" },
  };
  const passwd = { "/etc/passwd": "app:x:1:2::/:\n", "/etc/group": "audio:x:29:\n" };

  test("is the image's, in both forms", async () => {
    const made = await injected(passwd, runtime);
    expect(made.warnings[0]).toContain('"bad"');
    expect(Buffer.from(await made.text("/etc/ovms/config"), "latin1")).toEqual(
      Buffer.from(
        encodeConfig({
          entrypoint: ["/entry", "\xc3\xbc"],
          cmd: ["a", ""],
          environment: ["PATH=/bin", "A=1", "B=2\n"],
          workingDirectory: "/srv",
          user: "app:audio",
          stopSignal: 37,
          limits: [{ resource: 7, soft: 1048576n, hard: 1048576n }],
        }),
      ),
    );
    const bootstrap = {
      env: ["PATH=/bin", "A=1", "B=2\n"],
      workdir: "/srv",
      entrypoint: ["/entry", "ü"],
      cmd: ["a", ""],
      exposedPorts: ["80/tcp"],
      docker2vm: { user: "app:audio", stopSignal: 37, volumes: ["/data"], labels: { l: "v" } },
    };
    expect(JSON.parse(Buffer.from(await made.text("/etc/ovms/bootstrap.json"), "latin1").toString())).toEqual(
      bootstrap,
    );
    expect(made.injection.bootstrap).toEqual(bootstrap);
  });

  const TABLE: [overrides: WorkloadOverrides, words: string[]][] = [
    [{}, ["entrypoint /entry", "entrypoint \xc3\xbc", "cmd a", "cmd "]],
    [{ cmd: ["x"] }, ["entrypoint /entry", "entrypoint \xc3\xbc", "cmd x"]],
    [{ cmd: [] }, ["entrypoint /entry", "entrypoint \xc3\xbc"]],
    [{ entrypoint: ["/x"] }, ["entrypoint /x"]],
    [{ entrypoint: [], cmd: ["/x"] }, ["cmd /x"]],
  ];
  for (const [overrides, words] of TABLE) {
    test(`with ${JSON.stringify(overrides)} is as docker run has it`, async () => {
      const texts = await config(await injected(passwd, runtime, overrides));
      const records = texts.slice(1).map((text, i, all) => (i % 2 === 0 ? `${text} ${all[i + 1]}` : ""));
      expect(records.filter((record) => /^(entrypoint|cmd) /.test(record))).toEqual(words);
    });
  }

  test("is overridden value by value; of the environment each name", async () => {
    const overrides = { env: ["A=3", "C=", "A=4"], workdir: "/w", user: "0", hostname: "box" };
    const texts = (await config(await injected(passwd, runtime, overrides))).join("|");
    expect(texts).toContain(
      "|env|PATH=/bin|env|A=4|env|B=2\n|env|C=|workdir|/w|user|0|hostname|box|stop-signal|37|",
    );
  });

  test("that cannot run is warned of: no command, nobody, no signal", async () => {
    const none = await injected({}, { User: "who", StopSignal: "SIGNOPE" });
    expect(none.warnings).toEqual([
      'the image\'s StopSignal is "SIGNOPE", which is no signal: SIGTERM is sent instead',
      "the image names no command: give one with --cmd, or on the kernel command line",
      "the machine will refuse to run the workload, for its user is nobody: /etc/passwd has no user 'who'",
    ]);
    expect((await config(none)).join("|")).toContain("|stop-signal|15|");
    expect((await injected({}, { User: "who", Cmd: ["x"] }, { user: "5" })).warnings).toEqual([]);
  });
});
