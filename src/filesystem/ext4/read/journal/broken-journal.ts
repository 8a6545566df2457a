import { Docker2vmError } from "../../../../errors.ts";

/** An E_INVALID_FILESYSTEM for a journal that no kernel would replay: `what` is wrong with it. */
export function brokenJournal(what: string): Docker2vmError {
  return new Docker2vmError("E_INVALID_FILESYSTEM", `journal: ${what}`, {
    hint: "e2fsck replays what can be replayed; --ignore-journal reads what is in place without it",
  });
}
