import { describe, expect, test } from "bun:test";
import { Worker } from "node:worker_threads";
import { clearRing, RingReader, RingWriter, ringMemory } from "../../src/convert/workers/ring.ts";
import { CHUNK_SIZE } from "../../src/memory/chunks.ts";

/** Puts a chunk that begins with `value` and is `length` bytes long. */
async function put(writer: RingWriter, value: number, length = 10): Promise<void> {
  const slot = await writer.slot();
  if (slot === undefined) throw new Error("the ring is closed");
  expect(slot.length).toBe(CHUNK_SIZE);
  slot[0] = value;
  writer.put(length);
}

async function values(reader: RingReader): Promise<number[]> {
  const found: number[] = [];
  for (let chunk = await reader.next(); chunk !== undefined; chunk = await reader.next()) {
    found.push(chunk[0] ?? -1);
  }
  return found;
}

/** Whether a promise is still open after a few turns of the event loop. */
async function isOpen(promise: Promise<unknown>): Promise<boolean> {
  const settled = promise.then(() => true);
  return !(await Promise.race([settled, Bun.sleep(20).then(() => false)]));
}

describe("a ring", () => {
  test("gives its chunks in order, as long as they were made, and then its end", async () => {
    const memory = ringMemory(3);
    const writer = new RingWriter(memory);
    const reader = new RingReader(memory);
    await put(writer, 7, 5);
    await put(writer, 8, CHUNK_SIZE);
    await writer.end();
    expect(await reader.next()).toHaveLength(5);
    expect(await reader.next()).toHaveLength(CHUNK_SIZE);
    expect(reader.isComplete).toBe(false);
    expect(await reader.next()).toBeUndefined();
    expect(reader.isComplete).toBe(true);
  });

  test("gathers what is written to it into whole chunks, and hands on the rest at its end", async () => {
    for (const finish of ["end", "break"] as const) {
      const memory = ringMemory(4);
      const writer = new RingWriter(memory);
      const reader = new RingReader(memory);
      expect(await writer.write(new Uint8Array(10).fill(1))).toBe(true);
      expect(await isOpen(reader.next())).toBe(true);
      const second = new RingReader(memory);
      await writer.write(new Uint8Array(CHUNK_SIZE).fill(2));
      await writer[finish]();
      const whole = await second.next();
      expect(whole).toHaveLength(CHUNK_SIZE);
      expect([whole?.[9], whole?.[10], whole?.at(-1)]).toEqual([1, 2, 2]);
      expect(await second.next()).toEqual(new Uint8Array(10).fill(2));
      expect(await second.next()).toBeUndefined();
      expect(second.isComplete).toBe(finish === "end");
    }
  });

  test("that was closed takes no more of what is written", async () => {
    const writer = new RingWriter(ringMemory(1));
    expect(await writer.write(new Uint8Array(CHUNK_SIZE))).toBe(true);
    const waiting = writer.write(new Uint8Array(1));
    writer.close();
    expect(await waiting).toBe(false);
  });

  test("leaves chunks as they are that are held, and those after them, until all are released", async () => {
    const memory = ringMemory(3);
    const writer = new RingWriter(memory);
    const reader = new RingReader(memory);
    for (const value of [1, 2, 3]) await put(writer, value);
    const first = await reader.next();
    const release = [reader.hold()];
    await reader.next();
    release.push(reader.hold());
    const third = await reader.next();
    const slot = writer.slot();
    const released = reader.released();
    release[1]?.();
    expect([await isOpen(slot), await isOpen(released)]).toEqual([true, true]);
    release[0]?.();
    expect([await isOpen(slot), await isOpen(released)]).toEqual([false, false]);
    expect((await slot)?.byteOffset).toBe(first?.byteOffset ?? -1);
    // The second one is free as well, the third is the reader's still.
    await put(writer, 4);
    await put(writer, 5);
    expect(await isOpen(writer.slot())).toBe(true);
    expect(third?.[0]).toBe(3);
  });

  test("makes its writer wait for a slot until the reader asks for the next chunk", async () => {
    const memory = ringMemory(2);
    const writer = new RingWriter(memory);
    const reader = new RingReader(memory);
    await put(writer, 1);
    await put(writer, 2);
    const slot = writer.slot();
    expect(await isOpen(slot)).toBe(true);
    const first = await reader.next();
    expect(await isOpen(slot)).toBe(true);
    expect(first?.[0]).toBe(1);
    await reader.next();
    expect(await slot).toHaveLength(CHUNK_SIZE);
  });

  test("makes its reader wait for a chunk", async () => {
    const memory = ringMemory(2);
    const reader = new RingReader(memory);
    const next = reader.next();
    expect(await isOpen(next)).toBe(true);
    await put(new RingWriter(memory), 1);
    expect((await next)?.[0]).toBe(1);
  });

  test("keeps a chunk until the slower of two readers is done with it", async () => {
    const memory = ringMemory(2);
    const writer = new RingWriter(memory, 2);
    const quick = values(new RingReader(memory, 1));
    const slow = new RingReader(memory, 0);
    for (const value of [1, 2]) await put(writer, value);
    const third = put(writer, 3);
    expect(await isOpen(third)).toBe(true);
    expect((await slow.next())?.[0]).toBe(1);
    expect((await slow.next())?.[0]).toBe(2);
    await third;
    const end = writer.end();
    expect(await values(slow)).toEqual([3]);
    await end;
    expect(await quick).toEqual([1, 2, 3]);
  });

  test("that is broken ends after what was good, and is not complete", async () => {
    const memory = ringMemory(4);
    const writer = new RingWriter(memory);
    const reader = new RingReader(memory);
    await put(writer, 1);
    await writer.break();
    expect(await values(reader)).toEqual([1]);
    expect(reader.isComplete).toBe(false);
  });

  test("that its reader's thread closed gives no more chunks, also to who waits", async () => {
    const reader = new RingReader(ringMemory(2));
    const next = reader.next();
    expect(await isOpen(next)).toBe(true);
    reader.close();
    expect(await next).toBeUndefined();
    expect(reader.isComplete).toBe(false);
  });

  test("that its writer's thread closed gives no more slots, also to who waits, and no end", async () => {
    const memory = ringMemory(1);
    const writer = new RingWriter(memory);
    await put(writer, 1);
    const slot = writer.slot();
    expect(await isOpen(slot)).toBe(true);
    writer.close();
    expect(await slot).toBeUndefined();
    await writer.end();
    const reader = new RingReader(memory);
    expect((await reader.next())?.[0]).toBe(1);
    expect(await isOpen(reader.next())).toBe(true);
  });

  test("is new once it is cleared", async () => {
    const memory = ringMemory(2);
    for (const value of [1, 2, 3]) {
      const writer = new RingWriter(memory);
      const read = values(new RingReader(memory));
      for (let i = 0; i < 5; i++) await put(writer, value + i);
      await writer.end();
      expect(await read).toEqual([0, 1, 2, 3, 4].map((i) => value + i));
      clearRing(memory);
    }
  });
});

