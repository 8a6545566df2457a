/** Bundles of images, and the containers that the real runtimes start of them. */
import { beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { staticElf } from "../../fixtures/static-elf.ts";
import { createBundle } from "../../src/bundle/create-bundle.ts";
import type { BundleOptions } from "../../src/bundle/options.ts";
import { validateBundle } from "../../src/bundle/validate-bundle.ts";
import { runWith } from "../cli/fake-host.ts";
import { RUNTIMES, type Runtime, runBundle } from "../support/containers.ts";
import { expectError } from "../support/expect-error.ts";
import { alpineLayout } from "../support/images.ts";
import { differences, type KernelView, kernelView } from "../support/kernel-view.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { findOracle, run, runOk, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { type TarItem, tar } from "../support/tar-builder.ts";
import { withUmociUnpacked } from "../support/umoci.ts";

const scratch = scratchFolder();
const alpine = alpineLayout();
const MAIN = join(import.meta.dir, "../../src/cli/main.ts");
const ARCHITECTURE = process.arch === "arm64" ? "arm64" : "amd64";
const PLATFORM = { os: "linux", architecture: ARCHITECTURE };
/** A year-2020 time: whole seconds are kept everywhere. */
const TIME = 1_600_000_000;

/** Something of everything that a layer can have, and accounts. */
const RICH: readonly (readonly TarItem[])[] = [
  [
    { path: "./", type: "directory", mode: 0o755, mtime: TIME },
    ...["etc/", "bin/", "proc/", "sys/"].map(
      (path): TarItem => ({ path, type: "directory", mode: 0o755, mtime: TIME }),
    ),
    {
      path: "etc/passwd",
      data: "root:x:0:0::/root:/bin/sh\napp:x:1000:1001::/home/app:/bin/sh\n",
      mode: 0o644,
      mtime: TIME,
    },
    { path: "etc/group", data: "root:x:0:\napp:x:1001:\naudio:x:29:app\n", mode: 0o644, mtime: TIME },
    { path: "gone", data: "gone", mtime: TIME },
    { path: "dev/", type: "directory", mode: 0o755, mtime: TIME },
    { path: "dev/null", type: "char", mode: 0o666, major: 1, minor: 3, mtime: TIME },
    { path: "dev/null2", type: "hardlink", linkname: "dev/null", mtime: TIME },
    { path: "dev/disk", type: "block", mode: 0o660, uid: 0, gid: 6, major: 8, minor: 1, mtime: TIME },
    { path: "pipe", type: "fifo", mode: 0o600, uid: 1000, gid: 1001, mtime: TIME },
    {
      path: "caps",
      mode: 0o755,
      data: "capable",
      mtime: TIME,
      pax: { "SCHILY.xattr.security.capability": "\x01\0\0\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0" },
    },
    { path: "caps-too", type: "hardlink", linkname: "caps", mtime: TIME },
    {
      path: "attributes/",
      type: "directory",
      mode: 0o1777,
      mtime: TIME,
      pax: { "SCHILY.xattr.user.note": "of a folder" },
    },
    { path: "setuid", mode: 0o4755, uid: 1000, gid: 1001, data: "s", mtime: TIME },
    { path: "closed/", type: "directory", mode: 0o555, mtime: TIME },
    { path: "closed/inside", data: "in", mode: 0o400, mtime: TIME },
    { path: "link", type: "symlink", linkname: "../../../etc/passwd", uid: 1000, gid: 1000, mtime: TIME },
    { path: "l\xe4tin", data: "a name that is no UTF-8", mtime: TIME },
    { path: "holes", data: Buffer.concat([Buffer.alloc(1 << 20), Buffer.from("x")]), mtime: TIME },
  ],
  [{ path: ".wh.gone", mtime: TIME }],
];

const richLayout = (): string => scratch("rich");

beforeAll(() => {
  const busybox = readFileSync(findOracle("busybox") ?? process.execPath);
  const commands = ["sh", "id", "env", "pwd", "cat", "echo", "hostname"].map((name): TarItem => {
    return { path: `bin/${name}`, type: "symlink", linkname: "busybox", mtime: TIME };
  });
  const program: TarItem[] = [{ path: "bin/busybox", mode: 0o755, data: busybox, mtime: TIME }, ...commands];
  buildLayout(richLayout(), {
    layers: [tar([...(RICH[0] ?? []), ...program]), tar([...(RICH[1] ?? [])])],
    platform: PLATFORM,
    created: "2020-09-13T12:26:40Z",
    config: {
      Entrypoint: ["/bin/sh", "-c"],
      Cmd: ['id; pwd; echo "$GREETING"; exit 5'],
      Env: ["PATH=/bin", "GREETING=one\n100% of $two"],
      WorkingDir: "/srv/made",
      User: "app",
      Labels: { maintainer: "somebody", ["__proto__"]: "a label like any" },
      ExposedPorts: { "80/tcp": {}, "443/tcp": {} },
      StopSignal: "SIGQUIT",
    },
  });
  buildLayout(scratch("scratch"), {
    layers: [tar([{ path: "hello", mode: 0o755, data: staticElf(ARCHITECTURE, "hello from nothing\n") }])],
    platform: PLATFORM,
    config: { Entrypoint: ["/hello"] },
  });
  buildLayout(scratch("distroless"), {
    layers: [
      tar([
        {
          path: "etc/passwd",
          data: "root:x:0:0::/root:/sbin/nologin\nnonroot:x:65532:65532::/home/nonroot:/sbin/nologin\n",
        },
      ]),
      tar([
        { path: "home/nonroot/", type: "directory", mode: 0o700, uid: 65532, gid: 65532 },
        {
          path: "home/nonroot/app",
          mode: 0o500,
          uid: 65532,
          gid: 65532,
          data: staticElf(ARCHITECTURE, "hello as nonroot\n"),
        },
      ]),
    ],
    platform: PLATFORM,
    config: { Entrypoint: ["./app"], WorkingDir: "/home/nonroot", User: "nonroot" },
  });
  buildLayout(scratch("no-command"), { layers: [tar([{ path: "x", data: "x" }])], platform: PLATFORM });
});

/** @param given over what every test wants */
function made(out: string, given: Partial<BundleOptions> = {}) {
  return createBundle({ source: `oci:${richLayout()}`, out: scratch(out), ...given });
}

function configIn(out: string) {
  return JSON.parse(readFileSync(scratch(out, "config.json"), "utf8"));
}

/** Without the top folders: what is unpacked in them changes their times, with umoci at least. */
function filesOf(a: string, b: string): [KernelView, KernelView] {
  const views: [KernelView, KernelView] = [kernelView(a), kernelView(b)];
  for (const view of views) view.delete(".");
  return views;
}

/** umoci's folder says which manifest is meant. */
function manifestOf(layout: string, architecture = ARCHITECTURE) {
  const { manifests } = JSON.parse(readFileSync(join(layout, "index.json"), "utf8"));
  return manifests.find(
    (each: { platform: { architecture: string } }) => each.platform.architecture === architecture,
  );
}

describe("a bundle's files", () => {
  testWith(
    ["umoci", "chroot", "getfattr"],
    "are what umoci unpacks: devices, pipes, attributes and all",
    async () => {
      const { extraction, warnings } = await made("exact");
      expect([warnings, extraction?.leftOut, extraction?.withoutXattrs]).toEqual([[], [], 0]);
      await withUmociUnpacked(richLayout(), manifestOf(richLayout()), (rootfs) => {
        expect(differences(...filesOf(scratch("exact/rootfs"), rootfs))).toEqual([]);
      });
      expect(kernelView(scratch("exact/rootfs")).get(".")?.mtime).toBe(BigInt(TIME) * 1_000_000_000n);
      expect(statSync(scratch("exact/rootfs/holes")).blocks * 512).toBeLessThan(1 << 20);
      rmSync(scratch("exact"), { recursive: true, force: true });
    },
  );

  if (alpine !== undefined) {
    testWith(["umoci", "chroot", "getfattr"], "are what umoci unpacks of alpine", async () => {
      await made("alpine-exact", { source: `oci:${alpine}`, platform: "linux/amd64" });
      await withUmociUnpacked(alpine, manifestOf(alpine, "amd64"), (rootfs) => {
        expect(differences(...filesOf(scratch("alpine-exact/rootfs"), rootfs))).toEqual([]);
      });
    });
  }

  testWith(["chroot"], "are told of where there is no GNU tar to make the rest of them", async () => {
    const { warnings, extraction } = await made("bare", { environment: { PATH: "/nowhere" } });
    expect(extraction?.leftOut.map(({ path }) => path)).toEqual([
      "dev/disk",
      "dev/null",
      "dev/null2",
      "pipe",
    ]);
    expect(warnings.join("\n")).toContain("left out: dev/disk: a block node cannot be made");
    expect(warnings.join("\n")).toContain("are without their extended attributes");
  });

  testWith(["chroot"], "are told of where tar ends early", async () => {
    buildLayout(scratch("attributes"), {
      layers: [
        tar([{ path: "large", data: Buffer.alloc(4 << 20, "x"), pax: { "SCHILY.xattr.user.a": "b" } }]),
      ],
      platform: PLATFORM,
      config: { Cmd: ["/large"] },
    });
    const script = '#!/bin/sh\n[ "$1" = --version ] && echo GNU tar && exit\nhead -c 1 >/dev/null\nexit 2\n';
    mkdirSync(scratch("programs"));
    writeFileSync(scratch("programs/tar"), script, { mode: 0o755 });
    const { warnings } = await made("ended", {
      source: `oci:${scratch("attributes")}`,
      environment: { PATH: `${scratch("programs")}:${process.env["PATH"]}` },
    });
    expect(warnings.join()).toContain("1 file is without its extended attributes");
  });

  testWith(["chroot", "tar"], "stay in it, wherever links of the image lead", async () => {
    mkdirSync(scratch("outside"));
    writeFileSync(scratch("outside/passwd"), "host:x:5:5::/:\n");
    const link = { type: "symlink", linkname: scratch("outside") } as const;
    buildLayout(scratch("links"), {
      layers: [
        tar([
          { path: "a", ...link },
          { path: "etc", ...link },
          { path: "b", type: "symlink", linkname: "../../.." },
        ]),
        tar([
          { path: "a/x", data: "x", pax: { "SCHILY.xattr.user.a": "b" } },
          { path: "b/pipe", type: "fifo" },
          { path: "a/null", type: "char", major: 1, minor: 3 },
        ]),
      ],
      platform: PLATFORM,
      config: { Cmd: ["/x"] },
    });
    const source = `oci:${scratch("links")}`;
    const asHost = made("links-bundle", { source, workload: { cmd: ["/x"], user: "host" } });
    await expectError(asHost, "E_USAGE", "no user 'host'");
    await made("links-bundle", { source });
    expect(readdirSync(scratch("outside"))).toEqual(["passwd"]);
    expect(readdirSync(scratch("links-bundle/rootfs/a")).sort()).toEqual(["null", "x"]);
    expect(readdirSync(scratch("links-bundle/rootfs/b"))).toEqual(["pipe"]);
    expect(await validateBundle(scratch("links-bundle"))).toMatchObject({
      findings: [{ path: "/process/args/0" }],
    });
  });

  testWith(["chroot"], "and its configuration are the same each time", async () => {
    for (const out of ["once", "twice"]) await made(out, { environment: { PATH: process.env["PATH"] } });
    expect(readFileSync(scratch("once/config.json"))).toEqual(readFileSync(scratch("twice/config.json")));
    const [once, twice] = ["once", "twice"].map((out) => kernelView(scratch(out, "rootfs")));
    expect(once && twice && differences(once, twice)).toEqual([]);
  });
});

for (const runtime of RUNTIMES) {
  describe(`${runtime} starts`, () => {
    testWith(
      [runtime, "busybox"],
      "what the image says, as its user, there, with its variables, to its exit code",
      async () => {
        await made(`run-${runtime}`);
        const { status, stdout } = runBundle(runtime, scratch(`run-${runtime}`));
        expect([stdout, status]).toEqual([
          "uid=1000(app) gid=1001(app) groups=29(audio),1001(app)\n/srv/made\none\n100% of $two\n",
          5,
        ]);
      },
    );

    testWith([runtime, "busybox"], "what the options say instead", async () => {
      await made(`other-${runtime}`, {
        workload: {
          entrypoint: ["sh", "-c", "hostname; id -u; env; cat /proc/self/status | grep CapBnd; echo x > /x"],
          env: ["GREETING=", "MORE=2"],
          user: "12345",
          workdir: "/etc",
          hostname: "box",
        },
        readOnly: true,
        resources: { memory: 64 * 2 ** 20, cpus: 0.5, pids: 50 },
      });
      const { status, stdout, stderr } = runBundle(runtime, scratch(`other-${runtime}`));
      expect(
        stdout
          .split("\n")
          .filter((line) => !/^(SHLVL|PWD)=/.test(line))
          .sort(),
      ).toEqual([
        "",
        "12345",
        "CapBnd:\t00000000a80425fb",
        "GREETING=",
        "HOME=/",
        "MORE=2",
        "PATH=/bin",
        "box",
      ]);
      expect([stderr, status]).toEqual([expect.stringContaining("Read-only file system"), 1]);
    });

    testWith([runtime], "a program that is alone in its image", async () => {
      await made(`alone-${runtime}`, { source: `oci:${scratch("scratch")}` });
      expect(runBundle(runtime, scratch(`alone-${runtime}`))).toMatchObject({
        status: 0,
        stdout: "hello from nothing\n",
      });
    });

    testWith([runtime], "a program of a user's own in an image without a shell", async () => {
      const { warnings } = await made(`distroless-${runtime}`, { source: `oci:${scratch("distroless")}` });
      expect([warnings, configIn(`distroless-${runtime}`).process.user.uid]).toEqual([[], 65532]);
      expect(runBundle(runtime, scratch(`distroless-${runtime}`))).toMatchObject({
        status: 0,
        stdout: "hello as nonroot\n",
      });
    });

    if (alpine !== undefined && process.arch === "x64") startsAlpine(runtime, alpine);
  });
}

function startsAlpine(runtime: Runtime, layout: string): void {
  testWith([runtime], "alpine", async () => {
    await made(`alpine-${runtime}`, {
      source: `oci:${layout}`,
      platform: "linux/amd64",
      workload: { cmd: ["/bin/sh", "-c", "cat /etc/alpine-release; id; exit 3"] },
    });
    const { status, stdout } = runBundle(runtime, scratch(`alpine-${runtime}`));
    expect([stdout, status]).toEqual([
      expect.stringMatching(/^3\.\d+\.\d+\nuid=0\(root\) gid=0\(root\) groups=/),
      3,
    ]);
    expect((await validateBundle(scratch(`alpine-${runtime}`))).findings).toEqual([]);
  });
}

describe("rootless", () => {
  /** Runs the command as nobody. */
  function asNobody(command: readonly string[]) {
    const home = scratch("home");
    runOk("chown", ["-R", "65534:65534", home]);
    const args = ["--reuid=65534", "--regid=65534", "--clear-groups", ...command];
    return run("setpriv", args, { cwd: home, env: { HOME: home, XDG_RUNTIME_DIR: home } });
  }

  testWith(["runc", "setpriv", "busybox"], "a bundle is made and started by nobody", async () => {
    mkdirSync(scratch("home"));
    runOk("chmod", ["-R", "a+rX", scratch(".")]);
    const create = [
      process.execPath,
      "--no-env-file",
      MAIN,
      "bundle",
      "create",
      `oci:${richLayout()}`,
      "--out",
      "b",
    ];
    const options = ["--no-cache", "--cmd", "id -u; cat closed/inside /proc/self/uid_map", "--workdir", "/"];
    const refused = asNobody([...create, ...options]);
    expect([refused.status, refused.stderr]).toEqual([
      2,
      expect.stringContaining("only root can give the files"),
    ]);
    const { status, stderr } = asNobody([...create, ...options, "--rootless", "--progress", "plain"]);
    expect([status, stderr]).toEqual([0, expect.stringContaining("the user 1000:1001 becomes 0:0")]);
    expect(stderr).toContain("left out: dev/disk");
    const ran = asNobody([
      "runc",
      "--root",
      scratch("home/state"),
      "run",
      "--bundle",
      "b",
      `rootless-${process.pid}`,
    ]);
    expect([ran.stderr, ran.stdout, ran.status]).toEqual([
      "",
      expect.stringMatching(/^0\nin\s+0\s+65534\s+1\n$/),
      0,
    ]);
    // A folder that nobody may write to is in it, and it goes all the same.
    expect(asNobody([...create, ...options, "--rootless", "--force", "-q"])).toMatchObject({
      status: 0,
      stderr: "",
    });
    expect(readdirSync(scratch("home/b")).sort()).toEqual(["config.json", "rootfs"]);
  });

  testWith(["chroot"], "is not for root, and has no limits", async () => {
    await expectError(() => made("x", { rootless: true }), "E_USAGE", "not root");
  });
});

describe("a root filesystem that is there", () => {
  testWith(["chroot", "runc", "busybox"], "is named, and left as it is", async () => {
    await made("first");
    const before = kernelView(scratch("first/rootfs"));
    const workload = { entrypoint: ["/bin/echo", "by name"], user: "app" };
    const { rootfsPath, config } = await createBundle({
      rootfs: scratch("first/rootfs"),
      out: scratch("second"),
      workload,
    });
    expect(rootfsPath).toBe(scratch("first/rootfs"));
    expect(config).toMatchObject({ process: { user: { uid: 1000, gid: 1001 } }, root: { path: rootfsPath } });
    expect(readdirSync(scratch("second"))).toEqual(["config.json"]);
    expect(differences(kernelView(rootfsPath), before)).toEqual([]);
    expect(runBundle("runc", scratch("second"))).toMatchObject({ status: 0, stdout: "by name\n" });
    // Beside a configuration of its own it is the bundle's, and stays, too.
    await createBundle({ rootfs: rootfsPath, out: scratch("first"), workload, force: true });
    expect(configIn("first").root.path).toBe("rootfs");
    expect(differences(kernelView(rootfsPath), before)).toEqual([]);
    // One that the bundle had goes with the rest of the old bundle.
    await made("third");
    await createBundle({ rootfs: rootfsPath, out: scratch("third"), workload, force: true });
    expect(readdirSync(scratch("third"))).toEqual(["config.json"]);
  });

  testWith(["chroot"], "stays where it lies in the one that the bundle had", async () => {
    await made("nested");
    const rootfs = scratch("nested/rootfs/closed");
    await createBundle({ rootfs, out: scratch("nested"), workload: { cmd: ["/inside"] }, force: true });
    expect(configIn("nested").root.path).toBe(rootfs);
    expect(readFileSync(join(rootfs, "inside"), "utf8")).toBe("in");
  });

  testWith(["chroot"], "gets the configuration of an image, if there is one", async () => {
    await made("tree");
    await made("of-image", { rootfs: scratch("tree/rootfs") });
    expect(configIn("of-image").process).toEqual(configIn("tree").process);
  });

  test("has to be one", async () => {
    const out = scratch("never");
    await expectError(() => createBundle({ out }), "E_USAGE", "neither an image nor a root filesystem");
    await expectError(
      () => createBundle({ out, rootfs: scratch("nowhere") }),
      "E_USAGE",
      "there is no such file",
    );
    expect(existsSync(out)).toBe(false);
  });
});

describe("config.json", () => {
  testWith(["chroot"], "has what the image says", async () => {
    await made("config");
    const { process: task, annotations, hostname, linux } = configIn("config");
    expect(task).toMatchObject({
      terminal: false,
      user: { uid: 1000, gid: 1001, additionalGids: [1001, 29] },
      args: ["/bin/sh", "-c", 'id; pwd; echo "$GREETING"; exit 5'],
      env: ["PATH=/bin", "GREETING=one\n100% of $two", "HOME=/home/app"],
      cwd: "/srv/made",
    });
    expect(Object.entries(annotations)).toEqual([
      ["__proto__", "a label like any"],
      ["maintainer", "somebody"],
      ["org.opencontainers.image.architecture", ARCHITECTURE],
      ["org.opencontainers.image.created", "2020-09-13T12:26:40Z"],
      ["org.opencontainers.image.exposedPorts", "443/tcp,80/tcp"],
      ["org.opencontainers.image.os", "linux"],
      ["org.opencontainers.image.stopSignal", "SIGQUIT"],
    ]);
    expect([hostname, linux.resources.memory]).toEqual([undefined, undefined]);
  });

  testWith(["chroot"], "is changed by a template, which wins", async () => {
    const template = Buffer.from(
      JSON.stringify({
        hostname: "box",
        process: { args: ["/bin/env"], user: { additionalGids: null } },
        annotations: null,
      }),
    );
    await made("template", { template, workload: { cmd: ["never"] }, rootfs: undefined });
    const { hostname, process: task, annotations } = configIn("template");
    expect([hostname, task.args, task.user, annotations]).toEqual([
      "box",
      ["/bin/env"],
      { uid: 1000, gid: 1001 },
      undefined,
    ]);
  });

  testWith(["runc", "busybox"], "may be all that runc spec writes", async () => {
    mkdirSync(scratch("spec"), { recursive: true });
    runOk("runc", ["spec", "--bundle", scratch("spec")]);
    await made("as-spec", { template: readFileSync(scratch("spec/config.json")) });
    expect(configIn("as-spec").process).toMatchObject({
      args: ["sh"],
      terminal: true,
      noNewPrivileges: true,
    });
  });

  testWith(["chroot"], "is not written where runtimes would refuse it", async () => {
    for (const [template, message] of [
      ['{"process": {"cwd": "here"}}', '/process/cwd "here" is relative'],
      ['{"ociVersion": 1}', "/ociVersion is number, not string"],
      ['{"linux": {"namespaces": [{"type": "uts"}, {"type": "uts"}]}}', "uts is there twice"],
      ["[]", "is no object"],
      ["{", "is not JSON"],
      ['{"process": {"args": null}}', "nothing is to be run"],
      [`${'{"a":'.repeat(600)}1${"}".repeat(600)}`, "in one another"],
    ] as const) {
      await expectError(() => made("refused", { template: Buffer.from(template) }), "E_USAGE", message);
      expect(existsSync(scratch("refused"))).toBe(false);
    }
  });

  testWith(["chroot"], "needs a command, and a user who is there", async () => {
    const source = `oci:${scratch("no-command")}`;
    await expectError(() => made("none", { source }), "E_USAGE", "names no command");
    const workload = { cmd: ["/x"], user: "somebody" };
    await expectError(() => made("none", { source, workload }), "E_USAGE", "no user 'somebody'");
    const { warnings } = await made("odd", { source, workload: { cmd: ["/y"] } });
    expect(warnings).toEqual(['config.json: /process/args/0 "/y" is not in the root filesystem']);
  });
});

describe("bundle create", () => {
  testWith(["chroot"], "tells what it has made, also as JSON", async () => {
    const args = ["bundle", "create", `oci:${richLayout()}`, "--out", scratch("told"), "--force", "-q"];
    const environment = { env: { PATH: process.env["PATH"] } };
    const text = await runWith(args.slice(0, -1), {}, environment);
    expect([text.code, text.stdout]).toEqual([0, expect.stringContaining(`Bundle    ${scratch("told")}\n`)]);
    expect(text.stdout).toContain(
      "Runs      /bin/sh -c 'id; pwd; echo \"$GREETING\"; exit 5' as 1000:1001 in /srv/made\n",
    );
    const template = scratch("template.json");
    writeFileSync(template, '{"hostname": "box"}');
    const more = [
      "--config",
      template,
      "--memory",
      "1M",
      "--cpus",
      "0.5",
      "--pids",
      "7",
      "--terminal",
      "--read-only",
    ];
    const { stdout } = await runWith([...args, ...more, "--format", "json"], {}, environment);
    const { bundle, rootfs, config, image, extraction, warnings, runtime } = JSON.parse(stdout);
    expect([bundle, rootfs, config]).toEqual([
      scratch("told"),
      scratch("told/rootfs"),
      scratch("told/config.json"),
    ]);
    expect([image.source.kind, extraction.leftOut, warnings]).toEqual(["oci-layout", [], []]);
    expect(runtime).toEqual(configIn("told"));
    expect(runtime).toMatchObject({
      hostname: "box",
      root: { readonly: true },
      process: { terminal: true },
      linux: {
        resources: {
          memory: { limit: 1 << 20 },
          cpu: { quota: 50_000, period: 100_000 },
          pids: { limit: 7 },
        },
      },
    });
  });

  testWith(["chroot", "tar"], "takes an archive that comes as a stream", async () => {
    runOk("tar", ["-C", richLayout(), "-cf", scratch("rich.tar"), "."]);
    const bytes = readFileSync(scratch("rich.tar"));
    await made("from-stream", { source: { kind: "stream", bytes } });
    await made("from-folder");
    expect(configIn("from-stream")).toEqual(configIn("from-folder"));
    const views = ["from-stream", "from-folder"].map((out) => scratch(out, "rootfs"));
    expect(differences(...filesOf(views[0] ?? "", views[1] ?? ""))).toEqual([]);
    expect(readdirSync(scratch("from-stream")).sort()).toEqual(["config.json", "rootfs"]);
  });

  testWith(["chroot"], "takes files without an image as a stream that comes once", async () => {
    const bytes = tar([{ path: "app", mode: 0o755, data: staticElf(ARCHITECTURE, "hello") }]);
    async function* pieces() {
      yield bytes;
    }
    const { image, warnings } = await createBundle({
      source: { kind: "rootfs-tar", bytes: pieces() },
      out: scratch("flat"),
      workload: { cmd: ["/app"] },
    });
    expect(warnings).toEqual([]);
    expect(image?.platform).toBe(`linux/${ARCHITECTURE}`);
    expect(image?.digest).toMatch(/^sha256:/);
    expect(readdirSync(scratch("flat/rootfs"))).toEqual(["app"]);
  });

  testWith(["chroot"], "refuses a folder in which the bundle would come to lie", async () => {
    const folder = scratch("files");
    mkdirSync(join(folder, "bin"), { recursive: true });
    const [source, workload] = [`dir:${folder}`, { cmd: ["/bin/sh"] }];
    for (const out of [folder, join(folder, "bundle")]) {
      await expectError(() => createBundle({ source, out, workload }), "E_USAGE", "folder that is read");
    }
    expect(readdirSync(folder)).toEqual(["bin"]);
  });
});

describe("a bundle is there whole or not at all", () => {
  testWith(["chroot"], "over another, with force alone", async () => {
    await made("whole");
    writeFileSync(scratch("whole/rootfs/mine"), "mine");
    await expectError(() => made("whole"), "E_OUTPUT_EXISTS", "rootfs exists already");
    await made("whole", { force: true });
    expect(existsSync(scratch("whole/rootfs/mine"))).toBe(false);
    expect(readdirSync(scratch("whole")).sort()).toEqual(["config.json", "rootfs"]);
  });

  testWith(["chroot"], "and the old one is still there after a failure, with nothing beside it", async () => {
    await made("kept");
    const [before] = filesOf(scratch("kept"), scratch("kept"));
    const broken = scratch("broken");
    buildLayout(broken, {
      layers: [tar([{ path: "x", data: "x" }])],
      platform: PLATFORM,
      diffIds: [`sha256:${"0".repeat(64)}`],
    });
    await expectError(() => made("kept", { source: `oci:${broken}`, force: true }), "E_DIFF_ID_MISMATCH", "");
    await expectError(() => made("kept", { force: true, workload: { user: "nobody-there" } }), "E_USAGE", "");
    const controller = new AbortController();
    const stopped = made("kept", {
      force: true,
      signal: controller.signal,
      onProgress: ({ type }) => type === "layer-done" && controller.abort(),
    });
    await expectError(() => stopped, "E_INTERRUPTED", "");
    const [after] = filesOf(scratch("kept"), scratch("kept"));
    expect(differences(after, before)).toEqual([]);
  });

  testWith(["chroot"], "also where the process is killed", async () => {
    const out = scratch("killed");
    const script = [
      `import { createBundle } from ${JSON.stringify(join(import.meta.dir, "../../src/index.ts"))};`,
      `const onProgress = ({ type }) => type === "layer-done" && process.kill(process.pid, "SIGKILL");`,
      `await createBundle({ source: ${JSON.stringify(`oci:${richLayout()}`)}, out: ${JSON.stringify(out)}, onProgress });`,
    ].join("\n");
    writeFileSync(scratch("killed.ts"), script);
    run(process.execPath, ["--no-env-file", scratch("killed.ts")]);
    expect(readdirSync(out).every((name) => name.startsWith(".docker2vm-"))).toBe(true);
    await made("killed");
    expect(readdirSync(out).sort()).toEqual(["config.json", "rootfs"]);
  });
});
