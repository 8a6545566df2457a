import { expect, test } from "bun:test";
import fc from "fast-check";
import { checksumHolds } from "../../src/tar/fields.ts";
import { BLOCK, HEADER } from "../../src/tar/format.ts";

const { offset, width } = HEADER.chksum;

/** The block with this for its checksum. */
function withChecksum(block: Uint8Array, sum: number): Buffer {
  const changed = Buffer.from(block);
  changed.write(`${sum.toString(8).padStart(width - 2, "0")}\0 `, offset, "latin1");
  return changed;
}

/** The sum as POSIX has it, the checksum's own bytes taken for blanks, and as it is of signed bytes. */
function sums(block: Uint8Array): { unsigned: number; signed: number } {
  const others = [...block].map((byte, at) => (at >= offset && at < offset + width ? 0x20 : byte));
  const unsigned = others.reduce((sum, byte) => sum + byte, 0);
  return { unsigned, signed: unsigned - 256 * others.filter((byte) => byte > 127).length };
}

const blocks = fc.oneof(
  fc.uint8Array({ minLength: BLOCK, maxLength: BLOCK }),
  fc.constantFrom(0, 127, 128, 255).map((byte) => new Uint8Array(BLOCK).fill(byte)),
);

test("a checksum holds that is the sum of all bytes, unsigned or signed, and no other", () => {
  const property = fc.property(blocks, fc.integer({ min: 1, max: 300 }), (block, other) => {
    const { unsigned, signed } = sums(block);
    expect(checksumHolds(withChecksum(block, unsigned))).toBe(true);
    if (signed > 0) expect(checksumHolds(withChecksum(block, signed))).toBe(true);
    if (unsigned + other !== signed) expect(checksumHolds(withChecksum(block, unsigned + other))).toBe(false);
    if (unsigned - other !== signed && unsigned > other)
      expect(checksumHolds(withChecksum(block, unsigned - other))).toBe(false);
  });
  fc.assert(property, { numRuns: 500 });
});
