import { badCompression, checked } from "./bad-compression.ts";
import { GzipMembers } from "./gzip-members.ts";
import { TailKeeper } from "./tail-keeper.ts";

/**
 * gunzip by fflate, which leaves out what the format is for: it checks neither CRC-32 nor length, takes zeros after
 * the end for a broken member, and what is too short for a member for nothing.
 */
export async function* gunzipPortable(
  stored: AsyncIterable<Uint8Array>,
  layer: string,
): AsyncGenerator<Uint8Array> {
  const damaged = (cause: unknown) => badCompression(layer, "gzip", cause);
  const members = new GzipMembers();
  const tail = new TailKeeper();
  for await (const chunk of stored) {
    for (const slice of tail.push(chunk)) {
      checked(damaged, () => members.push(slice));
      yield* members.take();
    }
  }
  checked(damaged, () => members.finish(tail.kept, tail.zeros));
  yield* members.take();
}
