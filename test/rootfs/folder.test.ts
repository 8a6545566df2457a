/** Root filesystems in a folder: everything comes along, the same each time, or it is an error. */
import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { convert } from "../../src/convert/convert.ts";
import { planConversion } from "../../src/convert/dry-run.ts";
import type { ConvertOptions } from "../../src/convert/options.ts";
import type { ProgressEvent } from "../../src/convert/progress.ts";
import { FILESYSTEM_NAMES } from "../../src/filesystem/kind/kind.ts";
import { getfattrSource, xattrSource } from "../../src/rootfs/host-xattrs.ts";
import { idMaps } from "../../src/rootfs/ownership.ts";
import type { FolderSource } from "../../src/source/source.ts";
import { runWith } from "../cli/fake-host.ts";
import { buildBase } from "../edits/base.ts";
import { expectError } from "../support/expect-error.ts";
import { differences, type KernelView, kernelView, withMounted } from "../support/kernel-view.ts";
import { type Oracle, run, runOk, testWith } from "../support/oracles.ts";
import { REPOSITORY } from "../support/package.ts";
import { randomStack } from "../support/random-stack.ts";
import { scratchFolder } from "../support/scratch.ts";
import { tar } from "../support/tar-builder.ts";
import { programFor } from "./programs.ts";

const scratch = scratchFolder();
const ORACLES: readonly Oracle[] = ["getfattr", "setfattr", "setfacl", "loop mount"];
const RANDOM_FOLDERS = 10;

async function made(source: FolderSource | string, more: Partial<ConvertOptions> = {}) {
  const result = await convert({ source, out: scratch("out"), force: true, ...more });
  return { ...result, digest: createHash("sha256").update(readFileSync(result.rootfsPath)).digest("hex") };
}

function viewOf(rootfs: string): KernelView {
  return withMounted(rootfs, "ro", kernelView);
}

/** A folder with a file of every kind; needs root. */
function everything(folder: string): string {
  mkdirSync(join(folder, "d/deep"), { recursive: true });
  const name = Buffer.concat([Buffer.from(`${folder}/d/`), Buffer.from("\xff\xfe\n=", "latin1")]);
  writeFileSync(name, "odd");
  writeFileSync(join(folder, "d/app"), programFor("amd64"));
  chmodSync(join(folder, "d/app"), 0o4711);
  linkSync(join(folder, "d/app"), join(folder, "app"));
  linkSync(join(folder, "d/app"), join(folder, "z"));
  symlinkSync("../d/app", join(folder, "d/deep/link"));
  linkSync(join(folder, "d/deep/link"), join(folder, "d/link"));
  writeFileSync(join(folder, ".wh.d"), "a name like others");
  writeFileSync(join(folder, "large"), Buffer.alloc(3_000_000, "some text"));
  writeFileSync(join(folder, "sparse"), "start");
  truncateSync(join(folder, "sparse"), 20_000_000);
  appendFileSync(join(folder, "sparse"), "end");
  truncateSync(join(folder, "sparse"), 30_000_001);
  chownSync(join(folder, "large"), 100_005, 70_000);
  runOk("bash", [
    "-ec",
    `cd "$1"; mknod null c 1 3; mknod d/block b 259 70000; mkfifo pipe
     setfattr -n user.text -v "some text" large; setfattr -n user.empty d; setfattr -n trusted.own -v 0x000102 d/deep
     setfattr -n "user.a=b\\\\c" -v 0xff00 large; setfacl -m u:5:rw,d:u:7:rx d
     setfattr -n security.capability -v 0x0100000200200000000000000000000000000000 d/app
     setfattr -h -n trusted.link -v 0x01 d/deep/link
     touch -d "1960-01-02 03:04:05.123456789" pipe; touch -h -d "2040-01-01 00:00:00.000000001" d/deep/link
     touch -d "2001-01-01" d; chmod 2750 d/deep`,
    "-",
    folder,
  ]);
  return folder;
}

