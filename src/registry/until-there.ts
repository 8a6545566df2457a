import { NetworkError } from "../http/network-errors.ts";

/** Times that something is looked for, and written where it is not. */
const ROUNDS = 5;

/**
 * Adds something to what a tag stands for. Registries know no such step, only whole manifests: two who write one at once
 * lose what one of them has added. So it is looked for afterwards, and written once more. `addUnlessThere` looks and writes,
 * and says whether it was there; `what` says what it is, in messages. Throws what that throws, and NetworkError where it is
 * never there.
 */
export async function untilThere(what: string, addUnlessThere: () => Promise<boolean>): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) if (await addUnlessThere()) return;
  throw new NetworkError("E_NETWORK", `${what} was put there ${ROUNDS} times, and is not there afterwards`, {
    transient: true,
    hint: "somebody else writes to the same tag all the time, or the registry shows what was there before: try again later",
  });
}
