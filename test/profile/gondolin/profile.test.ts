/** Images made bootable for Gondolin: what is added to them, and what is not. */
import { describe, expect, test } from "bun:test";
import type { ExecutionParameters } from "../../../src/oci/config.ts";
import { openGondolinProfile } from "../../../src/profile/gondolin/gondolin.ts";
import type { Injection } from "../../../src/profile/profile.ts";
import type { Directory } from "../../../src/tree/inode.ts";
import { expectError } from "../../support/expect-error.ts";
import { run, testWith } from "../../support/oracles.ts";
import { scratchFolder } from "../../support/scratch.ts";
import { type Files, folder, link, program, sameAs, type TestImage, testImage } from "../trees.ts";
import {
  BASE,
  BUSYBOX,
  INIT,
  KMOD,
  LIBZ,
  LIBZSTD,
  LOADER,
  MANIFEST,
  MUSL,
  VERSION,
  writeBase,
} from "./bases.ts";
import { elf } from "./elf-maker.ts";

const scratch = scratchFolder();
const HOME = "/usr/lib/docker2vm/gondolin";
const PLATFORM = { os: "linux", architecture: "amd64" };
const bases = new Map<Files, string>();

interface Made extends TestImage {
  readonly injection: Injection;
}

interface Case {
  readonly mode?: "rootfs" | "assets";
  readonly base?: Files;
  readonly runtime?: Partial<ExecutionParameters>;
}

function folderOf(base: Files): string {
  const known = bases.get(base);
  if (known !== undefined) return known;
  const path = writeBase(scratch(`base-${bases.size}`), { files: base, manifest: MANIFEST });
  bases.set(base, path);
  return path;
}

async function inject(
  files: Files,
  { mode = "rootfs", base = BASE, runtime = {} }: Case = {},
): Promise<Made> {
  const made = testImage(files, runtime);
  const options = { mode, platform: PLATFORM, environment: {}, cwd: scratch(), home: scratch() };
  const profile = await openGondolinProfile({ ...options, guestAssets: folderOf(base) });
  try {
    return { ...made, injection: await profile.inject(made.image) };
  } finally {
    profile.close();
  }
}

/** Everything that Gondolin's contract asks of an image; nothing of it is to be added. */
const COMPLETE: Files = Object.fromEntries(
  [
    "sh",
    "mkdir",
    "mount",
    "cat",
    "basename",
    "printf",
    "tr",
    "mknod",
    "chmod",
    "ln",
    "grep",
    "seq",
    "sleep",
    "cp",
  ]
    .concat(["ls", "stat", "mv", "rm", "sync", "ip", "udhcpc", "head", "cut"])
    .map((name) => [`/bin/${name}`, program(`the image's ${name}`)]),
);

