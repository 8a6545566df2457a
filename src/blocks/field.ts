/**
 * On-disk structures as tables of fields. A table serves both ways: `encode` and `put` write what a writer knows,
 * `decode` and `get` read what a reader finds.
 */

import { assert } from "../errors.ts";

/**
 * An unsigned integer of 1, 2, 4 or 8 bytes at `offset` of its structure, a signed one where 8 bytes are said to be.
 * Eight-byte values must be below 2^53, and above -(2^53).
 */
export class NumberField {
  readonly offset: number;
  readonly width: 1 | 2 | 4 | 8;
  readonly littleEndian: boolean;
  readonly signed: boolean;

  constructor(offset: number, width: 1 | 2 | 4 | 8, littleEndian: boolean, signed = false) {
    this.offset = offset;
    this.width = width;
    this.littleEndian = littleEndian;
    this.signed = signed;
  }

  get(view: DataView, at: number): number {
    const where = at + this.offset;
    if (this.width === 4) return view.getUint32(where, this.littleEndian);
    if (this.width === 2) return view.getUint16(where, this.littleEndian);
    if (this.width === 1) return view.getUint8(where);
    const { littleEndian } = this;
    const upper = littleEndian ? where + 4 : where;
    const high = this.signed ? view.getInt32(upper, littleEndian) : view.getUint32(upper, littleEndian);
    return high * 2 ** 32 + view.getUint32(littleEndian ? where : where + 4, littleEndian);
  }

  /**
   * Writes the low bits of `value` that the width holds, as a C assignment does. They are cut off here, though a view
   * would do it: for a number of more than 31 bits Bun leaves compiled code, and all fields share this.
   */
  put(view: DataView, at: number, value: number): void {
    const where = at + this.offset;
    if (this.width === 4) view.setUint32(where, value | 0, this.littleEndian);
    else if (this.width === 2) view.setUint16(where, value & 0xffff, this.littleEndian);
    else if (this.width === 1) view.setUint8(where, value & 0xff);
    else this.#putHalves(view, where, value);
  }

  /** Without big integers: each is an object, and an inode has ten such fields. */
  #putHalves(view: DataView, where: number, value: number): void {
    const high = Math.floor(value / 2 ** 32);
    const { littleEndian } = this;
    view.setUint32(littleEndian ? where + 4 : where, high | 0, littleEndian);
    view.setUint32(littleEndian ? where : where + 4, (value - high * 2 ** 32) | 0, littleEndian);
  }
}

/** `width` raw bytes at `offset` of their structure. */
export class BytesField {
  readonly offset: number;
  readonly width: number;

  constructor(offset: number, width: number) {
    this.offset = offset;
    this.width = width;
  }

  /** A copy of the bytes. */
  get(view: DataView, at: number): Uint8Array {
    return new Uint8Array(view.buffer, view.byteOffset + at + this.offset, this.width).slice();
  }

  /** Writes `bytes`, which may be shorter than the field: the rest is left as it is. */
  put(view: DataView, at: number, bytes: Uint8Array): void {
    assert(bytes.length <= this.width, "bytes are longer than their field");
    for (let i = 0; i < bytes.length; i++) view.setUint8(at + this.offset + i, bytes[i] ?? 0);
  }
}

export type Structure = Readonly<Record<string, NumberField | BytesField>>;
export type Values<S extends Structure> = {
  -readonly [Name in keyof S]: S[Name] extends NumberField ? number : Uint8Array;
};

export const u8 = (offset: number): NumberField => new NumberField(offset, 1, true);
export const le16 = (offset: number): NumberField => new NumberField(offset, 2, true);
export const le32 = (offset: number): NumberField => new NumberField(offset, 4, true);
export const le64 = (offset: number): NumberField => new NumberField(offset, 8, true);
export const sle64 = (offset: number): NumberField => new NumberField(offset, 8, true, true);
export const be16 = (offset: number): NumberField => new NumberField(offset, 2, false);
export const be32 = (offset: number): NumberField => new NumberField(offset, 4, false);
export const be64 = (offset: number): NumberField => new NumberField(offset, 8, false);
export const bytes = (offset: number, width: number): BytesField => new BytesField(offset, width);

/** Every field of the structure that lies at byte `at` of the view. */
export function decode<S extends Structure>(structure: S, view: DataView, at: number): Values<S> {
  const values: Record<string, number | Uint8Array> = {};
  for (const [name, field] of Object.entries(structure)) values[name] = field.get(view, at);
  return values as Values<S>;
}

/**
 * Fields of structures of which there are so many that decoding them whole would cost more than all else: each is read
 * from the view when it is asked for, the structure beginning at its first byte.
 */
export function lazily<S extends Structure>(structure: S): (view: DataView) => Readonly<Values<S>> {
  class Fields {
    readonly view: DataView;

    constructor(view: DataView) {
      this.view = view;
    }
  }
  for (const [name, field] of Object.entries(structure)) {
    Object.defineProperty(Fields.prototype, name, {
      get(this: Fields) {
        return field.get(this.view, 0);
      },
    });
  }
  return (view) => new Fields(view) as unknown as Values<S>;
}

/** Writes the given fields of the structure at byte `at` of the view and leaves the others as they are. */
export function encode<S extends Structure>(
  structure: S,
  view: DataView,
  at: number,
  values: Partial<Values<S>>,
): void {
  for (const name of Object.keys(values)) {
    const field = structure[name];
    const value = values[name];
    if (field instanceof NumberField) field.put(view, at, value as number);
    else field?.put(view, at, value as Uint8Array);
  }
}

/** The view of a byte array, at the same place and length. */
export function viewOf(array: Uint8Array): DataView {
  return new DataView(array.buffer, array.byteOffset, array.byteLength);
}

/** The bits of `value` from 32 on, for the upper half of a field that the format splits. */
export function high32(value: number): number {
  return Math.floor(value / 2 ** 32);
}
