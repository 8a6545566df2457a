import type { Digest } from "../oci/digest.ts";
import type { RegistryEvent } from "../source/registry-options.ts";
import type { LayerMetadata } from "./meta.ts";

/** Where a result was found: in the cache on this machine, or in a registry. */
export type ReusedFrom = "result-cache" | "remote-cache";

/** What a conversion tells while it runs, in the order it happens; layers overlap, and `index` 0 is the lowest. */
export type ProgressEvent =
  /** Standard input is being kept on disk: its list of layers comes last. `bytes` so far. */
  | { readonly type: "spooling"; readonly bytes: number }
  | {
      readonly type: "resolved";
      /** All as in `meta.json`; absent where only the files themselves tell. */
      readonly sourceDigest?: Digest;
      readonly platform?: string;
      readonly layers: readonly LayerMetadata[];
    }
  /** The result is an earlier one, from where it says: no layer is read. */
  | { readonly type: "reused"; readonly from: ReusedFrom }
  /** `stored` of the layer's `size` stored bytes are in, or what they come to: of one layer never less than before. */
  | { readonly type: "layer"; readonly index: number; readonly stored: number; readonly size: number }
  /** Every check of the layer held. */
  | { readonly type: "layer-done"; readonly index: number }
  /** Of a source without layers: so many files have come, and bytes of their contents. */
  | { readonly type: "files"; readonly files: number; readonly bytes: number }
  /** All contents are in; the filesystem around them is written: `written` bytes so far. */
  | { readonly type: "filesystem"; readonly written: number }
  | { readonly type: "warning"; readonly message: string }
  /** What happens between this program and a registry: retries, downloads, limits. */
  | RegistryEvent;
