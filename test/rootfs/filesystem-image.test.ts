/** Images of filesystems made anew: as another kind, of another size, with all that is in them. */
import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  closeSync,
  copyFileSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { convert } from "../../src/convert/convert.ts";
import { diffImages } from "../../src/convert/diff-images.ts";
import { planConversion } from "../../src/convert/dry-run.ts";
import type { ConvertOptions, FilesystemSettings } from "../../src/convert/options.ts";
import type { ProgressEvent } from "../../src/convert/progress.ts";
import { FILESYSTEM_NAMES, type FilesystemName } from "../../src/filesystem/kind/kind.ts";
import { runWith } from "../cli/fake-host.ts";
import { expectError } from "../support/expect-error.ts";
import { differences, type KernelView, kernelView, withMounted } from "../support/kernel-view.ts";
import { expectCleanFilesystem, type Oracle, runOk, testWith } from "../support/oracles.ts";
import { randomCases } from "../support/random-cases.ts";
import { scratchFolder } from "../support/scratch.ts";
import { type TarItem, tar } from "../support/tar-builder.ts";
import { programFor } from "./programs.ts";
import { checkRoundTrips } from "./round-trips.ts";

const scratch = scratchFolder();
const ORACLES: readonly Oracle[] = ["e2fsck", "fsck.erofs", "xfs_repair", "getfattr", "loop mount"];
const UUID = "01234567-89ab-cdef-0123-456789abcdef";

const FILES: readonly TarItem[] = [
  { path: "bin/app", mode: 0o755, data: programFor("arm64"), pax: { mtime: "1600000000.123456789" } },
  { path: "large", data: Buffer.alloc(3_000_000, "some text"), uid: 70_000 },
  { path: "bin/too", type: "hardlink", linkname: "bin/app" },
];

async function made(source: string, type: FilesystemName, more: Partial<ConvertOptions> = {}) {
  const out = scratch(`${type}-out`);
  const filesystem: FilesystemSettings = { type, ...more.filesystem };
  const result = await convert({ source, out, force: true, ...more, filesystem });
  return { ...result, digest: createHash("sha256").update(readFileSync(result.rootfsPath)).digest("hex") };
}

/** An image of the files, under a name of its own. */
async function original(name: string, filesystem: FilesystemSettings = {}): Promise<string> {
  const out = scratch(name);
  const source = { kind: "rootfs-tar", bytes: tar(FILES) } as const;
  return (await convert({ source, out, force: true, filesystem })).rootfsPath;
}

function viewOf(rootfs: string): KernelView {
  return withMounted(rootfs, "ro", kernelView);
}

testWith(ORACLES, "random trees go from ext4 to EROFS, to XFS and back, and nothing of them changes", () =>
  checkRoundTrips(randomCases("round trips", { some: 5, all: 20 }), scratch("trips")),
);

