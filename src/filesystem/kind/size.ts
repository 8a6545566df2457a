/** How large a filesystem is to be, as all kinds that are written to later understand it. */
import { BLOCK_SIZE } from "../../blocks/blocks.ts";
import { Docker2vmError } from "../../errors.ts";

/**
 * Size of the whole. "auto": what is used and `free` blocks, by default as the kind of filesystem says; "min": the
 * fewest blocks that hold everything; "fixed": so many blocks.
 */
export type SizeChoice =
  | { readonly kind: "auto"; readonly free?: number | "default" | undefined }
  | { readonly kind: "min" }
  | { readonly kind: "fixed"; readonly blocks: number };

/**
 * How a filesystem's size comes about. "fixed": as asked for; "min": nothing spare; "auto": what is used and `free`
 * bytes, by default a quarter of what is used and at least 64 MiB.
 */
export type Sizing =
  | { readonly kind: "fixed" | "min" }
  | { readonly kind: "auto"; readonly free: number | "default" };

const SIZE_HINT = `a size is a whole number of bytes from ${BLOCK_SIZE} on; "min" is the smallest that holds the image`;
const FREE_HINT = "free space is a whole number of bytes, and may be 0";

/** A size as a caller gives it, in bytes; checked. Throws E_USAGE. */
export function sizeChoice(
  size: number | "auto" | "min" = "auto",
  free: number | undefined = undefined,
): SizeChoice {
  if (free !== undefined && size !== "auto") {
    throw new Docker2vmError("E_USAGE", "a size and free space contradict each other", {
      hint: "give the one or the other",
    });
  }
  if (size === "min") return { kind: "min" };
  if (size !== "auto") {
    return {
      kind: "fixed",
      blocks: wholeBlocks(size, { what: "a size", least: BLOCK_SIZE, hint: SIZE_HINT }),
    };
  }
  if (free === undefined) return { kind: "auto", free: "default" };
  return { kind: "auto", free: wholeBlocks(free, { what: "free space", least: 0, hint: FREE_HINT }) };
}

/** Bytes as whole blocks, rounded down. Throws E_USAGE for fewer than `least` bytes, and for no number of bytes. */
export function wholeBlocks(
  bytes: number,
  { what, least, hint }: { readonly what: string; readonly least: number; readonly hint: string },
): number {
  if (Number.isSafeInteger(bytes) && bytes >= least) return Math.floor(bytes / BLOCK_SIZE);
  throw new Docker2vmError("E_USAGE", `${what} of ${bytes} bytes is not possible`, { hint });
}

/** What is told of a choice. `spares`: whether the size that is chosen by default has room to spare. */
export function sizingOf(size: SizeChoice, spares: boolean): Sizing {
  if (size.kind !== "auto") return { kind: size.kind };
  if (typeof size.free === "number") return { kind: "auto", free: size.free * BLOCK_SIZE };
  return spares ? { kind: "auto", free: "default" } : { kind: "min" };
}