for (const mode of ["rootfs", "assets"] as const) {
  describe(`mode ${mode}`, () => {
    test("an image without anything gets what it needs to boot", async () => {
      const { list, injection, text, inode } = await inject({}, { mode });
      const all = list();
      expect(Object.keys(all).sort()).toEqual([...injection.paths]);
      expect(all).toMatchObject({
        "/init": "755",
        "/usr/bin/sandboxd": "755",
        "/usr/bin/sandboxfs": "755",
        "/usr/bin/sandboxssh": "755",
        "/bin/sh": `-> ${HOME}/bin/busybox`,
        "/bin/ls": `-> ${HOME}/bin/busybox`,
        "/usr/bin/seq": `-> ${HOME}/bin/busybox`,
        [`${HOME}/bin/busybox`]: "755",
        [LOADER]: "755",
        [`/lib/modules/${VERSION}/kernel/fs/xfs/xfs.ko.gz`]: "644",
        [`/lib/modules/${VERSION}/build`]: "-> /nowhere",
        "/etc/profile.d/gondolin-image-env.sh": "644",
        "/usr/lib/docker2vm/run": "755",
      });
      expect(all).not.toHaveProperty("/usr/bin/sandboxingress");
      expect(all).not.toHaveProperty("/lib/libc.musl-x86_64.so.1");
      expect(await text(`${HOME}/bin/busybox`)).toBe(BUSYBOX.toString("latin1"));
      expect(await text(LOADER)).toBe(MUSL.toString("latin1"));
      expect(inode("/usr/bin/sandboxd")?.metadata).toMatchObject({ uid: 0, gid: 0, xattrs: [] });
    });

    test("it has the folders that a read-only root filesystem needs", async () => {
      const { list } = await inject({}, { mode });
      expect(list()).toMatchObject({
        "/proc": "directory 755",
        "/sys": "directory 755",
        "/dev": "directory 755",
        "/run": "directory 755",
        "/tmp": "directory 1777",
        "/var/tmp": "directory 1777",
        "/var/cache": "directory 755",
        "/var/log": "directory 755",
        "/root": "directory 700",
        "/home": "directory 755",
        "/data": "directory 755",
        "/etc/gondolin": "directory 755",
      });
    });

    test("it has the console that /init speaks on before /dev is mounted, unless something else is there", async () => {
      const { inode, injection } = await inject({}, { mode });
      expect(inode("/dev/console")).toMatchObject({
        type: "char",
        major: 5,
        minor: 1,
        metadata: { mode: 0o600 },
      });
      expect(injection.paths).toContain("/dev/console");

      const other = await inject({ "/dev/console": "what docker export leaves there" }, { mode });
      expect(other.inode("/dev/console")).toMatchObject({ type: "file" });
      expect(other.injection.paths).not.toContain("/dev/console");
    });

    test("an image with all commands keeps every one and gets none", async () => {
      const { text, injection } = await inject({ ...COMPLETE, "/sbin/udhcpc.script": program() }, { mode });
      expect(await text("/bin/sh")).toBe("the image's sh");
      const brought = injection.paths.filter((path) => path.startsWith("/bin/") || path.includes("busybox"));
      expect(brought).toEqual([]);
      expect(injection.paths.some((path) => path.includes("udhcpc"))).toBe(false);
    });

    test("the same image and base give the same addition, another image or base another", async () => {
      const one = await inject({ "/a": "1" }, { mode });
      expect((await inject({ "/a": "1" }, { mode })).injection).toEqual(one.injection);
      const other = await inject({ "/a": "1" }, { mode, runtime: { Env: ["A=1"] } });
      expect(other.injection.digest).not.toBe(one.injection.digest);
      const base = { ...BASE, "/usr/bin/sandboxd": program(elf({ runPath: "/newer" })) };
      expect((await inject({ "/a": "1" }, { mode, base })).injection.digest).not.toBe(one.injection.digest);
    });

    test("it says of the base what tells it from others, and nothing of this machine", async () => {
      const { injection } = await inject({}, { mode });
      expect(injection.metadata).toEqual({
        mode,
        base: { arch: "x86_64", buildId: MANIFEST.buildId, checksums: MANIFEST.checksums },
      });
    });
  });
}