describe("an image of another program", () => {
  /** Files that every program puts into an image. */
  function folder(name: string): string {
    const path = scratch(name);
    mkdirSync(`${path}/d`, { recursive: true });
    writeFileSync(`${path}/d/text`, "some text\n".repeat(100_000));
    writeFileSync(`${path}/small`, "small");
    runOk("bash", [
      "-ec",
      'cd "$1"; ln small d/link; ln -s d/text s; setfattr -n user.a -v b small; mkfifo p',
      "-",
      path,
    ]);
    return path;
  }
  const makers = {
    "of mke2fs with small blocks": [
      "img.ext4",
      (from: string, to: string) =>
        runOk("mke2fs", ["-q", "-t", "ext4", "-b", "1024", "-d", from, to, "20M"]),
    ],
    "of mke2fs as ext2": [
      "img2.ext4",
      (from: string, to: string) => runOk("mke2fs", ["-q", "-t", "ext2", "-d", from, to, "20M"]),
    ],
    "of mkfs.erofs, compressed": [
      "img.erofs",
      (from: string, to: string) => runOk("mkfs.erofs", ["-zlz4", "--quiet", to, from]),
    ],
    "of mkfs.xfs, filled by the kernel": [
      "img.xfs",
      (from: string, to: string) => {
        runOk("truncate", ["-s", "320M", to]);
        runOk("mkfs.xfs", ["-q", to]);
        withMounted(to, "rw", (mounted) => runOk("cp", ["-a", `${from}/.`, mounted]));
      },
    ],
  } as const;
  for (const [what, [name, make]] of Object.entries(makers)) {
    testWith(
      [...ORACLES, "mke2fs", "mkfs.erofs", "mkfs.xfs", "setfattr"],
      `${what} becomes every kind`,
      async () => {
        const image = scratch(name);
        make(folder(`from-${name}`), image);
        const wanted = viewOf(image);
        expect(wanted.size).toBeGreaterThan(5);
        for (const type of FILESYSTEM_NAMES) {
          const { rootfsPath } = await made(`image:${image}`, type);
          if (type !== "xfs") expectCleanFilesystem(rootfsPath);
          expect(differences(viewOf(rootfsPath), wanted)).toEqual([]);
        }
      },
    );
  }

  testWith(
    [...ORACLES, "mke2fs"],
    "that was not unmounted is read with its journal, which is told",
    async () => {
      const image = scratch("dirty.ext4");
      runOk("mke2fs", ["-q", "-t", "ext4", image, "20M"]);
      withMounted(image, "rw", (mounted) => {
        writeFileSync(`${mounted}/new`, "what only the journal knows of");
        runOk("sync", ["-f", `${mounted}/new`]);
        copyFileSync(image, scratch("copy.ext4"));
      });
      const { rootfsPath, warnings } = await made(`image:${scratch("copy.ext4")}`, "erofs");
      expect(warnings.join()).toContain("its journal is replayed in memory");
      expect((await runWith(["cat", rootfsPath, "/new"])).stdout).toBe("what only the journal knows of");
    },
  );
});