/** Takes a ring and echoes its chunks into another. */
const ECHO = `
import { parentPort } from "node:worker_threads";
import { RingReader, RingWriter } from ${JSON.stringify(new URL("../../src/convert/workers/ring.ts", import.meta.url).href)};
parentPort.on("message", async ({ there, back }) => {
  const reader = new RingReader(there);
  const writer = new RingWriter(back);
  for (let chunk = await reader.next(); chunk !== undefined; chunk = await reader.next()) {
    (await writer.slot()).set(chunk);
    writer.put(chunk.length);
  }
  await writer.end();
  parentPort.close();
});
`;

test("bytes go to another thread and back as they were", async () => {
  const there = ringMemory(2);
  const back = ringMemory(3);
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(ECHO)}`));
  worker.postMessage({ there, back });
  const writer = new RingWriter(there);
  const reader = new RingReader(back);
  const chunks = Array.from({ length: 200 }, (_, i) =>
    Uint8Array.from({ length: (i * 7919) % 5000 }, (_, at) => (at * i) & 0xff),
  );
  const sending = (async () => {
    for (const chunk of chunks) {
      (await writer.slot())?.set(chunk);
      writer.put(chunk.length);
    }
    await writer.end();
  })();
  for (const chunk of chunks)
    expect(Buffer.compare((await reader.next()) ?? Buffer.from("end"), chunk)).toBe(0);
  expect(await reader.next()).toBeUndefined();
  expect(reader.isComplete).toBe(true);
  await sending;
});