describe("/init", () => {
  test("in assets mode it is the base's, reading the image's environment before it starts sandboxd", async () => {
    const { text } = await inject({}, { mode: "assets" });
    const script = await text("/init");
    const [before = "", after] = INIT.split("\nexec ");
    expect(script).toStartWith(before);
    expect(script).toEndWith(`\nexec ${after}`);
    expect(script).toContain(". /etc/profile.d/gondolin-image-env.sh");
  });

  test("in rootfs mode it loads the kernel modules first, with the base's own modprobe", async () => {
    const { text, list } = await inject({});
    const script = await text("/init");
    const lib = `${HOME}/modprobe/lib`;
    expect(script).toContain("for module in virtio_console virtio-net fuse af_packet;");
    expect(script).toContain(
      `${lib}/ld-musl-x86_64.so.1 --library-path ${lib} ${HOME}/modprobe/modprobe -q "$module"`,
    );
    expect(script).toContain(`exec ${HOME}/init "$@"`);
    expect(script).not.toContain("/dev/null");
    expect(await text(`${HOME}/init`)).toContain("exec /usr/bin/sandboxd");
    const own = Object.keys(list()).filter((path) => path.startsWith(`${HOME}/modprobe/`));
    expect(own.sort()).toEqual(
      [
        lib,
        `${HOME}/modprobe/modprobe`,
        ...["ld-musl-x86_64.so.1", "libz.so.1", "libzstd.so.1"].map((name) => `${lib}/${name}`),
      ].sort(),
    );
    expect(await text(`${HOME}/modprobe/modprobe`)).toBe(KMOD.toString("latin1"));
    expect(await text(`${lib}/libz.so.1`)).toBe(LIBZ.toString("latin1"));
    expect(await text(`${lib}/libzstd.so.1`)).toBe(LIBZSTD.toString("latin1"));
  });

  test("a static modprobe is run directly", async () => {
    const { text, list } = await inject(
      {},
      { base: { ...BASE, "/bin/kmod": program(elf({ runPath: "/static" })) } },
    );
    expect(await text("/init")).toContain(`\n  ${HOME}/modprobe/modprobe -q "$module"`);
    expect(list()).not.toHaveProperty(`${HOME}/modprobe/lib`);
  });

  test("without a modprobe in the base there is nothing to load, and it is the base's", async () => {
    const { "/sbin/modprobe": _, ...base } = BASE;
    expect(await (await inject({}, { base })).text("/init")).toStartWith(INIT.split("\nexec ")[0] ?? "");
  });

  test("one that reads the environment by itself is taken as it is", async () => {
    const init = INIT.replace("exec", ". /etc/profile.d/gondolin-image-env.sh\nexec");
    const { text } = await inject({}, { mode: "assets", base: { ...BASE, "/init": program(init) } });
    expect(await text("/init")).toBe(init);
  });

  test("one that ends otherwise is taken as it is, with a warning", async () => {
    const init = "#!/bin/sh\nexec /opt/sandboxd\n";
    const { text, warnings } = await inject(
      {},
      { mode: "assets", base: { ...BASE, "/init": program(init) } },
    );
    expect(await text("/init")).toBe(init);
    expect(warnings).toEqual([expect.stringContaining("only login shells")]);
  });

  test("a workload whose files the guest's init will hide is warned of", async () => {
    const files = { "/root/app/main": "x", "/var/run": link("/run"), "/run/tool": "y", "/tmp": folder() };
    const hidden = async (runtime: Partial<ExecutionParameters>) =>
      (await inject(files, { mode: "assets", runtime })).warnings.map((warning) => warning.split(": ")[1]);
    const WorkingDir = "/root/app";
    const what = "the guest will not have what is in the image at ";
    expect(await hidden({ WorkingDir, Cmd: ["cat", "/root/app/main", "/var/run/tool"] })).toEqual([
      `${what}/root/app`,
      `${what}/root/app/main`,
      `${what}/run/tool`,
    ]);
    expect(await hidden({ WorkingDir: "/tmp", Entrypoint: ["/root/none", "/bin", "/rootless"] })).toEqual([]);
  });

  test("variables that cannot be set are warned of once, and one that no shell can set reaches the workload", async () => {
    const { text, warnings } = await inject({}, { runtime: { Env: ["BAD", "=x", "my.name=1", "A=1"] } });
    expect(warnings).toEqual([
      `the image's Env has an entry that is no NAME=VALUE, left out: "BAD"`,
      `the image's Env has an entry that is no NAME=VALUE, left out: "=x"`,
      expect.stringContaining(`"my.name" reaches its workload, but no other command`),
    ]);
    expect(await text("/usr/lib/docker2vm/run")).toContain("'my.name=1'");
  });

  test("an image with another one is refused with advice, as is everything else in the way, at once", async () => {
    const files = { "/init": program("s6"), "/usr/bin/sandboxd": program("odd"), "/data": "a file" };
    await expectError(
      inject(files),
      "E_PROFILE_CONFLICT",
      "/init: ",
      "/usr/bin/sandboxd: ",
      "/data: ",
      "Gondolin starts a guest with its own /init",
    );
  });

  for (const shell of ["dash", "bash", "busybox"] as const) {
    testWith([shell], `both scripts are good ${shell} and pass every argument on`, async () => {
      const { text } = await inject({});
      const applet = shell === "busybox" ? ["sh"] : [];
      expect(run(shell, [...applet, "-n"], { input: await text(`${HOME}/init`) }).status).toBe(0);
      const script = (await text("/init"))
        .replace(/^ {2}\S*ld-musl.*$/m, '  [ "$module" != fuse ] && echo "$module"')
        .replace(/^exec .*$/m, 'echo then "$@"');
      const said = run(shell, [...applet, "-s", "a b", "c"], { input: script });
      expect(said.stdout).toBe("virtio_console\nvirtio-net\naf_packet\nthen a b c\n");
    });
  }
});

