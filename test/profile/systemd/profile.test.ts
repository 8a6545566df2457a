/** What the profile systemd puts into an image, judged by systemd's own programs. */
import { describe, expect, test } from "bun:test";
import { chmodSync, cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { ovmsInit } from "../../../src/guest/ovms-init.ts";
import type { ExecutionParameters } from "../../../src/oci/config.ts";
import type { WorkloadOverrides } from "../../../src/profile/init/overrides.ts";
import { openSystemdProfile } from "../../../src/profile/systemd/systemd.ts";
import { expectError } from "../../support/expect-error.ts";
import { run, runOk, testWith } from "../../support/oracles.ts";
import { scratchFolder } from "../../support/scratch.ts";
import { hostileRuntime } from "../hostile.ts";
import { type Files, folder, link, program, type TestImage, testImage } from "../trees.ts";

const scratch = scratchFolder();
const PLATFORM = { os: "linux", architecture: "amd64" };
const UNIT = "/etc/systemd/system/ovms.service";
const WANTED = "/etc/systemd/system/multi-user.target.wants/ovms.service";

/** As Debian has it. */
const SYSTEMD: Files = {
  "/usr/lib/systemd/systemd": program("systemd"),
  "/usr/sbin/init": link("/lib/systemd/systemd"),
  "/lib": link("usr/lib"),
  "/sbin": link("usr/sbin"),
};

async function injected(
  files: Files,
  runtime: Partial<ExecutionParameters> = { Cmd: ["/bin/app"] },
  workload: WorkloadOverrides = {},
  keepRunning?: boolean,
) {
  const made = testImage(files, runtime);
  const profile = openSystemdProfile({ platform: PLATFORM, workload, keepRunning });
  const injection = await profile.inject(made.image);
  return { ...made, injection };
}

const config = async (made: { text(path: string): Promise<string> }) =>
  (await made.text("/etc/ovms/config")).split("\0").slice(1, -3);

/** The records of a configuration with this key. */
const values = (records: readonly string[], key: string) =>
  records.flatMap((text, i) => (i % 2 === 0 && text === key ? [records[i + 1] ?? ""] : []));

const bytes = (text: string) => Buffer.from(text).toString("latin1");

/** The image's /etc and program in a folder, beside the units of this machine's systemd. */
async function rootOf(name: string, made: TestImage): Promise<string> {
  const root = scratch(name);
  const units = "usr/lib/systemd/system";
  cpSync(`/${units}`, join(root, units), { recursive: true, verbatimSymlinks: true });
  for (const [path, what] of Object.entries(made.list())) {
    const target = join(root, path);
    if (what.startsWith("directory")) mkdirSync(target, { recursive: true });
    else if (what.startsWith("-> ")) symlinkSync(what.slice("-> ".length), target);
    else {
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, Buffer.from(await made.text(path), "latin1"));
      chmodSync(target, Number.parseInt(what, 8));
    }
  }
  return root;
}

