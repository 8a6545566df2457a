import { expect, test } from "bun:test";
import { CHUNK_SIZE, giveBack, SMALL_CHUNK_SIZE, takeChunk } from "../../src/memory/chunks.ts";

test("a chunk that was given back is the next one taken", () => {
  const chunk = takeChunk();
  giveBack(chunk);
  const next = takeChunk();
  expect(next.buffer === chunk.buffer).toBe(true);
  expect(takeChunk().buffer === chunk.buffer).toBe(false);
  // Only the beginning was filled: it is a chunk all the same.
  giveBack(next.subarray(0, 10));
  expect(takeChunk().buffer === chunk.buffer && takeChunk().length === CHUNK_SIZE).toBe(true);
});

test("a small one comes from a stock of its own", () => {
  const chunk = takeChunk(SMALL_CHUNK_SIZE);
  giveBack(chunk.subarray(0, 10));
  expect(takeChunk().length).toBe(CHUNK_SIZE);
  const next = takeChunk(SMALL_CHUNK_SIZE);
  expect([next.length, next.buffer === chunk.buffer]).toEqual([SMALL_CHUNK_SIZE, true]);
  expect(takeChunk(SMALL_CHUNK_SIZE).buffer === chunk.buffer).toBe(false);
});

test("a part of somebody's memory is not taken for being as long as a small one", () => {
  const whole = new Uint8Array(SMALL_CHUNK_SIZE).fill(1);
  giveBack(whole.subarray(0, 10));
  expect(whole.every((byte) => byte === 1)).toBe(true);
  expect(takeChunk(SMALL_CHUNK_SIZE).buffer).not.toBe(whole.buffer);
});

test("memory of another length is let go of, if it had its buffer to itself", () => {
  const odd = takeChunk(1000);
  expect(odd.buffer.byteLength).toBe(1000);
  giveBack(odd.subarray(0, 999));
  expect(odd.length).toBe(1000);
  giveBack(odd);
  expect(odd.length).toBe(0);
});

test("a part of something is not taken: others may look at the rest", () => {
  const whole = new Uint8Array(2 * CHUNK_SIZE).fill(1);
  giveBack(whole.subarray(0, CHUNK_SIZE));
  giveBack(whole.subarray(CHUNK_SIZE, CHUNK_SIZE + 10));
  expect(whole.every((byte) => byte === 1)).toBe(true);
  expect(takeChunk().buffer).not.toBe(whole.buffer);
});

test("memory that threads share is not taken", () => {
  const shared = new Uint8Array(new SharedArrayBuffer(CHUNK_SIZE));
  giveBack(shared);
  expect(takeChunk().buffer).not.toBe(shared.buffer);
});

test("what has gone to another thread is not taken", () => {
  const chunk = takeChunk();
  structuredClone(chunk, { transfer: [chunk.buffer as ArrayBuffer] });
  giveBack(chunk);
  expect(takeChunk().length).toBe(CHUNK_SIZE);
});

test("there are never more in stock than are of use", () => {
  const chunks = Array.from({ length: 40 }, () => takeChunk());
  for (const chunk of chunks) giveBack(chunk);
  expect(chunks.filter((chunk) => chunk.length > 0).length).toBe(16);
  for (let taken = 0; taken < 16; taken++) takeChunk();
});
