/** Content-Range: RFC 9110 section 14.4. */

export interface ByteRange {
  readonly start: number;
  /** The last byte's position. */
  readonly end: number;
  /** Undefined where it is not told. */
  readonly size: number | undefined;
}

/** Undefined for what is no range of bytes. */
export function parseContentRange(value: string | undefined): ByteRange | undefined {
  const [, start, end, size] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/.exec(value?.trim() ?? "") ?? [];
  if (start === undefined || end === undefined) return undefined;
  return { start: Number(start), end: Number(end), size: size === "*" ? undefined : Number(size) };
}

/** Whether the answer to a request for everything from `offset` on holds just that, of `size` bytes. */
export function isRest(range: ByteRange | undefined, offset: number, size: number): boolean {
  if (range === undefined || range.start !== offset || range.end !== size - 1) return false;
  return range.size === undefined || range.size === size;
}