describe("what is added", () => {
  test("is a service that runs the workload by ovms-init, and what a machine needs", async () => {
    const { injection, text, list, warnings } = await injected(SYSTEMD);
    expect(injection.paths).toEqual([
      ...["/dev", "/etc", "/etc/hosts", "/etc/machine-id", "/etc/mtab", "/etc/ovms"],
      ...["/etc/ovms/bootstrap.json", "/etc/ovms/config", "/etc/sysctl.d", "/etc/sysctl.d/60-ovms.conf"],
      ...["/etc/systemd", "/etc/systemd/system", "/etc/systemd/system-preset"],
      ...["/etc/systemd/system-preset/00-ovms.preset", "/etc/systemd/system/multi-user.target.wants"],
      ...[WANTED, UNIT, "/proc", "/run", "/sys", "/tmp", "/usr/sbin/ovms-init"],
    ]);
    expect(list()[WANTED]).toBe(`-> ${UNIT}`);
    expect(await text("/usr/sbin/ovms-init")).toBe(Buffer.from(ovmsInit("amd64")).toString("latin1"));
    expect(await text("/etc/machine-id")).toBe("");
    expect(await text("/etc/sysctl.d/60-ovms.conf")).not.toContain("hostname");
    expect(injection.metadata).toMatchObject({ init: { path: "/sbin/init" }, service: UNIT });
    expect(injection.bootstrap?.cmd).toEqual(["/bin/app"]);
    expect(warnings).toEqual([]);
  });

  test("what the image has stays, and is named where it is in the way", async () => {
    const own = { "/etc/hosts": "own", "/etc/machine-id": "uninitialized\n", "/etc/systemd": folder(0o700) };
    const { text, inode } = await injected({ ...SYSTEMD, ...own });
    expect(await text("/etc/hosts")).toBe("own");
    expect(await text("/etc/machine-id")).toBe("uninitialized\n");
    expect(inode("/etc/systemd")?.metadata.mode).toBe(0o700);
    const others = {
      [UNIT]: "another",
      [WANTED]: link("/dev/null"),
      "/usr/sbin/ovms-init": program("other"),
    };
    const said = [UNIT, WANTED, "/sbin/ovms-init", "--profile baseline"];
    await expectError(injected({ ...SYSTEMD, ...others }), "E_PROFILE_CONFLICT", ...said);
  });

  test("an image that was converted before is as it was", async () => {
    const first = await injected(SYSTEMD);
    const files: Record<string, Files[string]> = { ...SYSTEMD };
    for (const path of first.injection.paths) {
      const what = first.list()[path] ?? "";
      if (/^\d/.test(what))
        files[path] = what === "755" ? program(await first.text(path)) : await first.text(path);
      else if (what.startsWith("-> ")) files[path] = link(what.slice("-> ".length));
    }
    const paths = (await injected(files)).injection.paths;
    expect(paths).toEqual(["/dev", "/proc", "/run", "/sys", "/tmp"]);
  });

  test("/sbin/init is made where there is none; another one stays, and init= is told", async () => {
    const { "/usr/sbin/init": _, ...bare } = SYSTEMD;
    const made = await injected(bare);
    expect(made.list()["/usr/sbin/init"]).toBe("-> /usr/lib/systemd/systemd");
    expect(made.injection.metadata["init"]).toEqual({ path: "/sbin/init" });
    const other = await injected({ ...bare, "/usr/sbin/init": program("other") });
    expect(other.injection.metadata["init"]).toEqual({ path: "/usr/lib/systemd/systemd" });
    expect(other.warnings).toEqual([
      "the image's /sbin/init is not systemd: boot it with init=/usr/lib/systemd/systemd",
    ]);
  });

  test("an ID that all machines would share is warned of", async () => {
    const { warnings } = await injected({ ...SYSTEMD, "/etc/machine-id": `${"a".repeat(32)}\n` });
    expect(warnings).toEqual([expect.stringContaining("/etc/machine-id, which all machines made of it")]);
  });

  test("nothing without systemd: an error that says what is missing", async () => {
    const said = ["no systemd", "/usr/lib/systemd/systemd", "--profile init"];
    await expectError(injected({ "/sbin/init": program("busybox") }), "E_UNSUPPORTED", ...said);
  });

  test("there is none for other architectures", async () => {
    const platform = { os: "linux", architecture: "riscv64" };
    await expectError(
      () => openSystemdProfile({ platform, workload: {} }),
      "E_PLATFORM_NOT_FOUND",
      "riscv64",
    );
  });
});

describe("there is no service", () => {
  const COMMANDS: readonly Partial<ExecutionParameters>[] = [
    { Cmd: ["/sbin/init"] },
    { Entrypoint: ["/lib/systemd/systemd"], Cmd: ["--unit=x"] },
    { Cmd: ["init"] },
    { Cmd: ["systemd"], Env: ["PATH=bin:/nowhere:/usr/lib/systemd"] },
    { Cmd: ["../sbin/init"], WorkingDir: "/usr" },
  ];
  for (const runtime of COMMANDS) {
    test(`where ${JSON.stringify(runtime)} is systemd itself`, async () => {
      const { list, injection, warnings } = await injected(SYSTEMD, runtime);
      expect(Object.keys(list()).filter((path) => path.includes("ovms"))).toEqual([]);
      expect(injection.metadata).toEqual({ init: { path: "/sbin/init" }, service: null });
      expect(warnings).toEqual([expect.stringContaining("systemd itself")]);
    });
  }

  test("where the image names no command; --cmd gives it one", async () => {
    const none = await injected(SYSTEMD, {});
    expect(none.inode(UNIT)).toBeUndefined();
    expect(none.warnings).toEqual([expect.stringContaining("names no command")]);
    expect((await injected(SYSTEMD, { Cmd: ["/sbin/init"] }, { cmd: ["/app"] })).inode(UNIT)).toBeDefined();
  });
});

