import { Docker2vmError } from "../errors.ts";
import type { Host } from "./host.ts";

/** The bytes behind the source "-". Throws E_USAGE for a terminal; `use`: what is to be put behind a pipe instead. */
export function standardInput(
  source: string,
  use: string,
  host: Host,
): { readonly stdin?: AsyncIterable<Uint8Array> } {
  if (source !== "-") return {};
  if (host.stdinIsTerminal) {
    throw new Docker2vmError("E_USAGE", "standard input is a terminal, not an image archive", {
      hint: `pipe one in: docker save IMAGE | docker2vm ${use}`,
    });
  }
  return { stdin: host.openStdin() };
}