describe("commands", () => {
  test("only those that the image lacks are brought, the program once", async () => {
    const { "/bin/sh": _, "/bin/grep": __, ...files } = COMPLETE;
    const { list, injection } = await inject(files);
    const brought = injection.paths.filter((path) => list()[path]?.startsWith("-> /usr/lib/docker2vm"));
    expect(brought).toEqual(["/bin/grep", "/bin/sh"]);
    expect(injection.paths).toContain(`${HOME}/bin/busybox`);
  });

  test("symlinks of the image lead to its commands, through merged folders too", async () => {
    const merged = Object.fromEntries(Object.entries(COMPLETE).map(([path, made]) => [`/usr${path}`, made]));
    const { list, injection } = await inject({
      ...merged,
      "/bin": link("usr/bin"),
      "/lib": link("/usr/lib"),
    });
    expect(injection.paths.some((path) => path.includes("busybox"))).toBe(false);
    expect(list()).toHaveProperty([`/usr/lib/modules/${VERSION}/modules.dep`]);
    expect(list()["/bin"]).toBe("-> usr/bin");
  });

  test("sh and ls must be in /bin: an image with its own elsewhere gets symlinks to those", async () => {
    const { "/bin/sh": sh, "/bin/ls": ls, ...files } = COMPLETE;
    const { list } = await inject({ ...files, "/usr/bin/sh": sh ?? "", "/sbin/ls": ls ?? "" });
    expect(list()).toMatchObject({ "/bin/sh": "-> /usr/bin/sh", "/bin/ls": "-> /sbin/ls" });
  });

  test("what is no program is no command: it stays, and the base's cannot take its place", async () => {
    await expectError(
      inject({ "/bin/grep": "not executable", "/bin/sh": link("/nowhere") }),
      "E_PROFILE_CONFLICT",
      "/bin/grep: ",
      "/bin/sh: ",
    );
    const { list } = await inject({ "/bin/head": folder() });
    expect(list()["/usr/bin/head"]).toBe(`-> ${HOME}/bin/busybox`);
  });

  test("an image with its own loader keeps it", async () => {
    const { text } = await inject({ [LOADER]: program("older musl") });
    expect(await text(LOADER)).toBe("older musl");
  });

  test("programs of other distributions bring their loader and libraries, at the paths they are looked for", async () => {
    const loader = "/lib64/ld-linux-x86-64.so.2";
    const grep = elf({
      interpreter: loader,
      needed: ["libc.so.6", "libpcre2-8.so.0"],
      runPath: "$ORIGIN/../private",
    });
    const base: Files = {
      ...BASE,
      "/usr/lib/x86_64-linux-gnu/ld-2.41.so": program(elf({ runPath: "/ld" })),
      "/lib64/ld-linux-x86-64.so.2": link("/usr/lib/x86_64-linux-gnu/ld-2.41.so"),
      "/lib/libc.so.6": elf({ machine: 3 }),
      "/lib/x86_64-linux-gnu/libc.so.6": elf({ needed: ["ld-linux-x86-64.so.2"], runPath: "/lib64" }),
      "/usr/private/libpcre2-8.so.0": elf({ runPath: "/pcre" }),
      "/usr/bin/grep": program(grep),
    };
    const { list } = await inject({}, { base });
    expect(list()).toMatchObject({
      "/usr/bin/grep": `-> ${HOME}/usr/bin/grep`,
      [`${HOME}/usr/bin/grep`]: "755",
      [loader]: "755",
      "/lib/x86_64-linux-gnu/libc.so.6": "644",
      "/usr/private/libpcre2-8.so.0": "644",
    });
    expect(list()).not.toHaveProperty("/lib/libc.so.6");
  });

  test("a script of the base goes to its own path", async () => {
    const base = { ...BASE, "/usr/bin/seq": program("#!/bin/sh\n") };
    expect((await inject({}, { base })).list()["/usr/bin/seq"]).toBe("755");
  });

  test("hard links of the base are one file", async () => {
    const base = { ...BASE, "/usr/bin/sandboxfs": sameAs("/usr/bin/sandboxd") };
    const { inode } = await inject({}, { base });
    expect(inode("/usr/bin/sandboxfs")).toBe(inode("/usr/bin/sandboxd"));
    expect(inode("/bin/sync")?.type).toBe("symlink");
  });

  test("what neither has is named with its users", async () => {
    const { "/bin/grep": _, "/usr/bin/seq": __, ...base } = BASE;
    await expectError(inject({}, { base }), "E_UNSUPPORTED", "grep (for /init", "seq (for ");
  });

  test("a library that the base lacks is named with its user", async () => {
    const { "/usr/lib/libz.so.1": _, ...base } = BASE;
    await expectError(inject({}, { base }), "E_UNSUPPORTED", "libz.so.1");
  });

  test("the network's are brought only where no initramfs sets it up", async () => {
    const rootfs = (await inject({})).list();
    expect(rootfs).toMatchObject({
      "/sbin/ip": `-> ${HOME}/bin/busybox`,
      "/usr/share/udhcpc/default.script": "755",
    });
    const assets = (await inject({}, { mode: "assets" })).list();
    expect(Object.keys(assets).filter((path) => /udhcpc|\/ip$/.test(path))).toEqual([]);
  });
});

