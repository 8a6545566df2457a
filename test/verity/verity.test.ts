/** Trees of hashes against veritysetup, which makes and checks the same. */
import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import {
  closeSync,
  copyFileSync,
  openSync,
  readFileSync,
  readSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { appendVerity, type VerityTree } from "../../src/verity/append.ts";
import { expectError } from "../support/expect-error.ts";
import { run, runOk, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";

const BLOCK = 4096;
const UUID = "01234567-89ab-cdef-0123-456789abcdef";
const SALT = Buffer.from("5a".repeat(31).padStart(64, "0"), "hex");
const IDENTITY = { uuid: Buffer.from(UUID.replaceAll("-", ""), "hex"), salt: SALT };
const ORACLES = ["veritysetup"] as const;

const scratch = scratchFolder();
let files = 0;

/** A file of so many blocks: random ones, every third all zeros. */
function data(blocks: number): string {
  const path = scratch(`data-${files++}`);
  const bytes = randomBytes(blocks * BLOCK);
  for (let i = 0; i < blocks; i += 3) bytes.fill(0, i * BLOCK, (i + 1) * BLOCK);
  writeFileSync(path, bytes);
  return path;
}

async function append(path: string, dataBytes: number, identity = IDENTITY): Promise<VerityTree> {
  const file = openSync(path, "r+");
  try {
    const write = (position: number, bytes: Uint8Array): void => {
      writeSync(file, bytes, 0, bytes.length, position);
    };
    const read = async (position: number, bytes: Uint8Array): Promise<number> =>
      readSync(file, bytes, 0, bytes.length, position);
    return await appendVerity({ read, write }, dataBytes, identity);
  } finally {
    closeSync(file);
  }
}

function verify(path: string, { rootHash, hashOffset }: VerityTree): number {
  return run("veritysetup", ["verify", path, path, rootHash, `--hash-offset=${hashOffset}`]).status;
}

function flipBit(path: string, byte: number): void {
  const file = openSync(path, "r+");
  const bytes = Buffer.alloc(1);
  readSync(file, bytes, 0, 1, byte);
  bytes.writeUInt8(bytes.readUInt8(0) ^ 0x10);
  writeSync(file, bytes, 0, 1, byte);
  closeSync(file);
}

/** 128 digests fill a block: 16,385 blocks are the least that make three levels. */
for (const blocks of [1, 2, 127, 128, 129, 1000, 16_384, 16_385, 20_000]) {
  testWith(ORACLES, `${blocks} blocks: the bytes that veritysetup writes, which it accepts`, async () => {
    const path = data(blocks);
    const theirs = `${path}-theirs`;
    copyFileSync(path, theirs);
    const tree = await append(path, blocks * BLOCK);
    const said = runOk("veritysetup", [
      "format",
      `--salt=${SALT.toString("hex")}`,
      `--uuid=${UUID}`,
      `--hash-offset=${blocks * BLOCK}`,
      `--data-blocks=${blocks}`,
      theirs,
      theirs,
    ]);
    expect(tree.rootHash).toBe(/^Root hash:\s+(\S+)$/m.exec(said)?.[1] ?? "");
    expect(tree.hashOffset).toBe(blocks * BLOCK);
    expect(readFileSync(path).length).toBe(tree.hashOffset + tree.hashBytes);
    expect(readFileSync(path).equals(readFileSync(theirs))).toBe(true);
    expect(verify(path, tree)).toBe(0);
  });
}

testWith(ORACLES, "a bit flipped anywhere in data or tree is refused", async () => {
  const blocks = 300;
  const path = data(blocks);
  const tree = await append(path, blocks * BLOCK);
  expect(tree.hashBytes).toBe(5 * BLOCK);
  const end = blocks * BLOCK;
  const levels = [end + BLOCK, end + 2 * BLOCK, end + 3 * BLOCK + 100, end + 4 * BLOCK + 31];
  for (const byte of [0, 5000, 123_456, end - 1, ...levels]) {
    flipBit(path, byte);
    expect(verify(path, tree)).not.toBe(0);
    flipBit(path, byte);
    expect(verify(path, tree)).toBe(0);
  }
});

testWith(ORACLES, "another root hash is refused, and another salt makes another", async () => {
  const path = data(200);
  const tree = await append(path, 200 * BLOCK);
  expect(
    verify(path, { ...tree, rootHash: tree.rootHash.replace(/^./, (digit) => (digit === "0" ? "1" : "0")) }),
  ).not.toBe(0);
  truncateSync(path, 200 * BLOCK);
  const salted = await append(path, 200 * BLOCK, { ...IDENTITY, salt: Buffer.alloc(32, 1) });
  expect(salted.rootHash).not.toBe(tree.rootHash);
  expect(verify(path, salted)).toBe(0);
});

test("data that ends early is an error that says where, and a signal ends the hashing", async () => {
  const end = 300 * BLOCK;
  const target = {
    read: async (position: number, bytes: Uint8Array) => Math.min(bytes.length, end - position),
    write: () => undefined,
  };
  const early = appendVerity(target, 400 * BLOCK, IDENTITY);
  await expectError(early, "E_IO", "the image ends at byte 1228800 of 1638400");
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(appendVerity(target, BLOCK, { ...IDENTITY, signal })).rejects.toThrow("enough");
});

test("memory does not grow with the data: every read is of 1 MiB at most", async () => {
  let largest = 0;
  let hashed = 0;
  const written: number[] = [];
  const target = {
    read: async (_: number, bytes: Uint8Array) => {
      largest = Math.max(largest, bytes.length);
      return bytes.fill(7).length;
    },
    write: (position: number, bytes: Uint8Array) => {
      written.push(position);
      expect(bytes.length).toBe(BLOCK);
    },
  };
  const onHashed = (bytes: number): void => {
    hashed = bytes;
  };
  const tree = await appendVerity(target, 2 ** 28, { ...IDENTITY, onHashed });
  expect(largest).toBe(2 ** 20);
  expect(hashed).toBe(2 ** 28);
  expect(new Set(written).size).toBe(tree.hashBytes / BLOCK);
});
