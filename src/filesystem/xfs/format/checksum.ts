import { crc32c } from "../../../blocks/crc32c.ts";
import { type NumberField, viewOf } from "../../../blocks/field.ts";

/** Writes the checksum of a whole sector, block or inode into its field, which is zero so far. */
export function seal(bytes: Uint8Array, field: NumberField): void {
  field.put(viewOf(bytes), 0, crc32c(bytes));
}

/** Whether the checksum in the field is that of the whole. */
export function isSealed(bytes: Uint8Array, field: NumberField): boolean {
  const copy = Uint8Array.from(bytes);
  field.put(viewOf(copy), 0, 0);
  return crc32c(copy) === field.get(viewOf(bytes), 0);
}
