import { TarWalker } from "../../tar/walker.ts";
import { AttributePool } from "../../tree/attribute-pool.ts";
import { Tally } from "../../tree/tally.ts";
import { TreeBudget } from "../../tree/tree-budget.ts";
import type { TarEntry, TarPart } from "./entry.ts";
import { EntryReader } from "./entry-reader.ts";
import { badLayer } from "./fault.ts";
import type { WarningKind } from "./warn.ts";

export type { TarEntry, TarPart } from "./entry.ts";

export interface TarContext {
  /** What error messages call the layer. */
  readonly layer: string;
  /** Hears what is not an error; the message does not name the layer. */
  readonly onWarning?: ((message: string) => void) | undefined;
  /** Where the image's extended attributes are kept; absent: they are this tar's alone. */
  readonly attributes?: AttributePool | undefined;
}

/**
 * What a tar is made of, in order: entries, each file's followed by its contents. One list for each chunk, good until
 * the next: lists cost a turn of the event loop, parts do not. Reads the chunks to their end, also past the archive's.
 * Throws E_BAD_LAYER for an archive that is broken or cut short; what stands before the fault has come by then. Whatever
 * the chunks throw goes through.
 */
export async function* tarParts(
  chunks: AsyncIterable<Uint8Array>,
  { layer, onWarning, attributes = new AttributePool(new TreeBudget()) }: TarContext,
): AsyncGenerator<readonly TarPart[]> {
  const warnings = new Tally<WarningKind>();
  const walker = new TarWalker<TarEntry, WarningKind>({
    reader: new EntryReader(attributes),
    warn: (kind, message) => warnings.add(kind, message),
    warnOfEnd: (message) => onWarning?.(message),
  });
  for await (const chunk of chunks) {
    walker.push(chunk);
    const parts = walker.take();
    if (parts.length > 0) yield parts;
    // Used up: what is seen here by a collector in the meantime it takes for what stays.
    parts.length = 0;
    throwFailure(walker, layer);
  }
  walker.finish();
  warnings.tell(onWarning);
  throwFailure(walker, layer);
}

function throwFailure({ failure }: TarWalker<TarEntry, WarningKind>, layer: string): void {
  if (failure === undefined) return;
  throw badLayer(layer, failure.what, failure.offset, failure.path);
}
