import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

export interface LayoutImage {
  /** Uncompressed tars, from the base upwards. */
  readonly layers: readonly Uint8Array[];
  /** "gzip" unless given. */
  readonly compress?: "gzip" | "zstd" | "none";
  /** What the blob of a tar is, where it is not what compressing it makes. */
  readonly store?: (tar: Uint8Array) => Uint8Array;
  /** What the config says, where it is not what the tars hash to. */
  readonly diffIds?: readonly string[];
  /** The config's `config`: Env, Cmd, … */
  readonly config?: Readonly<Record<string, unknown>>;
  /** linux/amd64 unless given. It goes into the config, and into the index where `inIndex` is not false. */
  readonly platform?: Readonly<{ os: string; architecture: string; variant?: string }>;
  readonly inIndex?: boolean;
  /** org.opencontainers.image.ref.name */
  readonly tag?: string;
  /** The config's `history`. */
  readonly history?: readonly Readonly<Record<string, unknown>>[];
  /** RFC 3339. */
  readonly created?: string;
}

export interface BuiltImage {
  readonly manifest: BuiltDescriptor;
  readonly config: BuiltDescriptor;
  readonly layers: readonly BuiltDescriptor[];
  readonly diffIds: readonly string[];
}

export interface BuiltDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const MEDIA_TYPE = "application/vnd.oci.image";

/** Adds an image to the OCI layout in a folder, which is made if it is not there. */
export function buildLayout(folder: string, image: LayoutImage): BuiltImage {
  const { compress = "gzip", platform = { os: "linux", architecture: "amd64" } } = image;
  mkdirSync(join(folder, "blobs/sha256"), { recursive: true });
  const suffix = compress === "none" ? "" : `+${compress}`;
  const layers = image.layers.map((tar) =>
    writeBlob(folder, image.store?.(tar) ?? compressed(tar, compress), `${MEDIA_TYPE}.layer.v1.tar${suffix}`),
  );
  const diffIds = image.diffIds ?? image.layers.map(sha256);
  const config = writeBlob(
    folder,
    json({
      ...platform,
      ...(image.created === undefined ? {} : { created: image.created }),
      config: image.config ?? {},
      ...(image.history === undefined ? {} : { history: image.history }),
      rootfs: { type: "layers", diff_ids: diffIds },
    }),
    `${MEDIA_TYPE}.config.v1+json`,
  );
  const manifest = writeBlob(
    folder,
    json({ schemaVersion: 2, config, layers }),
    `${MEDIA_TYPE}.manifest.v1+json`,
  );
  addToIndex(folder, {
    ...manifest,
    ...(image.inIndex === false ? {} : { platform }),
    ...(image.tag === undefined ? {} : { annotations: { "org.opencontainers.image.ref.name": image.tag } }),
  });
  return { manifest, config, layers, diffIds };
}

/** Writes bytes where a layout keeps a blob. */
export function writeBlob(folder: string, bytes: Uint8Array, mediaType: string): BuiltDescriptor {
  const digest = sha256(bytes);
  writeFileSync(join(folder, "blobs/sha256", digest.slice("sha256:".length)), bytes);
  return { mediaType, digest, size: bytes.length };
}

/** Adds a descriptor to a layout's index.json, which is made if it is not there. */
export function addToIndex(folder: string, descriptor: Readonly<Record<string, unknown>>): void {
  const path = join(folder, "index.json");
  const manifests = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")).manifests : [];
  writeIndex(folder, [...manifests, descriptor]);
}

/** Writes a layout's index.json and its version file. */
export function writeIndex(folder: string, manifests: unknown): void {
  writeFileSync(join(folder, "oci-layout"), json({ imageLayoutVersion: "1.0.0" }));
  writeFileSync(
    join(folder, "index.json"),
    json({ schemaVersion: 2, mediaType: `${MEDIA_TYPE}.index.v1+json`, manifests }),
  );
}

export function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function compressed(tar: Uint8Array, how: "gzip" | "zstd" | "none"): Uint8Array {
  if (how === "none") return tar;
  return how === "gzip" ? gzipSync(tar) : Bun.zstdCompressSync(tar);
}
