/** Images for the bench, made by code: the same bytes every time, shaped like images that people build. */
import { createHash, type Hash } from "node:crypto";
import { createWriteStream, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Transform, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { type Pack, pack } from "tar-stream";
import { Random } from "./random.ts";

export interface Shape {
  readonly name: string;
  readonly layers: number;
  readonly files: number;
  /** Bytes of the middle file when sorted by size, and how far sizes spread about it (natural logarithm). */
  readonly medianSize: number;
  readonly spread: number;
  /** Files in one folder; FILES_PER_FOLDER unless given. */
  readonly filesPerFolder?: number;
  /** gzip's own choice unless given. */
  readonly gzipLevel?: number;
}

/**
 * Small: a busybox image. Medium: a language runtime. Large: a compiler, headers, libraries. The others are many small
 * files, for the memory and the time that each takes.
 */
export const SHAPES: Readonly<Record<string, Shape>> = {
  small: { name: "small", layers: 4, files: 700, medianSize: 2_000, spread: 1.7 },
  medium: { name: "medium", layers: 5, files: 8_000, medianSize: 3_500, spread: 1.85 },
  large: { name: "large", layers: 6, files: 93_000, medianSize: 3_000, spread: 1.9 },
  files100k: { name: "files100k", layers: 2, files: 100_000, medianSize: 100, spread: 0.5 },
  files1m: { name: "files1m", layers: 2, files: 1_000_000, medianSize: 100, spread: 0.5 },
};

const FILES_PER_FOLDER = 60;
const LARGEST_FILE = 60e6;
const POOL_BYTES = 8 << 20;
const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";
const CREATED = "2025-01-01T00:00:00Z";

/** Makes the image as an OCI layout in `folder`, unless it is there, and returns the layout's path. */
export async function benchImage(shape: Shape, folder: string): Promise<string> {
  const layout = join(folder, shape.name);
  if (existsSync(join(layout, "index.json"))) return layout;
  rmSync(layout, { recursive: true, force: true });
  mkdirSync(join(layout, "blobs/sha256"), { recursive: true });
  const random = new Random(0x0d2f + shape.files);
  const pools = [textPool(random), binaryPool(random)];
  const layers: Layer[] = [];
  for (let index = 0; index < shape.layers; index++) {
    layers.push(
      await writeLayer(layout, shape.gzipLevel, (add) => fillLayer(add, shape, index, random, pools)),
    );
  }
  writeDocuments(layout, layers);
  return layout;
}

export interface Layer {
  readonly digest: string;
  readonly size: number;
  readonly diffId: string;
}

/** The first layer is the largest, as a base is; upper ones replace and remove some of what it holds. */
async function fillLayer(
  add: Add,
  shape: Shape,
  index: number,
  random: Random,
  pools: readonly Buffer[],
): Promise<void> {
  const count = Math.floor(shape.files * layerShare(shape.layers, index));
  const perFolder = shape.filesPerFolder ?? FILES_PER_FOLDER;
  for (let n = 0; n < count; n++) {
    const folder = `usr/lib/layer${index}/d${Math.floor(n / perFolder)}`;
    if (n % perFolder === 0) await add({ name: `${folder}/`, type: "directory", mode: 0o755 });
    const size = Math.min(
      LARGEST_FILE,
      Math.floor(shape.medianSize * Math.exp(shape.spread * random.normal())),
    );
    const mode = n % 7 === 0 ? 0o755 : 0o644;
    await add(
      { name: `${folder}/file${n}`, mode, uid: n % 50 === 0 ? 1000 : 0, size },
      contents(random, pools, size),
    );
    if (n % 40 === 0) await add({ name: `${folder}/soft${n}`, type: "symlink", linkname: `file${n}` });
    if (n % 90 === 0) await add({ name: `${folder}/hard${n}`, type: "link", linkname: `${folder}/file${n}` });
  }
  if (index === 0) return;
  for (let n = 0; n < count / 20; n++) {
    const below = `usr/lib/layer${index - 1}/d${n}`;
    const first = n * perFolder;
    await add({ name: `${below}/.wh.file${first}`, size: 0 });
    await add({ name: `${below}/file${first + 1}`, size: 5000 }, contents(random, pools, 5000));
  }
}

/** The first layer's share of the files, or that of another. */
function layerShare(layers: number, index: number): number {
  if (layers === 1) return 1;
  return index === 0 ? 0.4 : 0.6 / (layers - 1);
}

type Header = Parameters<Pack["entry"]>[0];

/** Adds a file to a layer. */
type Add = (header: Header, body?: Buffer) => Promise<void>;

function addTo(tar: Pack, header: Header, body?: Buffer): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const done = (error?: Error | null): void => (error ? reject(error) : resolve());
    tar.entry({ mtime: new Date(CREATED), ...header }, body ?? Buffer.alloc(0), done);
  });
}