describe("a folder becomes an image", () => {
  for (const type of FILESYSTEM_NAMES) {
    testWith(ORACLES, `of ${type}, in which the kernel shows what the folder has`, async () => {
      const folder = everything(scratch(`all-${type}`));
      const { rootfsPath, metadata } = await made(`dir:${folder}`, { filesystem: { type } });
      expect(differences(viewOf(rootfsPath), kernelView(folder))).toEqual([]);
      expect(metadata).toMatchObject({
        source: { kind: "dir", reference: `dir:${folder}` },
        platform: "linux/amd64",
        layers: [],
      });
    });
  }

  testWith(
    [...ORACLES, "tar"],
    `of ${RANDOM_FOLDERS} at random, with the digest that a tar of them has`,
    async () => {
      let number = 0;
      const property = fc.asyncProperty(randomStack(), async ([items = []]) => {
        const bytes = tar(items);
        const folder = scratch(`random${number++}`);
        mkdirSync(folder);
        writeFileSync(scratch("random.tar"), bytes);
        // Else it makes some symlinks last, or files in folders that it has done with, and those lose their time.
        runOk("tar", [
          "-xPpf",
          scratch("random.tar"),
          "--delay-directory-restore",
          "--numeric-owner",
          "--xattrs",
          "--xattrs-include=*",
          "-C",
          folder,
        ]);
        const { rootfsPath, metadata } = await made(`dir:${folder}`);
        expect(differences(viewOf(rootfsPath), kernelView(folder))).toEqual([]);
        const ofTar = await convert({
          source: { kind: "rootfs-tar", bytes },
          out: scratch("tar"),
          force: true,
        });
        expect(metadata.sourceDigest).toBe(ofTar.metadata.sourceDigest);
      });
      await fc.assert(property, { numRuns: RANDOM_FOLDERS, endOnFailure: true });
    },
  );

  testWith(ORACLES, "of the same bytes each time, of a copy as well", async () => {
    const folder = everything(scratch("same"));
    const first = await made(`dir:${folder}`);
    runOk("cp", ["-a", folder, scratch("copy")]);
    // Reading it has left its mark by now.
    runOk("touch", ["-a", join(folder, "large")]);
    const again = await made(`dir:${folder}`, { workers: 0 });
    const ofCopy = await made(`dir:${scratch("copy")}`);
    expect([again.digest, ofCopy.digest]).toEqual([first.digest, first.digest]);
    symlinkSync(folder, scratch("link"));
    expect((await made(`dir:${scratch("link")}`)).digest).toBe(first.digest);
  });

  testWith([...ORACLES, "node"], "the same under Node, by getfattr", async () => {
    const folder = everything(scratch("node"));
    runOk(process.execPath, [
      "build",
      "--target",
      "node",
      "--packages",
      "external",
      "--outdir",
      scratch("built"),
      join(REPOSITORY, "src/cli/main.ts"),
    ]);
    symlinkSync(join(REPOSITORY, "node_modules"), scratch("node_modules"));
    writeFileSync(scratch("package.json"), '{"type":"module"}');
    for (const type of ["ext4", "erofs"] as const) {
      const { digest } = await made(`dir:${folder}`, { filesystem: { type } });
      const out = scratch(`by-node-${type}`);
      runOk("node", [scratch("built/main.js"), "convert", `dir:${folder}`, "--fs", type, "--out", out]);
      expect(
        createHash("sha256")
          .update(readFileSync(join(out, `rootfs.${type}`)))
          .digest("hex"),
      ).toBe(digest);
    }
    const none = run(
      "node",
      [scratch("built/main.js"), "convert", `dir:${folder}`, "--out", scratch("none")],
      {
        env: { PATH: "/nowhere" },
      },
    );
    expect(none).toMatchObject({ status: 7, stderr: expect.stringContaining("--no-xattrs") });
    const without = run(
      "node",
      [scratch("built/main.js"), "convert", `dir:${folder}`, "--no-xattrs", "--out", scratch("none")],
      { env: { PATH: "/nowhere" } },
    );
    expect(without.status).toBe(0);
    const lost = differences(viewOf(scratch("none/rootfs.ext4")), kernelView(folder));
    expect(lost.length).toBe(8);
    expect(lost.every((line) => line.includes(": xattrs is undefined"))).toBe(true);

    const base = buildBase(scratch("base"));
    const adding = ["convert", base, "--platform", "linux/amd64", "--add", `${folder}:/added`];
    const args = [scratch("built/main.js"), ...adding, "--add", `${join(folder, "large")}:/one`, "--force"];
    const digestOf = (): string =>
      createHash("sha256")
        .update(readFileSync(scratch("edited/rootfs.ext4")))
        .digest("hex");
    runOk("node", [...args, "--out", scratch("edited")]);
    const byNode = digestOf();
    const edits = [
      { type: "add", source: folder, path: "/added" },
      { type: "add", source: join(folder, "large"), path: "/one" },
    ] as const;
    await convert({ source: base, platform: "linux/amd64", out: scratch("edited"), force: true, edits });
    expect(digestOf()).toBe(byNode);
    const bare = run("node", [...args, "--out", scratch("bare")], { env: { PATH: "/nowhere" } });
    expect(bare).toMatchObject({ status: 0, stderr: expect.stringContaining("attributes are left out") });
  });
});

