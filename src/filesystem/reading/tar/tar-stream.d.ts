/** A part of tar-stream that its types do not have. */
declare module "tar-stream/headers.js" {
  import type { Headers } from "tar-stream";

  /** A header's block; null where it cannot hold something. Its types are those of `Headers`, and "pax-header". */
  export function encode(
    header: Omit<Headers, "type"> & { readonly type?: Headers["type"] | "pax-header" },
  ): Uint8Array | null;
}