describe("an image that is made anew", () => {
  testWith(["fsck.erofs", "e2fsck"], "and compressed keeps what files with holes hold", async () => {
    const folder = scratch("holes");
    mkdirSync(folder);
    const text = Buffer.alloc(70_000, "some text that shrinks ");
    for (const [name, at, size] of [
      ["behind", 0, 200_000],
      ["before", 131_072, 201_072],
      ["around", 2_000_000, 4_000_000],
      ["alone", 300_000, 300_000],
    ] as const) {
      const file = openSync(`${folder}/${name}`, "w");
      writeSync(file, text, 0, Math.min(text.length, size - at), at);
      ftruncateSync(file, size);
      closeSync(file);
    }
    const { rootfsPath } = await made(`dir:${folder}`, "ext4");
    for (const compress of ["none", "lz4"] as const) {
      const again = await made(`image:${rootfsPath}`, "erofs", { filesystem: { compress } });
      expectCleanFilesystem(again.rootfsPath);
      const found = await diffImages({ before: `dir:${folder}`, after: `image:${again.rootfsPath}` });
      expect(found.map(({ path, fields }) => [path, fields])).toEqual([]);
    }
  });

  test("keeps its UUID, label and time, and has the same bytes each time", async () => {
    const image = await original("kept", { uuid: UUID, label: "mine" });
    for (const type of FILESYSTEM_NAMES) {
      const { digest, metadata } = await made(`image:${image}`, type);
      expect(metadata.filesystem).toMatchObject({ type, uuid: UUID, label: "mine" });
      expect(metadata).toMatchObject({ platform: "linux/arm64", source: { kind: "image" }, layers: [] });
      expect((await made(`image:${image}`, type, { workers: 0 })).digest).toBe(digest);
    }
    const plan = await planConversion({ source: `image:${image}`, out: scratch("plan") });
    expect(plan).toMatchObject({
      sourceDigest: null,
      platform: "linux/arm64",
      filesystem: { uuid: UUID, label: "mine" },
    });
  });

  test("has those that are asked for, and none that do not fit", async () => {
    const image = await original("named", { label: "more than twelve" });
    const { metadata } = await made(`image:${image}`, "xfs", { filesystem: { uuid: UUID, label: "fits" } });
    expect(metadata.filesystem).toMatchObject({ uuid: UUID, label: "fits" });
    await expectError(made(`image:${image}`, "xfs"), "E_USAGE", "more than twelve", "--label");
  });

  test("is the same as before where nothing is asked to be other", async () => {
    const image = await original("again", { uuid: UUID });
    const digest = createHash("sha256").update(readFileSync(image)).digest("hex");
    expect((await made(`image:${image}`, "ext4")).digest).toBe(digest);
  });

  test("grows and shrinks", async () => {
    const image = await original("sized", { size: 2 ** 27 });
    for (const size of [2 ** 28, 2 ** 26]) {
      const { metadata, apparentBytes } = await made(`image:${image}`, "ext4", { filesystem: { size } });
      expect(apparentBytes).toBe(size);
      expect(metadata.filesystem.blocks).toBe(size / 4096);
    }
    await expectError(made(`image:${image}`, "ext4", { filesystem: { size: 2 ** 20 } }), "E_SIZE_TOO_SMALL");
  });

  test("keeps files in lost+found, and none that is empty", async () => {
    const image = await original("lost");
    const { rootfsPath } = await made(`image:${image}`, "erofs");
    expect((await runWith(["ls", rootfsPath])).stdout).not.toContain("lost+found");
    const source = { kind: "rootfs-tar", bytes: tar([{ path: "lost+found/#12", data: "found" }]) } as const;
    const found = await convert({ source, out: scratch("found"), force: true });
    const { rootfsPath: again } = await made(`image:${found.rootfsPath}`, "erofs");
    expect((await runWith(["cat", again, "/lost+found/#12"])).stdout).toBe("found");
  });

  test("keeps holes, however large", async () => {
    const pax = {
      "GNU.sparse.major": "1",
      "GNU.sparse.minor": "0",
      "GNU.sparse.realsize": "8000000000000",
      "GNU.sparse.name": "vast",
    };
    const map = Buffer.alloc(512);
    map.write("1\n4096000000000\n4096\n");
    const bytes = tar([{ path: "vast", data: Buffer.concat([map, Buffer.alloc(4096, "data")]), pax }]);
    const { rootfsPath } = await convert({
      source: { kind: "rootfs-tar", bytes },
      out: scratch("vast"),
      force: true,
    });
    let image = rootfsPath;
    for (const type of ["erofs", "xfs", "ext4"] as const) {
      const { rootfsPath: next, metadata } = await convert({
        source: `image:${image}`,
        out: scratch(`vast-${type}`),
        force: true,
        filesystem: { type, size: type === "erofs" ? undefined : "min" },
      });
      expect(metadata.filesystem.blocks).toBeLessThan(2 ** 20);
      image = next;
    }
    expect((await runWith(["ls", image, "/vast"])).stdout).toContain(" 8000000000000 ");
  });
});

describe("what is no image of a filesystem is an error, and nothing is left", () => {
  test("another file, a folder, nothing", async () => {
    writeFileSync(scratch("text"), "root:x:0:0\n".repeat(1000));
    await expectError(made(`image:${scratch("text")}`, "ext4"), "E_INVALID_FILESYSTEM", scratch("text"));
    await expectError(made(`image:${scratch()}`, "ext4"), "E_UNSUPPORTED", "not a regular file");
    await expectError(made(`image:${scratch("none")}`, "ext4"), "E_IMAGE_NOT_FOUND", "no such file");
  });

  test("one that is broken", async () => {
    const image = await original("broken", { type: "erofs" });
    const bytes = readFileSync(image);
    // The nid of the root.
    bytes.writeUInt16LE(0xffff, 1024 + 14);
    writeFileSync(image, bytes);
    await expectError(made(`image:${image}`, "ext4"), "E_INVALID_FILESYSTEM", image);
  });

  test("one that is written to while it is read", async () => {
    const image = await original("written");
    let isDone = false;
    const onProgress = (event: ProgressEvent): void => {
      if (event.type === "files" && !isDone) appendFileSync(image, "more");
      isDone ||= event.type === "files";
    };
    const out = scratch("written-out");
    await expectError(
      convert({ source: `image:${image}`, out, onProgress }),
      "E_IO",
      "changed while being read",
    );
    expect(() => readFileSync(`${out}/meta.json`)).toThrow();
  });
});
