import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { openStoredTar, uncompressedTar } from "../../src/rootfs/stored-tar.ts";
import type { ByteStream } from "../../src/source/byte-stream.ts";
import { collect } from "../layer/support.ts";
import { expectError } from "../support/expect-error.ts";

async function read(bytes: ByteStream): Promise<AsyncGenerator<Uint8Array>> {
  const stored = await openStoredTar({ kind: "rootfs-tar", bytes }, "the tar");
  const { signal } = new AbortController();
  return uncompressedTar(stored, "the tar", { signal, inflate: "auto", howTo: () => "unxz" });
}

test("a reader that stops does not wait for a source that has been asked for more and hangs", async () => {
  let hangs: () => void = () => undefined;
  const hanging = new Promise<void>((resolve) => {
    hangs = resolve;
  });
  async function* bytes() {
    // Enough for a chunk that is read, and for one that is being made by then.
    yield Uint8Array.from(gzipSync(randomBytes(3 << 20), { level: 0 }).subarray(0, 1.5 * (1 << 20)));
    hangs();
    await new Promise(() => undefined);
  }
  for await (const _ of await read(bytes())) {
    await Promise.race([hanging, Bun.sleep(100)]);
    break;
  }
});

test("a stream that is not wanted is told so, whatever is in it", async () => {
  const cancelled: string[] = [];
  const stream = (name: string, bytes: Uint8Array) =>
    new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(Uint8Array.from(bytes)),
      cancel: () => void cancelled.push(name),
    });
  const xz = Buffer.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 0, 0, 0);
  await expectError(collect(await read(stream("xz", xz))), "E_UNSUPPORTED", "compressed with xz");
  for await (const _ of await read(stream("plain", Buffer.alloc(512)))) break;
  expect(cancelled).toEqual(["xz", "plain"]);
});
