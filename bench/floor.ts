/**
 * The floor of any conversion: reads, hashes, inflates and hashes again every layer of a layout, on all cores, and
 * throws the result away. A worker takes the next layer when it is free, the largest first. By the runtime's streams,
 * or with `own` as second argument by this program's way to inflate.
 */
import { createHash } from "node:crypto";
import { closeSync, createReadStream, openSync, readdirSync, readSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { createGunzip } from "node:zlib";
import { decompress } from "../src/layer/decompress.ts";

const CHUNK_BYTES = 1 << 20;

/** Layers are the blobs that begin as gzip does; a layout's other blobs are its small documents. */
async function inflateAndHash(path: string): Promise<void> {
  const stored = createHash("sha256");
  const plain = createHash("sha256");
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  const file = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  file.on("data", (chunk) => stored.update(chunk));
  for await (const chunk of file.pipe(gunzip)) plain.update(chunk);
  stored.digest();
  plain.digest();
}

/** The same as fast as this program can: in one thread, from and to memory that is used again. */
async function inflateAndHashByCodec(path: string): Promise<void> {
  const plain = createHash("sha256");
  for await (const chunk of decompress(hashed(path), "gzip", "native", path)) plain.update(chunk);
  plain.digest();
}

async function* hashed(path: string): AsyncGenerator<Uint8Array> {
  const stored = createHash("sha256");
  const buffer = new Uint8Array(CHUNK_BYTES);
  const file = openSync(path, "r");
  for (let read = readSync(file, buffer); read > 0; read = readSync(file, buffer)) {
    stored.update(buffer.subarray(0, read));
    yield buffer.subarray(0, read);
  }
  closeSync(file);
  stored.digest();
}

function layersOf(layout: string): string[] {
  const folder = join(layout, "blobs/sha256");
  const blobs = readdirSync(folder).map((name) => ({
    path: join(folder, name),
    size: statSync(join(folder, name)).size,
  }));
  return blobs
    .filter((blob) => blob.size > 1 << 16)
    .sort((a, b) => b.size - a.size)
    .map((blob) => blob.path);
}

async function main(layout: string, own: boolean): Promise<void> {
  const layers = layersOf(layout);
  const workers = Math.min(availableParallelism(), layers.length);
  await Promise.all(
    Array.from({ length: workers }, () => {
      const worker = new Worker(new URL(import.meta.url), { workerData: { own } });
      const next = (): void => worker.postMessage(layers.shift());
      worker.on("message", next);
      next();
      return new Promise((resolve, reject) => {
        worker.on("exit", resolve);
        worker.on("error", reject);
      });
    }),
  );
}

if (isMainThread) {
  await main(process.argv[2] ?? "", process.argv[3] === "own");
} else {
  const { own } = workerData as { readonly own: boolean };
  parentPort?.on("message", async (path: string | undefined) => {
    if (path === undefined) process.exit(0);
    await (own ? inflateAndHashByCodec(path) : inflateAndHash(path));
    parentPort?.postMessage("done");
  });
}
