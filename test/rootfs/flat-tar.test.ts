/** Root filesystems in one tar, and what is no such tar. */
import { describe, expect, test } from "bun:test";
import { createHash, generateKeyPairSync } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { convert } from "../../src/convert/convert.ts";
import { planConversion } from "../../src/convert/dry-run.ts";
import { inspectImage } from "../../src/convert/inspect-image.ts";
import type { ConvertOptions } from "../../src/convert/options.ts";
import type { SourceSpec } from "../../src/source/source.ts";
import { runWith } from "../cli/fake-host.ts";
import { expectError } from "../support/expect-error.ts";
import { differences, kernelView, withMounted } from "../support/kernel-view.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { expectCleanFilesystem, runOk, testWith } from "../support/oracles.ts";
import { randomStack } from "../support/random-stack.ts";
import { scratchFolder } from "../support/scratch.ts";
import { END, type TarItem, tar, tarItem } from "../support/tar-builder.ts";
import { programFor } from "./programs.ts";

const scratch = scratchFolder();
const UUID = "01234567-89ab-cdef-0123-456789abcdef";
const RANDOM_TARS = 10;

const FILES: readonly TarItem[] = [
  { path: "usr/bin/app", mode: 0o755, data: programFor("amd64"), pax: { mtime: "1600000000.123456789" } },
  { path: "app", type: "hardlink", linkname: "usr/bin/app" },
  { path: "etc/", type: "directory", mode: 0o711, uid: 5, gid: 70_000 },
  { path: "etc/large", data: Buffer.alloc(3_000_000, "some text") },
  { path: "etc/zeros", data: Buffer.alloc(2_000_000) },
  { path: "dev/null", type: "char", major: 1, minor: 3 },
];

function file(name: string, bytes: Uint8Array): string {
  writeFileSync(scratch(name), bytes);
  return scratch(name);
}

async function made(source: SourceSpec | string, more: Partial<ConvertOptions> = {}) {
  const result = await convert({ source, out: scratch("out"), force: true, ...more });
  return { ...result, digest: createHash("sha256").update(readFileSync(result.rootfsPath)).digest("hex") };
}

async function* inPieces(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.slice(at, at + length);
}

describe("a tar of files makes the image that a layer of the same tar makes", () => {
  const bytes = tar(FILES);
  const options = { filesystem: { uuid: UUID }, platform: "linux/amd64" };

  test("whatever it is compressed with, and however it comes", async () => {
    buildLayout(scratch("layout"), { layers: [bytes] });
    const { digest: wanted } = await made(`oci:${scratch("layout")}`, options);
    const sources: readonly (SourceSpec | string)[] = [
      `rootfs-tar:${file("plain.tar", bytes)}`,
      `rootfs-tar:${file("plain.tar.gz", gzipSync(bytes))}`,
      `rootfs-tar:${file("plain.tar.zst", Bun.zstdCompressSync(bytes))}`,
      { kind: "rootfs-tar", bytes: gzipSync(bytes) },
      { kind: "rootfs-tar", bytes: inPieces(bytes, 100_001), name: "mine" },
    ];
    const digests = new Set<string>();
    for (const source of sources) {
      const { digest, metadata } = await made(source, options);
      expect(digest).toBe(wanted);
      expect(metadata).toMatchObject({ platform: "linux/amd64", layers: [], runtime: { cmd: [] } });
      digests.add(metadata.sourceDigest);
    }
    expect(digests.size).toBe(1);
  });

  test("and the UUID follows from what the files are, not from how the tar is written", async () => {
    const { metadata } = await made(`rootfs-tar:${file("one.tar", bytes)}`);
    const others = FILES.map((item) => (item.path === "etc/zeros" ? { ...item, mode: 0o600 } : item));
    const reordered = [...FILES.slice(2), ...FILES.slice(0, 2)];
    for (const [items, isSame] of [
      [reordered, true],
      [others, false],
      [FILES.slice(0, -1), false],
    ] as const) {
      const { metadata: other } = await made({ kind: "rootfs-tar", bytes: tar(items) });
      expect(other.sourceDigest === metadata.sourceDigest).toBe(isSame);
      expect(other.filesystem.uuid === metadata.filesystem.uuid).toBe(isSame);
    }
  });

  testWith(
    ["e2fsck", "getfattr", "tar", "loop mount"],
    `of ${RANDOM_TARS} at random, GNU tar unpacks the same`,
    async () => {
      let number = 0;
      const property = fc.asyncProperty(randomStack(), async ([items = []]) => {
        const path = file("random.tar", tar(items));
        const folder = scratch(`unpacked${number++}`);
        mkdirSync(folder);
        // Else it makes some symlinks last, or files in folders that it has done with, and those lose their time.
        runOk("tar", [
          "-xPpf",
          path,
          "--delay-directory-restore",
          "--numeric-owner",
          "--xattrs",
          "--xattrs-include=*",
          "-C",
          folder,
        ]);
        const { rootfsPath } = await made(`rootfs-tar:${path}`);
        expectCleanFilesystem(rootfsPath);
        const view = withMounted(rootfsPath, "ro", kernelView);
        expect(differences(view, kernelView(folder))).toEqual([]);
      });
      await fc.assert(property, { numRuns: RANDOM_TARS, endOnFailure: true });
    },
  );
});

