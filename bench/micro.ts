/**
 * `npm run bench:micro [-- NAME]`: the parts that bytes and files pass through, each alone, in memory, on one thread.
 * Rates follow from the sizes in the names. Not their sum but the slowest of them decides how fast a conversion is.
 */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { bench, do_not_optimize, group, run } from "mitata";
import { pack } from "tar-stream";
import { BLOCK_SIZE } from "../src/blocks/blocks.ts";
import { crc } from "../src/filesystem/ext4/format/checksum.ts";
import { directoryHash } from "../src/filesystem/ext4/format/dirhash.ts";
import { encodeDirectoryBlock } from "../src/filesystem/ext4/write/directory-blocks.ts";
import { planNamespace } from "../src/filesystem/ext4/write/namespace.ts";
import { VARIANTS } from "../src/filesystem/ext4/write/variant.ts";
import { type Compression, decompress, type InflateChoice } from "../src/layer/decompress.ts";
import { tarParts } from "../src/layer/tar/entries.ts";
import { ContentWriter } from "../src/output/content-writer.ts";
import { immediateSink } from "../src/output/stages.ts";
import { type Directory, impliedDirectory, type RegularFile } from "../src/tree/inode.ts";
import { finished } from "../src/waiting/steps.ts";
import { textPool } from "./make-image.ts";
import { Random } from "./random.ts";

const MIB = 1 << 20;
const NAMES = 10_000;
const text = textPool(new Random(1));

group("checksums, 1 MiB", () => {
  const bytes = text.subarray(0, MIB);
  bench("sha256", () => createHash("sha256").update(bytes).digest());
  bench("crc32c, blocks of 4 KiB", () => {
    let sum = 0;
    for (let at = 0; at < MIB; at += BLOCK_SIZE) sum ^= crc(0, bytes.subarray(at, at + BLOCK_SIZE));
    return do_not_optimize(sum);
  });
});

group("inflating to 8 MiB", () => {
  const stored = gzipSync(text);
  const through = (compression: Compression, choice: InflateChoice) =>
    drain(decompress(inChunks(stored), compression, choice, "a layer"));
  bench("gzip, native", () => through("gzip", "native"));
  bench("gzip, fflate", () => through("gzip", "fflate"));
});

const manySmall = await tarOf(NAMES, 100);
const fewLarge = await tarOf(16, MIB);

group("walking a tar", () => {
  bench("10,000 files of 100 bytes", () => drain(tarParts(inChunks(manySmall), { layer: "a layer" })));
  bench("16 files of 1 MiB", () => drain(tarParts(inChunks(fewLarge), { layer: "a layer" })));
});

group("placing contents", () => {
  bench("10,000 files of 100 bytes", () => placeFiles(NAMES, text.subarray(0, 100)));
  bench("16 files of 1 MiB", () => placeFiles(16, text.subarray(0, MIB)));
});

group("a directory of 10,000 names", () => {
  const seed = 1;
  const root = directoryOf(NAMES);
  const hash = directoryHash(new Uint8Array(16), "signed");
  const time = root.metadata.mtime;
  const options = { variant: VARIANTS.ext4, hash, lostAndFound: false, time, seed };
  const plan = () => finished(planNamespace(root, options));
  bench("numbers, hashes, index", () => do_not_optimize(plan()));
  const { inodes } = plan();
  const layout = inodes.directory(0);
  if (layout === undefined) throw new Error("the root is not a directory");
  const block = new Uint8Array(BLOCK_SIZE);
  bench(`its ${layout.blocks} blocks`, () => {
    for (let logical = 0; logical < layout.blocks; logical++) {
      block.fill(0);
      encodeDirectoryBlock({ layout, inodes, number: 2, parent: 2, seed }, logical, block);
    }
  });
});

async function* inChunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += MIB) yield bytes.subarray(at, at + MIB);
}

async function drain(items: AsyncIterable<unknown>): Promise<void> {
  for await (const item of items) do_not_optimize(item);
}

async function tarOf(files: number, size: number): Promise<Buffer> {
  const tar = pack();
  const body = text.subarray(0, size);
  for (let n = 0; n < files; n++) tar.entry({ name: `usr/lib/d${Math.floor(n / 60)}/file${n}` }, body);
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function placeFiles(count: number, bytes: Uint8Array): void {
  const writer = new ContentWriter(immediateSink(() => {}));
  writer.addArena({ start: 0, length: count * Math.ceil(bytes.length / BLOCK_SIZE) });
  for (let n = 0; n < count; n++) {
    writer.begin({ size: bytes.length, stored: bytes.length });
    writer.write(bytes);
    do_not_optimize(writer.end());
  }
  writer.flush();
}

function directoryOf(names: number): Directory {
  const root = impliedDirectory();
  const { metadata } = root;
  for (let n = 0; n < names; n++) {
    const file: RegularFile = { type: "file", metadata, size: 0, extents: [] };
    root.entries.set(`file-${n}.txt`, file);
  }
  return root;
}

const [filter] = process.argv.slice(2);
await run({
  throw: true,
  colors: process.stdout.isTTY === true,
  ...(filter === undefined ? {} : { filter: new RegExp(filter) }),
});