function contents(random: Random, pools: readonly Buffer[], size: number): Buffer {
  const parts: Buffer[] = [];
  for (let missing = size; missing > 0; ) {
    const pool = pools[random.below(pools.length)] ?? Buffer.alloc(1);
    const from = random.below(POOL_BYTES / 2);
    const part = pool.subarray(from, from + Math.min(missing, POOL_BYTES / 2));
    parts.push(part);
    missing -= part.length;
  }
  return Buffer.concat(parts);
}

/** Words and line ends: what compresses as source code does. */
export function textPool(random: Random): Buffer {
  const words = Array.from({ length: 3000 }, () =>
    random
      .next()
      .toString(36)
      .slice(0, 2 + random.below(7)),
  );
  const pool = Buffer.alloc(POOL_BYTES);
  for (let at = 0; at < POOL_BYTES; ) {
    const common = random.below(3) > 0 ? words.length / 20 : words.length;
    at += pool.write(`${words[random.below(common)]}${random.below(12) === 0 ? ";\n" : " "}`, at, "latin1");
  }
  return pool;
}

/** Half of it noise, half short records that repeat with small changes, as machine code and tables do. */
function binaryPool(random: Random): Buffer {
  const pool = Buffer.alloc(POOL_BYTES);
  for (let at = 0; at < POOL_BYTES; at += 32) {
    const noisy = random.below(2) === 0;
    for (let i = 0; i < 32; i++) pool[at + i] = noisy || i % 16 === 0 ? random.below(256) : (i * 7) & 0xff;
  }
  return pool;
}

export async function writeLayer(
  layout: string,
  gzipLevel: number | undefined,
  fill: (add: Add) => Promise<void>,
): Promise<Layer> {
  const tar = pack();
  const plain = createHash("sha256");
  const stored = createHash("sha256");
  const temporary = join(layout, "layer.tmp");
  const file = createWriteStream(temporary);
  const gzip = createGzip(gzipLevel === undefined ? {} : { level: gzipLevel });
  const written = pipeline(tar, hashing(plain), gzip, hashing(stored), file as Writable);
  await fill((header, body) => addTo(tar, header, body));
  tar.finalize();
  await written;
  const hex = stored.digest("hex");
  renameSync(temporary, join(layout, "blobs/sha256", hex));
  return { digest: `sha256:${hex}`, size: file.bytesWritten, diffId: `sha256:${plain.digest("hex")}` };
}

function hashing(hash: Hash): Transform {
  return new Transform({
    transform(chunk: Buffer, _, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
}

/** The documents of an image, as far as the bench knows them. */
export interface Documents {
  readonly manifest: {
    readonly config: object & { readonly digest: string };
    readonly layers: readonly object[];
  };
  readonly config: { readonly rootfs: { readonly diff_ids: readonly string[] } };
}

function writeDocuments(layout: string, layers: readonly Layer[]): void {
  const config = {
    created: CREATED,
    architecture: "amd64",
    os: "linux",
    config: { Cmd: ["/bin/sh"] },
    rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.diffId) },
  };
  writeManifest(layout, {
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: { mediaType: "application/vnd.oci.image.config.v1+json", ...writeBlob(layout, config) },
    layers: layers.map(({ digest, size }) => ({
      mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
      digest,
      size,
    })),
  });
}

/** Writes a manifest, and the index that makes it the layout's one image. */
export function writeManifest(layout: string, manifest: object): void {
  const annotations = { "org.opencontainers.image.ref.name": "latest" };
  const platform = { architecture: "amd64", os: "linux" };
  const entry = { mediaType: MANIFEST_TYPE, ...writeBlob(layout, manifest), platform, annotations };
  writeFileSync(join(layout, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(join(layout, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
}

export function writeBlob(layout: string, document: object): { digest: string; size: number } {
  const bytes = Buffer.from(JSON.stringify(document));
  const hex = createHash("sha256").update(bytes).digest("hex");
  writeFileSync(join(layout, "blobs/sha256", hex), bytes);
  return { digest: `sha256:${hex}`, size: bytes.length };
}