testWith(ORACLES, "extended attributes are the same by the system's calls and by getfattr", async () => {
  const folder = everything(scratch("xattrs"));
  const { signal } = new AbortController();
  const [calls, program] = [await xattrSource(folder, signal), await getfattrSource(folder, signal)];
  const sorted = (source: typeof calls, path: string) =>
    [...source.of(Buffer.from(join(folder, path)), path)].sort();
  for (const path of [".", "d", "large", "d/app", "d/deep", "d/deep/link", "null"]) {
    expect(sorted(calls, path)).toEqual(sorted(program, path));
  }
  expect(sorted(calls, "large").map(([name]) => name)).toEqual(["user.a=b\\c", "user.text"]);
});

describe("owners", () => {
  const ids = (uid: (id: number) => number) => [0, 5, 6, 99_999, 100_000, 165_535, 165_536].map(uid);

  test("stay, become one, or are mapped", () => {
    expect(ids(idMaps({}).uid)).toEqual([0, 5, 6, 99_999, 100_000, 165_535, 165_536]);
    expect(ids(idMaps({ owner: { uid: 3, gid: 4 } }).uid)).toEqual([3, 3, 3, 3, 3, 3, 3]);
    const mapUid = [
      { from: 5, to: 0 },
      { from: 100_000, to: 1, count: 65_536 },
    ];
    expect(ids(idMaps({ mapUid }).uid)).toEqual([0, 0, 6, 99_999, 1, 65_536, 165_536]);
    expect(ids(idMaps({ mapUid }).gid)).toEqual([0, 5, 6, 99_999, 100_000, 165_535, 165_536]);
  });

  testWith([...ORACLES, "getfacl"], "are mapped in access control lists and capabilities, too", async () => {
    const folder = scratch("named");
    mkdirSync(folder);
    writeFileSync(join(folder, "app"), programFor("amd64"));
    runOk("bash", [
      "-ec",
      `cd "$1"; setfacl -m u:100004:r,u:5:rw,g:100006:x app
       setfattr -n security.capability -v 0x010000030020000000000000000000000000000005000000 app`,
      "-",
      folder,
    ]);
    const ranges = [
      { from: 5, to: 0 },
      { from: 100_000, to: 1, count: 65_536 },
    ];
    const mapped: FolderSource = { kind: "dir", path: folder, mapUid: ranges, mapGid: ranges };
    const shown = async (source: FolderSource) =>
      withMounted((await made(source)).rootfsPath, "ro", (mounted) => [
        runOk("getfacl", ["-cn", "-p", join(mounted, "app")])
          .split("\n")
          .filter((line) => /:\d/.test(line)),
        runOk("getfattr", ["-n", "security.capability", "-e", "hex", join(mounted, "app")])
          .split("=")[1]
          ?.trim(),
      ]);
    expect(await shown(mapped)).toEqual([
      ["user:0:rw-", "user:5:r--", "group:7:--x"],
      "0x0100000200200000000000000000000000000000",
    ]);
    expect(await shown({ kind: "dir", path: folder, owner: { uid: 3, gid: 3 } })).toEqual([
      ["user:5:rw-", "user:100004:r--", "group:100006:--x"],
      "0x010000030020000000000000000000000000000005000000",
    ]);
  });

  test("that are none, or two at once, are refused", async () => {
    for (const ownership of [
      { owner: { uid: -1, gid: 0 } },
      { owner: { uid: 0, gid: 2 ** 32 - 1 } },
      { mapUid: [{ from: 0, to: 0, count: 0 }] },
      { mapGid: [{ from: 5, to: 2 ** 32 - 3, count: 3 }] },
      {
        mapUid: [
          { from: 0, to: 0, count: 10 },
          { from: 9, to: 20 },
        ],
      },
      { owner: { uid: 0, gid: 0 }, mapUid: [{ from: 0, to: 1 }] },
    ])
      await expectError(() => idMaps(ownership), "E_USAGE");
  });

  testWith(["chroot"], "come from the command line", async () => {
    mkdirSync(scratch("owned"));
    writeFileSync(scratch("owned/f"), "");
    chownSync(scratch("owned/f"), 100_000, 1000);
    for (const [options, owner] of [
      [[], "100000  1000"],
      [["--owner", "0:0"], "    0     0"],
      [["--map-uid", "100000:7:65536", "--map-gid", "1000:8", "--map-gid=5:6"], "    7     8"],
    ] as const) {
      const given = await runWith(["convert", `dir:${scratch("owned")}`, "--out", "x", ...options]);
      const source = given.options?.source as FolderSource | string;
      const { rootfsPath } = await made(source, { platform: "linux/amd64" });
      expect((await runWith(["ls", rootfsPath, "/f"])).stdout).toContain(` ${owner} `);
    }
  });

  test("that the command line has wrong are errors", async () => {
    for (const options of [
      ["--owner", "root"],
      ["--owner=1"],
      ["--map-uid", "1"],
      ["--map-gid", "1:2:3:4"],
      ["--map-uid=-1:0"],
    ]) {
      const { code, stderr } = await runWith(["convert", "dir:/etc", "--out", "x", ...options]);
      expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining("hint: write ") });
    }
    const { code, stderr } = await runWith(["convert", "rootfs-tar:/x", "--out", "x", "--owner", "0:0"]);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining("dir:PATH") });
  });
});

