import { nextTurn } from "../../waiting/turn.ts";
import type { Host } from "../host.ts";

/** Writes everything to standard output, or until nobody reads it any more. */
export async function writeOut(
  host: Host,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  for await (const bytes of chunks) {
    host.signal.throwIfAborted();
    if (!(await host.stdout.write(bytes))) return;
    // A file takes everything at once; signals come in between.
    await nextTurn();
  }
}