describe("the workload", () => {
  test("is called as the image's own file says, or as it is asked for", async () => {
    const files = { ...SYSTEMD, "/etc/hostname": "# a\n\n vm.local \n" };
    const found = await injected(files);
    expect(values(await config(found), "hostname")).toEqual(["vm.local"]);
    const made = await injected(files, undefined, { hostname: "box" });
    expect(values(await config(made), "hostname")).toEqual(["box"]);
    expect(await made.text("/etc/hostname")).toBe(files["/etc/hostname"]);
    expect(await made.text("/etc/sysctl.d/60-ovms.conf")).toContain("\nkernel.hostname = box\n");
    expect(await made.text("/etc/hosts")).toContain("127.0.1.1\tbox\n");
    const nameless = await injected(SYSTEMD, undefined, { hostname: "box" });
    expect(await nameless.text("/etc/hostname")).toBe("box\n");
    const local = await injected({ ...SYSTEMD, "/etc/hostname": "localhost\n" });
    expect((await local.text("/etc/hosts")).match(/^127.*$/gm)).toEqual(["127.0.0.1\tlocalhost"]);
    const odd = await injected({ ...SYSTEMD, "/etc/hostname": "no name!\n" });
    expect(values(await config(odd), "hostname")).toEqual([]);
  });

  test("is what its machine ends with, unless that is to go on", async () => {
    const text = async (keepRunning: boolean) =>
      await (await injected(SYSTEMD, undefined, {}, keepRunning)).text(UNIT);
    const ending = "ExecStop=/sbin/ovms-init --stopping\nExecStopPost=/sbin/ovms-init --ended\n";
    expect(await text(false)).toContain(ending);
    expect((await text(false)).replace(ending, "")).toBe(await text(true));
  });

  test("whose user is nobody is warned of", async () => {
    const { warnings } = await injected(SYSTEMD, { Cmd: ["x"], User: "who" });
    expect(warnings).toEqual([expect.stringContaining("/etc/passwd has no user 'who'")]);
  });

  testWith(["systemd-analyze", "systemctl"], "is enabled, and the unit is one", async () => {
    const root = await rootOf("whole", await injected(SYSTEMD));
    expect(runOk("systemctl", [`--root=${root}`, "is-enabled", "ovms.service"])).toBe("enabled\n");
    expect(verified(root, ["ovms.service"])).toEqual({ status: 0, stdout: "", stderr: "" });
    // An image's own presets come later, and say no to everything.
    const presets = "usr/lib/systemd/system-preset";
    mkdirSync(join(root, presets), { recursive: true });
    writeFileSync(join(root, presets, "99-default.preset"), "disable *\n");
    runOk("systemctl", [`--root=${root}`, "preset", "ovms.service"]);
    expect(runOk("systemctl", [`--root=${root}`, "is-enabled", "ovms.service"])).toBe("enabled\n");
    // What the oracle says where something is wrong.
    writeFileSync(join(root, UNIT), "[Service]\nExecStart=/sbin/ovms-init\nNope=1\n");
    expect(verified(root, ["ovms.service"]).stderr).toContain("Nope");
  });

  testWith(
    ["systemd-analyze"],
    "may hold anything: the unit stays fixed, the strings are its own",
    async () => {
      const units = new Map<string, string>();
      const property = fc.asyncProperty(hostileRuntime, async (runtime) => {
        const made = await injected(SYSTEMD, runtime);
        const records = await config(made);
        expect(values(records, "entrypoint")).toEqual(runtime.Entrypoint.map(bytes));
        expect(values(records, "cmd")).toEqual(runtime.Cmd.map(bytes));
        const env = new Map(
          runtime.Env.map(bytes).map((entry) => [entry.slice(0, entry.indexOf("=")), entry]),
        );
        expect(values(records, "env").sort()).toEqual([...env.values()].sort());
        expect(values(records, "workdir")[0]?.replace(/^\//, "")).toBe(
          bytes(runtime.WorkingDir).replace(/^\//, ""),
        );
        expect(values(records, "user")).toEqual([runtime.User]);
        const [signal = ""] = values(records, "stop-signal");
        const text = await made.text(UNIT);
        expect(text).toContain(`\nKillSignal=${signal}\n`);
        units.set(`ovms-${signal}.service`, text);
      });
      await fc.assert(property, { numRuns: 200, seed: 1 });
      const root = await rootOf("hostile", await injected(SYSTEMD));
      for (const [name, text] of units) writeFileSync(join(root, dirname(UNIT), name), text);
      // Of all that the workloads hold, the unit has one number.
      const fixed = [...units.values()].map((text) => text.replace(/^KillSignal=\d+$/m, ""));
      expect(new Set(fixed).size).toBe(1);
      expect(units.size).toBeGreaterThan(5);
      expect(verified(root, [...units.keys()])).toEqual({ status: 0, stdout: "", stderr: "" });
    },
  );
});

function verified(root: string, names: readonly string[]) {
  return run("systemd-analyze", ["verify", "--man=no", `--root=${root}`, ...names]);
}
