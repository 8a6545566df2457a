import type { TarPart } from "./entry.ts";
import { type TarContext, TarWalker } from "./walker.ts";

export type { TarEntry, TarEntryType, TarPart } from "./entry.ts";

/**
 * What a tar is made of, in order: entries, each file's followed by its contents. One list for each chunk, good until
 * the next: lists cost a turn of the event loop, parts do not. Reads the chunks to their end, also past the archive's.
 * Throws E_BAD_LAYER for an archive that is broken or cut short; what stands before the fault has come by then. Whatever
 * the chunks throw goes through.
 */
export async function* tarParts(
  chunks: AsyncIterable<Uint8Array>,
  context: TarContext,
): AsyncGenerator<readonly TarPart[]> {
  const walker = new TarWalker(context);
  for await (const chunk of chunks) {
    walker.push(chunk);
    const parts = walker.take();
    if (parts.length > 0) yield parts;
    if (walker.failure !== undefined) throw walker.failure;
  }
  walker.finish();
  if (walker.failure !== undefined) throw walker.failure;
}