describe("names in a tar of files", () => {
  test("that would be whiteouts are names", async () => {
    const items = [
      { path: "d/.wh.a", data: "1" },
      { path: "d/.wh..wh..opq", data: "2" },
      { path: ".wh..wh.plnk/3", data: "3" },
      { path: "d/a", data: "4" },
    ];
    const { rootfsPath, warnings } = await made(
      { kind: "rootfs-tar", bytes: tar(items) },
      { platform: "linux/amd64" },
    );
    const listed = await runWith(["ls", rootfsPath, "--recursive"]);
    for (const { path } of items) expect(listed.stdout).toContain(` ${path}\n`);
    expect(warnings.filter((message) => message.includes(".wh."))).toEqual([]);
  });

  test("of hard links may come before what they lead to", async () => {
    const items: TarItem[] = [
      { path: "b", type: "hardlink", linkname: "a" },
      { path: "a", data: "contents" },
    ];
    const { rootfsPath } = await made({ kind: "rootfs-tar", bytes: tar(items) });
    expect((await runWith(["cat", rootfsPath, "/b"])).stdout).toBe("contents");
  });
});

describe("the platform", () => {
  const forArm = {
    kind: "rootfs-tar",
    bytes: tar([{ path: "bin/sh", mode: 0o755, data: programFor("arm64") }]),
  } as const;

  test("is that of the programs, and none that is asked for in vain", async () => {
    expect((await made(forArm)).metadata.platform).toBe("linux/arm64");
    await expectError(
      made(forArm, { platform: "linux/amd64" }),
      "E_PLATFORM_NOT_FOUND",
      "bin/sh",
      "linux/arm64",
    );
    expect((await made(forArm, { platform: "linux/amd64", anyPlatform: true })).metadata.platform).toBe(
      "linux/amd64",
    );
  });

  test("is told by a program where programs are before any other", async () => {
    const items = [
      { path: "a", mode: 0o755, data: "#!/bin/sh\nexit 0, which is no ELF\n" },
      { path: "lib/data", data: programFor("s390x") },
      { path: "opt/foreign", mode: 0o755, data: programFor("riscv64") },
      { path: "usr/bin/x", mode: 0o755, data: programFor("arm64") },
    ];
    expect((await made({ kind: "rootfs-tar", bytes: tar(items) })).metadata.platform).toBe("linux/arm64");
    const { metadata } = await made({ kind: "rootfs-tar", bytes: tar(items.slice(0, 3)) });
    expect(metadata.platform).toBe("linux/riscv64");
  });

  test("is the one asked for where no program tells, with a warning", async () => {
    const source = { kind: "rootfs-tar", bytes: tar([{ path: "f" }]) } as const;
    const { metadata, warnings } = await made(source, { platform: "linux/ppc64le" });
    expect(metadata.platform).toBe("linux/ppc64le");
    expect(warnings.join()).toContain("names no architecture");
  });
});

test("the profile init takes what is to be run from the overrides", async () => {
  const { metadata } = await made(
    { kind: "rootfs-tar", bytes: tar(FILES) },
    {
      platform: "linux/amd64",
      profile: { name: "init", workload: { entrypoint: ["/usr/bin/app"], env: ["A=b"], user: "5" } },
    },
  );
  expect(metadata.injection?.bootstrap).toMatchObject({
    entrypoint: ["/usr/bin/app"],
    env: expect.arrayContaining(["A=b"]),
  });
});

test("an empty disk beside it is the one beside the image that is made anew of it", async () => {
  const writableDisk = { size: 2 ** 26 };
  const ofTar = await made({ kind: "rootfs-tar", bytes: tar(FILES) }, { writableDisk });
  expect(ofTar.metadata.writableDisk).toMatchObject({ file: "writable.ext4", uuid: expect.any(String) });
  const anew = await convert({ source: `image:${ofTar.rootfsPath}`, out: scratch("anew"), writableDisk });
  expect(anew.metadata.writableDisk).toEqual(ofTar.metadata.writableDisk as never);
});

test("a dry run and inspect-image tell what can be told before all is read", async () => {
  const source = `rootfs-tar:${file("told.tar", tar(FILES))}`;
  const plan = await planConversion({ source, out: scratch("plan"), filesystem: { size: 2 ** 30 } });
  expect(plan).toMatchObject({
    source: { kind: "rootfs-tar", reference: source },
    sourceDigest: null,
    platform: "linux/amd64",
    layers: [],
    storedBytes: tar(FILES).length,
    apparentBytes: 2 ** 30,
  });
  expect(plan.filesystem).not.toHaveProperty("uuid");
  const { image } = await inspectImage({ source });
  expect(image).toMatchObject({ digest: null, platform: "linux/amd64", layers: [] });
  const { code, stdout } = await runWith(["inspect-image", source]);
  expect({ code, stdout }).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("Platform  linux/amd64\n"),
  });
});

