import { describe, expect, test } from "bun:test";
import { be16, be32, be64, le16, le32, le64, type NumberField, sle64, u8 } from "../../src/blocks/field.ts";

const VALUES = [0, 1, -1, 0x7f, 0x80, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xdead_beef, -(2 ** 31)];
const LONG_VALUES = [2 ** 32, 2 ** 32 + 5, 2 ** 40 - 1, 2 ** 53 - 1];
const FIELDS: readonly (readonly [string, NumberField])[] = [
  ["u8", u8(1)],
  ["le16", le16(1)],
  ["be16", be16(1)],
  ["le32", le32(1)],
  ["be32", be32(1)],
  ["le64", le64(1)],
  ["be64", be64(1)],
  ["sle64", sle64(1)],
];

function written(field: NumberField, value: number): Uint8Array {
  const bytes = new Uint8Array(16);
  field.put(new DataView(bytes.buffer), 2, value);
  return bytes;
}

/** The same by whole numbers of any size. */
function expected({ width, littleEndian }: NumberField, value: number): Uint8Array {
  const bytes = new Uint8Array(16);
  for (let i = 0; i < width; i++) {
    const byte = BigInt.asUintN(8, BigInt(value) >> BigInt(8 * i));
    bytes[3 + (littleEndian ? i : width - 1 - i)] = Number(byte);
  }
  return bytes;
}

describe.each(FIELDS)("a field %s", (_, field) => {
  test.each([...VALUES, ...LONG_VALUES])("has the low bits of %d, and touches nothing beside it", (value) => {
    expect(written(field, value)).toEqual(expected(field, value));
  });

  test("gives back what fits", () => {
    const limit = 2 ** (8 * field.width);
    for (const value of [...VALUES, ...LONG_VALUES].filter((it) => it >= 0 && it < limit)) {
      expect(field.get(new DataView(written(field, value).buffer), 2)).toBe(value);
    }
  });
});

test("a signed field gives back negative numbers", () => {
  for (const value of [-1, -(2 ** 31), -(2 ** 52)]) {
    expect(sle64(1).get(new DataView(written(sle64(1), value).buffer), 2)).toBe(value);
  }
});
