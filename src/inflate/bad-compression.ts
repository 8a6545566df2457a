import { Docker2vmError } from "../errors.ts";

/**
 * E_BAD_COMPRESSION. One message for damage of any kind and from any codec: what a codec makes of damaged bytes depends
 * on where it stumbles, and is in the cause.
 */
export function badCompression(layer: string, format: "gzip" | "zstd", cause: unknown): Docker2vmError {
  return new Docker2vmError("E_BAD_COMPRESSION", `${layer}: its ${format} data is damaged or cut short`, {
    hint: "the layer was compressed wrongly or is damaged: rebuild the image, or pull it again",
    cause,
  });
}

/** Runs a step; what it throws comes out as `damaged` of it. */
export function checked(damaged: (cause: unknown) => Error, step: () => void): void {
  try {
    step();
  } catch (error) {
    throw damaged(error);
  }
}
