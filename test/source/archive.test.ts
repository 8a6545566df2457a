import { describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import {
  closeSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { openSource } from "../../src/source/open.ts";
import type { ResolvedImage } from "../../src/source/source.ts";
import { expectError } from "../support/expect-error.ts";
import { buildLayout, sha256 } from "../support/layout-builder.ts";
import { runOk, testWith } from "../support/oracles.ts";
import {
  AMD64,
  ARM64,
  docker,
  entriesOf,
  inFolder,
  LAYERS,
  oci,
  readImage,
  simpleLayout,
  tarOf,
  withLayoutBeside,
  withSource,
  writeTar,
} from "./support.ts";

/** More holes than old GNU's header has room for, and than a block of its map; a hole at the end; nothing but one. */
const HOLED = [
  Buffer.concat(Array.from({ length: 40 }, (_, i) => Buffer.alloc(1 << 16).fill(i + 1, 0, 4096))),
  Buffer.alloc(1 << 20),
] as const;

/** Writes a file anew, without its zeros: GNU tar looks for holes only where the disk has some. */
function digHoles(path: string): void {
  const bytes = readFileSync(path);
  const file = openSync(path, "w");
  ftruncateSync(file, bytes.length);
  for (let at = 0; at < bytes.length; at += 4096) {
    const block = bytes.subarray(at, at + 4096);
    if (block.some((byte) => byte !== 0)) writeSync(file, block, 0, block.length, at);
  }
  closeSync(file);
}

describe("an archive of an OCI layout", () => {
  withLayoutBeside("gives what the layout itself gives", async (folder, layout, built) => {
    const path = await writeTar(folder, entriesOf(layout));
    const fromTar = await readImage(oci(path), folder);
    const fromFolder = await readImage({ kind: "oci-layout", path: layout }, folder);
    expect(fromTar.contents).toEqual(fromFolder.contents);
    // But for where its layers' bytes are: in a folder each is a file of its own, in an archive a part of that.
    const said = (image: ResolvedImage) =>
      JSON.stringify(image, (key, value: unknown) => (key === "place" ? undefined : value));
    expect(said(fromTar.image)).toBe(said(fromFolder.image));
    expect(fromFolder.image.layers[0]?.place).toMatchObject({
      folder: layout,
      size: fromFolder.image.layers[0]?.size,
    });
    const blobPath = `${built.layers[0]?.digest}`.replace("sha256:", "blobs/sha256/");
    expect(fromTar.image.layers[0]?.place).toMatchObject({
      offset: readFileSync(path).indexOf(readFileSync(join(layout, blobPath))),
      size: fromTar.image.layers[0]?.size,
    });
    expect(fromTar.origin).toEqual({ kind: "oci-archive", reference: `oci-archive:${path}` });
  });

  withLayoutBeside("is read whatever the user called it", async (folder, layout, built) => {
    const path = await writeTar(folder, entriesOf(layout));
    expect<string>((await readImage(docker(path), folder)).image.manifestDigest).toBe(built.manifest.digest);
  });

  for (const [how, compress] of [
    ["gzip", gzipSync],
    ["zstd", Bun.zstdCompressSync],
  ] as const) {
    withLayoutBeside(
      `is read when compressed with ${how}, and leaves nothing behind`,
      async (folder, layout, built) => {
        const path = join(folder, "image.tar.compressed");
        const scratch = join(folder, "layout/blobs");
        writeFileSync(path, compress(await tarOf(entriesOf(layout))));
        const { image, contents } = await readImage(oci(path), scratch);
        expect<string>(image.manifestDigest).toBe(built.manifest.digest);
        expect(contents.map(sha256)).toEqual(built.layers.map((layer) => layer.digest));
        expect(readdirSync(scratch)).toEqual(["sha256"]);
      },
    );

    withLayoutBeside(`is refused when its ${how} is cut off`, async (folder, layout) => {
      const path = join(folder, "image.tar.compressed");
      const whole = compress(await tarOf(entriesOf(layout)));
      writeFileSync(path, whole.subarray(0, whole.length - 20));
      await expectError(readImage(oci(path), folder), "E_BAD_ARCHIVE", path, how);
    });
  }

  withLayoutBeside("is read when its zstd begins with a skippable frame", async (folder, layout, built) => {
    const path = join(folder, "image.tar.zst");
    const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]);
    const tar = await tarOf(entriesOf(layout));
    const frames = [tar.subarray(0, 5000), tar.subarray(5000)].map((part) => Bun.zstdCompressSync(part));
    writeFileSync(path, Buffer.concat(frames.flatMap((frame) => [skippable, frame])));
    const { image } = await readImage(oci(path), folder);
    expect<string>(image.manifestDigest).toBe(built.manifest.digest);
  });

  test("is refused when its zstd asks for a window of more than 128 MiB", () =>
    inFolder(async (folder) => {
      const path = join(folder, "image.tar.zst");
      // A window of 1 GiB, and one raw block of three bytes.
      writeFileSync(path, Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0xa0, 25, 0, 0, 1, 2, 3]));
      const error = await readImage(oci(path), folder).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: "E_BAD_ARCHIVE" });
      expect(String(error)).toContain("a window of 1073741824 bytes");
    }));

  for (const options of [
    ["--format=gnu"],
    ["--format=oldgnu"],
    ...["0.0", "0.1", "1.0"].map((version) => ["--format=posix", `--sparse-version=${version}`]),
  ]) {
    testWith(["tar"], `is read where files are stored sparse (${options.join(" ")})`, () =>
      inFolder(async (folder) => {
        const layout = join(folder, "layout");
        const built = buildLayout(layout, { layers: HOLED, compress: "none" });
        for (const { digest } of built.layers)
          digHoles(join(layout, digest.replace("sha256:", "blobs/sha256/")));
        const path = join(folder, "image.tar");
        const sparse = ["--sparse", "--hole-detection=raw", "--sort=name"];
        runOk("tar", [...sparse, ...options, "-cf", path, "-C", layout, "."]);
        expect(statSync(path).size).toBeLessThan(HOLED[0].length);
        const { image, contents } = await readImage(oci(path), folder);
        expect<string>(image.manifestDigest).toBe(built.manifest.digest);
        expect(contents.map(sha256)).toEqual(HOLED.map(sha256));
      }),
    );
  }

  for (const [how, magic] of [
    ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]],
    ["bzip2", [0x42, 0x5a, 0x68, 0x39, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59]],
  ] as const) {
    test(`is refused when compressed with ${how}, with what to do`, () =>
      inFolder(async (folder) => {
        const path = join(folder, "image.tar");
        writeFileSync(path, Buffer.from(magic));
        await expectError(readImage(oci(path), folder), "E_UNSUPPORTED", how, `${how} -d`);
      }));
  }
});