describe("a folder that changes while it is read is an error, and nothing is left", () => {
  /** Two MiB of a file have come when the change happens. */
  async function expectChange(name: string, change: (folder: string) => void, ...said: readonly string[]) {
    const folder = scratch(name);
    mkdirSync(join(folder, "d"), { recursive: true });
    writeFileSync(join(folder, "d/a"), Buffer.alloc(5_000_000, 1));
    writeFileSync(join(folder, "d/b"), "b");
    let isDone = false;
    const onProgress = (event: ProgressEvent): void => {
      if (event.type !== "files" || isDone) return;
      isDone = true;
      change(folder);
    };
    const out = scratch(`${name}-out`);
    await expectError(
      convert({ source: `dir:${folder}`, out, platform: "linux/amd64", onProgress }),
      "E_IO",
      ...said,
    );
    expect(() => readFileSync(join(out, "meta.json"))).toThrow();
  }
  const cases: readonly (readonly [what: string, change: (folder: string) => void, said: string])[] = [
    [
      "a file grows",
      (folder) => appendFileSync(join(folder, "d/a"), "more"),
      "d/a: changed while being read",
    ],
    [
      "a file shrinks",
      (folder) => truncateSync(join(folder, "d/a"), 10),
      "d/a: became shorter while being read",
    ],
    [
      "a file is written to in place",
      (folder) => writeFileSync(join(folder, "d/a"), Buffer.alloc(5_000_000, 2), { flag: "r+" }),
      "d/a: changed while being read",
    ],
    ["a file goes", (folder) => rmSync(join(folder, "d/b")), "d/b: vanished while being read"],
    ["a file comes", (folder) => writeFileSync(join(folder, "d/c"), ""), "d: changed while being read"],
    ["a folder goes", (folder) => rmSync(join(folder, "d"), { recursive: true }), "while being read"],
  ];
  for (const [number, [what, change, said]] of cases.entries()) {
    test(what, () => expectChange(`change${number}`, change, said));
  }
});

