import { expect, test } from "bun:test";
import { writeFilesystem } from "../../src/convert/write-filesystem.ts";
import type { FilesystemPlan } from "../../src/filesystem/kind/kind.ts";
import { ImageFile } from "../../src/output/image-file.ts";
import { ImageWriter } from "../../src/output/image-writer.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();

test("a signal is heard between pieces, however short they are", async () => {
  const pieces = 20_000;
  let emitted = 0;
  const plan = {
    moves: [],
    blocks: 1,
    *emit() {
      for (; emitted < pieces; emitted++) yield { position: 0, bytes: new Uint8Array(4) };
    },
  } satisfies Partial<FilesystemPlan>;
  const writer = new ImageWriter(new ImageFile(scratch("image")));
  const abort = new AbortController();
  setImmediate(() => abort.abort(new Error("enough")));
  const request = { signal: abort.signal, report: () => undefined };
  const writing = writeFilesystem(plan as unknown as FilesystemPlan, writer, request);
  expect(await writing.catch((error: Error) => error.message)).toBe("enough");
  expect(emitted).toBeLessThan(pieces);
  await writer.close();
});
