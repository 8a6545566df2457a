/**
 * The floor of any conversion: reads, hashes, inflates and hashes again every layer of a layout, on all cores, and
 * throws the result away. A worker takes the next layer when it is free, the largest first.
 */
import { createHash } from "node:crypto";
import { createReadStream, readdirSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { createGunzip } from "node:zlib";

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

async function main(layout: string): Promise<void> {
  const layers = layersOf(layout);
  const workers = Math.min(availableParallelism(), layers.length);
  await Promise.all(
    Array.from({ length: workers }, () => {
      const worker = new Worker(new URL(import.meta.url), { workerData: true });
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
  await main(process.argv[2] ?? "");
} else if (workerData === true) {
  parentPort?.on("message", async (path: string | undefined) => {
    if (path === undefined) process.exit(0);
    await inflateAndHash(path);
    parentPort?.postMessage("done");
  });
}