describe("what a folder holds that is not read", () => {
  testWith(["loop mount"], "is what is mounted in it, with a warning", async () => {
    mkdirSync(scratch("mounts/tmp"), { recursive: true });
    runOk("mount", ["-t", "tmpfs", "none", scratch("mounts/tmp")]);
    try {
      writeFileSync(scratch("mounts/tmp/f"), "");
      const { rootfsPath, warnings } = await made(`dir:${scratch("mounts")}`, { platform: "linux/amd64" });
      expect(warnings.join()).toContain("'tmp' is left empty: another filesystem is mounted there");
      expect((await runWith(["ls", rootfsPath, "/tmp"])).stdout).toBe("");
    } finally {
      runOk("umount", [scratch("mounts/tmp")]);
    }
  });

  testWith(["setpriv"], "is an error for who may not read it", async () => {
    const folder = scratch("private");
    mkdirSync(join(folder, "secret"), { recursive: true });
    chmodSync(join(folder, "secret"), 0o700);
    const script = `import { convert } from ${JSON.stringify(join(REPOSITORY, "src/index.ts"))};
      await convert({ source: "dir:${folder}", out: "/tmp/never", platform: "linux/amd64" }).catch((error) =>
        console.log(error.code, error.message, error.hint));`;
    runOk("chmod", ["-R", "a+rX", scratch()]);
    chmodSync(join(folder, "secret"), 0o700);
    const said = runOk("setpriv", [
      "--reuid=65534",
      "--regid=65534",
      "--clear-groups",
      process.execPath,
      "-e",
      script,
    ]);
    expect(said).toContain(`E_IO ${folder}/secret: this user may not read it`);
    expect(said).toContain("podman unshare");
  });
});

test("an output in the folder that is read is an error, by whatever way it is named", async () => {
  const folder = scratch("own");
  mkdirSync(join(folder, "below"), { recursive: true });
  symlinkSync(folder, scratch("own-link"));
  for (const out of ["own", "own/out", "own/below/out/deep", "own-link/out", "no/../own/out"]) {
    const options = { source: `dir:${folder}`, out: scratch(out) };
    await expectError(convert(options), "E_USAGE", "would lie in the folder that is read");
    await expectError(planConversion(options), "E_USAGE", "would lie in the folder that is read");
  }
  expect(readdirSync(folder)).toEqual(["below"]);
  await convert({ source: `dir:${folder}`, out: scratch("own-beside") });
});

test("what is no folder of files is an error", async () => {
  await expectError(made(`dir:${scratch("no", "such")}`), "E_IMAGE_NOT_FOUND", "no such file or folder");
  writeFileSync(scratch("a-file"), "");
  await expectError(made(`dir:${scratch("a-file")}`), "E_IMAGE_NOT_FOUND", "is no folder", "rootfs-tar:");
  await expectError(made(`dir:${join(REPOSITORY, "fixtures/images/hello")}`), "E_UNSUPPORTED", "oci:");
  await expectError(made("dir:"), "E_USAGE", "names no path");
});

describe("a file that is nothing but a hole", () => {
  const folder = (size: number): string => {
    const path = scratch(`hole-${size}`);
    mkdirSync(path);
    writeFileSync(join(path, "hole"), "");
    truncateSync(join(path, "hole"), size);
    return `dir:${path}`;
  };

  test("is too large before it is read", async () => {
    const source = folder(2 ** 41);
    await expectError(() => made(source, { filesystem: { type: "erofs" } }), "E_LIMIT", "bytes");
  });

  test("is left where the signal fires", async () => {
    const source = folder(2 ** 39);
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 100);
    const conversion = () => made(source, { filesystem: { type: "erofs" }, signal: abort.signal });
    await expectError(conversion, "E_INTERRUPTED", "interrupted");
  });
});
