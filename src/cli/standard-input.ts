import { Docker2vmError } from "../errors.ts";
import type { SourceSpec } from "../source/source.ts";
import type { Host } from "./host.ts";

/**
 * The source as the library takes it: for "-" what comes on standard input. Throws E_USAGE for a terminal there; `use`:
 * what is to be put behind a pipe instead.
 */
export function sourceSpec(source: string, use: string, host: Host): SourceSpec | string {
  if (source !== "-") return source;
  if (host.stdinIsTerminal) {
    throw new Docker2vmError("E_USAGE", "standard input is a terminal, not an image archive", {
      hint: `pipe one in: docker save IMAGE | docker2vm ${use}`,
    });
  }
  return { kind: "stdin", bytes: host.openStdin() };
}
