/** An image with one layer more than another. */
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Documents, type Layer, writeBlob, writeLayer, writeManifest } from "./make-image.ts";
import { Random } from "./random.ts";

const BYTES = 20e6;
const FILES = 400;

/** Makes it in `folder` unless it is there, its blobs shared; returns the layout's path. */
export async function withNewLayer(layout: string, folder: string): Promise<string> {
  if (existsSync(join(folder, "index.json"))) return folder;
  rmSync(folder, { recursive: true, force: true });
  const blobs = join(folder, "blobs/sha256");
  mkdirSync(blobs, { recursive: true });
  for (const name of readdirSync(join(layout, "blobs/sha256"))) {
    linkSync(join(layout, "blobs/sha256", name), join(blobs, name));
  }
  const added = await newLayer(folder);
  const { manifest, config } = documentsOf(layout);
  const { layers, ...rest } = manifest;
  const diffIds = [...config.rootfs.diff_ids, added.diffId];
  const newConfig = { ...config, rootfs: { ...config.rootfs, diff_ids: diffIds } };
  const mediaType = "application/vnd.oci.image.layer.v1.tar+gzip";
  const descriptor = { mediaType, digest: added.digest, size: added.size };
  writeManifest(folder, {
    ...rest,
    config: { ...manifest.config, ...writeBlob(folder, newConfig) },
    layers: [...layers, descriptor],
  });
  return folder;
}

/** Half of it is noise. */
function newLayer(folder: string): Promise<Layer> {
  const random = new Random(0x20);
  return writeLayer(folder, undefined, async (add) => {
    for (let n = 0; n < FILES; n++) {
      const data = Buffer.alloc(BYTES / FILES, `file ${n} of the new layer\n`);
      for (let at = 0; at < data.length / 2; at++) data[at] = random.below(256);
      await add({ name: `opt/app/f${n}`, mode: 0o644 }, data);
    }
  });
}

function documentsOf(layout: string): Documents {
  const read = (path: string) => JSON.parse(readFileSync(join(layout, path), "utf8"));
  const blob = (digest: string) => read(`blobs/${digest.replace(":", "/")}`);
  const [entry] = read("index.json").manifests;
  const manifest = blob(entry.digest);
  if (!Array.isArray(manifest.layers)) throw new Error(`${layout} has no single image`);
  return { manifest, config: blob(manifest.config.digest) };
}
