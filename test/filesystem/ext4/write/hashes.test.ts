import { expect, test } from "bun:test";
import { crc } from "../../../../src/filesystem/ext4/format/checksum.ts";
import { directoryHash } from "../../../../src/filesystem/ext4/format/dirhash.ts";
import { runOk, testWith } from "../../../support/oracles.ts";

const SEED = "01020304-0506-0708-090a-0b0c0d0e0f10";
/** EXT2_HASH_HALF_MD4_UNSIGNED: debugfs has no name for it. */
const UNSIGNED = "4";
const SEED_BYTES = Uint8Array.from(Buffer.from(SEED.replaceAll("-", ""), "hex"));

test("the running CRC-32C is the usual one without its inversions", () => {
  // The check value of CRC-32C over "123456789" is e3069283, inverted at both ends.
  const digits = Buffer.from("123456789");
  expect(crc(0xffffffff, digits)).toBe(~0xe3069283 >>> 0);
  expect(crc(0, digits)).toBe(0x58e3fa20);
});

test("the running CRC-32C of parts is that of the whole", () => {
  const bytes = Buffer.from("the quick brown fox jumps over the lazy dog, twice and once more");
  for (const cut of [0, 1, 15, 16, 17, bytes.length]) {
    expect(crc(crc(0xffffffff, bytes.subarray(0, cut)), bytes.subarray(cut))).toBe(crc(0xffffffff, bytes));
  }
});

const NAMES = [
  "a",
  "abc",
  "abcd",
  "passwd",
  "lost+found",
  "x".repeat(31),
  "x".repeat(32),
  "x".repeat(33),
  `${"long name ".repeat(25)}end.`,
];

for (const seed of [SEED, "00000000-0000-0000-0000-000000000000"]) {
  testWith(["debugfs"], `half MD4 hashes names as debugfs does with the seed ${seed}`, () => {
    const hash = directoryHash(Uint8Array.from(Buffer.from(seed.replaceAll("-", ""), "hex")), "signed");
    for (const name of NAMES) expect(hash(name)).toBe(debugfsHash("half_md4", seed, name));
  });
}

testWith(["debugfs"], "half MD4 hashes names beyond ASCII as debugfs does, signed and unsigned", () => {
  // Bytes that are UTF-8, since a command line of debugfs is text.
  for (const text of ["é", "naïve-café", "日本語のとても長いファイル名です.txt", `${"ü".repeat(40)}x`]) {
    const name = Buffer.from(text).toString("latin1");
    expect(directoryHash(SEED_BYTES, "signed")(name)).toBe(debugfsHash("half_md4", SEED, text));
    expect(directoryHash(SEED_BYTES, "unsigned")(name)).toBe(debugfsHash(UNSIGNED, SEED, text));
  }
});

function debugfsHash(version: string, seed: string, name: string): number {
  const said = runOk("debugfs", ["-R", `dx_hash -h ${version} -s ${seed} "${name}"`]);
  return Number.parseInt(/is 0x([0-9a-f]+)/.exec(said)?.[1] ?? "", 16);
}