test("a dry run and inspect-image read no more than the limits let a conversion", async () => {
  const source = `rootfs-tar:${file("limited.tar", tar([{ path: "a", data: "x".repeat(5000) }, { path: "b" }]))}`;
  for (const limits of [{ bytes: 4000 }, { entries: 1 }]) {
    await expectError(() => convert({ source, out: scratch("limited"), limits }), "E_LIMIT", "more than");
    await expectError(
      () => planConversion({ source, out: scratch("limited"), limits }),
      "E_LIMIT",
      "more than",
    );
    await expectError(() => inspectImage({ source, limits }), "E_LIMIT", "more than");
  }
});

describe("what is no tar of files", () => {
  const wrong: readonly (readonly [
    what: string,
    bytes: () => Uint8Array,
    code: "E_BAD_ARCHIVE" | "E_BAD_LAYER" | "E_BAD_COMPRESSION" | "E_UNSUPPORTED",
    said: readonly string[],
  ])[] = [
    ["nothing", () => new Uint8Array(), "E_BAD_ARCHIVE", ["is empty"]],
    ["an archive of no file", () => END, "E_BAD_ARCHIVE", ["is empty"]],
    ["a text", () => Buffer.from("root:x:0:0\n".repeat(100)), "E_BAD_ARCHIVE", ["image:FILE"]],
    [
      "a tar that is cut off",
      () => tar(FILES).subarray(0, 5000),
      "E_BAD_LAYER",
      ["ends in the middle", "write it again"],
    ],
    [
      "gzip that is cut off",
      () => gzipSync(tar(FILES)).subarray(0, 3000),
      "E_BAD_COMPRESSION",
      ["cut short", "write it again"],
    ],
    [
      "xz",
      () => Buffer.from("\xfd7zXZ\0and so on, for some bytes more", "latin1"),
      "E_UNSUPPORTED",
      ["xz -dc"],
    ],
    [
      "an archive as docker save wrote it",
      () =>
        tar([
          { path: `${"a".repeat(64)}.json` },
          { path: `${"b".repeat(64)}/layer.tar` },
          { path: "manifest.json" },
        ]),
      "E_UNSUPPORTED",
      ["docker-archive:"],
    ],
    [
      "an archive of an OCI layout",
      () => tar([{ path: "oci-layout" }, { path: "index.json" }, { path: "blobs/sha256/x" }]),
      "E_UNSUPPORTED",
      ["oci-archive:"],
    ],
  ];
  for (const [what, bytes, code, said] of wrong) {
    test(`${what} is an error, and nothing is left`, async () => {
      const path = file("wrong", bytes());
      await expectError(convert({ source: `rootfs-tar:${path}`, out: scratch("none") }), code, path, ...said);
      expect(() => readFileSync(scratch("none", "meta.json"))).toThrow();
    });
  }

  test("nor is a folder, a filesystem's image, or what is not there", async () => {
    const { rootfsPath } = await made({ kind: "rootfs-tar", bytes: tarItem({ path: "f" }) });
    await expectError(made(`rootfs-tar:${scratch()}`), "E_IMAGE_NOT_FOUND", "is a folder", "dir:");
    await expectError(made(`rootfs-tar:${rootfsPath}`), "E_BAD_ARCHIVE", "image:");
    await expectError(
      made(`rootfs-tar:${scratch("no", "such")}`),
      "E_IMAGE_NOT_FOUND",
      "there is no such file",
    );
    await expectError(made("rootfs-tar:"), "E_USAGE", "names no path");
    await expectError(made("rootfs-tar:-"), "E_USAGE", "bytes: process.stdin");
  });
});

test("a signature cannot be demanded of files without an image", async () => {
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const verifyKeyFile = file("key.pem", Buffer.from(publicKey.export({ type: "spki", format: "pem" })));
  const source = { kind: "rootfs-tar", bytes: tar(FILES) } as const;
  await expectError(made(source, { registry: { verifyKeyFile } }), "E_USAGE", "a signature is demanded");
});

test("the command takes it from standard input, and says so of a terminal", async () => {
  const { options } = await runWith(["convert", "rootfs-tar:-", "--out", "x"]);
  expect(options?.source).toMatchObject({ kind: "rootfs-tar", bytes: expect.anything() });
  const { code, stderr } = await runWith(
    ["convert", "rootfs-tar:-", "--out", "x"],
    {},
    { stdinIsTerminal: true },
  );
  expect(code).toBe(2);
  expect(stderr).toContain("docker export CONTAINER | docker2vm convert rootfs-tar:-");
});