describe("an archive is refused", () => {
  test("that is not there", () =>
    expectError(readImage(oci("/nonexistent.tar"), "/tmp"), "E_IMAGE_NOT_FOUND", "/nonexistent.tar"));

  test("that is a folder, with what to use", () =>
    inFolder((folder) =>
      expectError(readImage(docker(folder), folder), "E_IMAGE_NOT_FOUND", "is a folder", "--oci-layout"),
    ));

  test("that is empty", () =>
    inFolder(async (folder) => {
      writeFileSync(join(folder, "empty"), "");
      await expectError(readImage(oci(join(folder, "empty")), folder), "E_BAD_ARCHIVE", "is empty");
    }));

  test("that is no image but a filesystem, with what to use", () =>
    inFolder(async (folder) => {
      const path = await writeTar(folder, [["bin/sh", Buffer.from("#!")], ["etc/passwd"]]);
      await expectError(
        readImage(docker(path), folder),
        "E_UNSUPPORTED",
        "is not an image",
        "rootfs-tar:FILE",
      );
    }));
});

describe("an archive that comes through a pipe", () => {
  testWith(["tar"], "is kept on disk and read", () =>
    inFolder(async (folder) => {
      const built = simpleLayout(join(folder, "layout"));
      const fifo = join(folder, "fifo");
      runOk("mkfifo", [fifo]);
      const writer = spawn("sh", ["-c", `exec tar -C "${folder}/layout" -cf "${fifo}" .`]);
      try {
        const { image, contents } = await readImage(oci(fifo), folder);
        expect<string>(image.manifestDigest).toBe(built.manifest.digest);
        expect(contents.map(sha256)).toEqual(built.layers.map((layer) => layer.digest));
        expect(readdirSync(folder).sort()).toEqual(["fifo", "layout"]);
      } finally {
        writer.kill();
      }
    }),
  );
});

describe("skopeo's archives", () => {
  testWith(["skopeo"], "of both kinds give the layers skopeo was given", () =>
    inFolder(async (folder) => {
      const layer = await tarOf([
        ["etc/hostname", Buffer.from("vm\n")],
        ["big", Buffer.alloc(1 << 20, "x")],
      ]);
      const built = buildLayout(join(folder, "layout"), {
        layers: [layer, await tarOf([["top", Buffer.from("1")]])],
        tag: "latest",
      });
      const copy = (to: string) =>
        runOk("skopeo", [
          "copy",
          "--insecure-policy",
          "--override-os",
          "linux",
          "--override-arch",
          "amd64",
          `oci:${folder}/layout:latest`,
          to,
        ]);

      copy(`oci-archive:${folder}/oci.tar:latest`);
      const fromOci = await readImage(oci(join(folder, "oci.tar"), { tag: "latest" }), folder);
      expect<string>(fromOci.image.manifestDigest).toBe(built.manifest.digest);
      expect(fromOci.contents.map(sha256)).toEqual(built.layers.map((l) => l.digest));

      copy(`docker-archive:${folder}/docker.tar:example.org/a:1`);
      const fromDocker = await readImage(docker(join(folder, "docker.tar"), { tag: "a:1" }), folder);
      expect(fromDocker.contents.map(sha256)).toEqual([...built.diffIds]);
      expect(fromDocker.image.layers.map((l) => l.diffId as string)).toEqual([...built.diffIds]);
    }),
  );
});

test("an archive can be resolved for one platform after the other, and closed", () =>
  inFolder(async (folder) => {
    const layout = join(folder, "layout");
    buildLayout(layout, { layers: [LAYERS[0]] });
    buildLayout(layout, { layers: [LAYERS[1]], platform: { os: "linux", architecture: "arm64" } });
    const path = await writeTar(folder, entriesOf(layout));
    const resolved = await withSource(oci(path), folder, async (source) => [
      await source.resolve(AMD64),
      await source.resolve(ARM64),
    ]);
    expect(resolved.map((image) => image.layers[0]?.diffId as string | undefined)).toEqual(
      LAYERS.map(sha256),
    );
    const source = await openSource(oci(path), { scratchFolder: folder });
    await source.close();
    await expect(source.resolve(AMD64)).rejects.toThrow();
  }));
