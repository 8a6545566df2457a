/** Threads that end before their work: the conversion fails, and says what to do. */
import { describe, expect, test } from "bun:test";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { PackPool } from "../../src/convert/workers/pack-pool.ts";
import { WorkerPool } from "../../src/convert/workers/pool.ts";
import { Batch, batchBlocks } from "../../src/filesystem/erofs/write/batch.ts";
import type { LayerBlob } from "../../src/layer/layer-blob.ts";
import { parsePlatform } from "../../src/oci/platform.ts";
import { openSource } from "../../src/source/open.ts";
import { noise } from "../registry/support.ts";
import { expectError } from "../support/expect-error.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { run, testWith } from "../support/oracles.ts";
import { installPackage, PACKAGE, REPOSITORY } from "../support/package.ts";
import { scratchFolder } from "../support/scratch.ts";
import { tar } from "../support/tar-builder.ts";
import { until } from "../support/waiting.ts";

const scratch = scratchFolder();
const REAL = join(REPOSITORY, "src/convert/workers/worker.ts");

/** What a thread's module does, and what is said of it. Without a text it is not there. */
const MODULES: Readonly<Record<string, readonly [text: string | undefined, said: string]>> = {
  "is not there": [undefined, "Cannot find module"],
  "throws when it is loaded": ["throw new Error('not today');", "not today"],
  "throws what is no error": ["throw 'a text';", "a text"],
  "ends when it is loaded": ["process.exit(0);", "it exited with code 0"],
  "ends at its first message": [
    "import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => process.exit(3));",
    "it exited with code 3",
  ],
};

/** The layers of an image, read through rings where `place` is false. */
async function layersOf(place: boolean): Promise<readonly LayerBlob[]> {
  const path = scratch("layout");
  if (!existsSync(path)) {
    buildLayout(path, { layers: [1, 2].map((seed) => tar([{ path: "f", data: noise(12_000_000, seed) }])) });
  }
  const source = await openSource(
    { kind: "oci-layout", path },
    { scratchFolder: path, verifyKey: undefined },
  );
  const { layers } = await source.resolve(parsePlatform("linux/amd64"), false);
  return place ? layers : layers.map(({ place: _, ...layer }) => layer);
}

const PACKING = { algorithm: "lz4", level: 1, clusterBlocks: 16 } as const;

async function drain(tar: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0;
  for await (const chunk of tar) bytes += chunk.length;
  return bytes;
}

describe("a thread whose module", () => {
  for (const [what, [text, said]] of Object.entries(MODULES)) {
    test(`${what} ends the compression of every batch`, async () => {
      const file = scratch("packing.ts");
      rmSync(file, { force: true });
      if (text !== undefined) writeFileSync(file, text);
      const pool = new PackPool(2, PACKING, pathToFileURL(file));
      const memory = pool.memory(Batch.size(batchBlocks(PACKING)));
      for (let batch = 0; batch < 4; batch++) {
        await expectError(pool.pack(memory), "E_INTERNAL", said, "--workers 0");
      }
      await pool.close();
    });

    test(`${what} ends the reading of every layer`, async () => {
      const file = scratch("module.ts");
      rmSync(file, { force: true });
      if (text !== undefined) writeFileSync(file, text);
      for (const place of [true, false]) {
        for (const workers of [1, 2]) {
          const layers = await layersOf(place);
          const pool = new WorkerPool(workers, layers, pathToFileURL(file));
          const [first, second] = layers;
          if (first === undefined || second === undefined) throw new Error("two layers are needed");
          const fails = (layer: LayerBlob) =>
            expectError(pool.read(layer, { inflate: "auto" }, drain), "E_INTERNAL", said, "--workers 0");
          await Promise.all([fails(first), fails(second)]);
          // The thread has been gone for long.
          await fails(first);
          await pool.close();
        }
      }
    });
  }

  test("ends in the middle of the work ends the reading of its layers", async () => {
    const file = scratch("late.ts");
    const ended = scratch("ended");
    writeFileSync(
      file,
      `import { writeFileSync } from "node:fs";
      import { parentPort } from "node:worker_threads";
      import ${JSON.stringify(REAL)};
      parentPort.on("message", () => setTimeout(() => {
        writeFileSync(${JSON.stringify(ended)}, "");
        process.exit(5);
      }, 30));`,
    );
    const [layer] = await layersOf(false);
    if (layer === undefined) throw new Error("a layer is needed");
    // The layer is longer than what a thread has ready before somebody takes it.
    const slowly = async (tar: AsyncIterable<Uint8Array>): Promise<void> => {
      for await (const _ of tar) await until(() => existsSync(ended));
    };
    for (const workers of [1, 2]) {
      rmSync(ended, { force: true });
      const pool = new WorkerPool(workers, [layer], pathToFileURL(file));
      await expectError(pool.read(layer, { inflate: "auto" }, slowly), "E_INTERNAL", "exited with code 5");
      await pool.close();
    }
  });
});

describe("the package without a sound worker.js", () => {
  testWith(["node", "npm", "tar"], "tells of it under Node and Bun, and leaves nothing", () => {
    const installed = installPackage(scratch("installed"));
    const main = join(installed, PACKAGE.bin.docker2vm);
    const hello = join(REPOSITORY, "fixtures/images/hello");
    const image = ["convert", `oci:${hello}`, "--platform", "linux/amd64", "--layer-store", "off"];
    const convert = [...image, "--out", scratch("out")];
    for (const [text, said] of Object.values(MODULES)) {
      rmSync(join(installed, "dist/worker.js"), { force: true });
      if (text !== undefined) writeFileSync(join(installed, "dist/worker.js"), text);
      for (const runtime of ["node", process.execPath]) {
        const ran = run(runtime, [main, ...convert, "--workers", "2", "--progress", "none"]);
        expect(ran.stderr).toStartWith("error: a thread that reads layers has ended: ");
        expect(ran.stderr).toContain(said);
        expect(ran.stderr).toContain("hint: do without threads (--workers 0)");
        expect(ran.status).toBe(1);
        expect(existsSync(scratch("out"))).toBe(false);
      }
    }
  });
});