test("of udhcpc's scripts the first that can be run is brought", async () => {
  const base = { ...BASE, "/usr/share/udhcpc/default.script": "plain", "/sbin/udhcpc.script": program() };
  const { list } = await inject({}, { base });
  expect(list()).toHaveProperty(["/sbin/udhcpc.script"]);
  expect(list()).not.toHaveProperty(["/usr/share/udhcpc/default.script"]);
});

test("modules that the image has are kept where they are the same, and refused where not", async () => {
  const path = `/lib/modules/${VERSION}/kernel/fs/xfs/xfs.ko.gz`;
  const { injection } = await inject({ [path]: "xfs" });
  expect(injection.paths).not.toContain(path);
  await expectError(inject({ [path]: "patched" }), "E_PROFILE_CONFLICT", path);
});

test("every added path is in the tree, folders and all", async () => {
  const { injection, image } = await inject({ "/lib": link("usr/lib"), "/usr/lib/a": "" });
  const paths = new Set<string>();
  const walk = (directory: Directory, at: string): void => {
    for (const [name, inode] of directory.entries) {
      paths.add(`${at}/${name}`);
      if (inode.type === "directory") walk(inode, `${at}/${name}`);
    }
  };
  walk(image.root, "");
  expect(
    [...paths].filter((path) => !["/lib", "/usr", "/usr/lib", "/usr/lib/a"].includes(path)).sort(),
  ).toEqual([...injection.paths]);
});
