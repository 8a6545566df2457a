import { Docker2vmError } from "../errors.ts";
import type { SourceSpec } from "../source/source.ts";
import type { Host } from "./host.ts";

const ROOTFS = "rootfs-tar:-";

/**
 * The source as the library takes it: for "-" and "rootfs-tar:-" what comes on standard input. Throws E_USAGE for a terminal there; `use`:
 * what is to be put behind a pipe instead.
 */
export function sourceSpec(source: string, use: string, host: Host): SourceSpec | string {
  const isRootfs = source === ROOTFS;
  if (source !== "-" && !isRootfs) return source;
  if (host.stdinIsTerminal) {
    throw new Docker2vmError("E_USAGE", "standard input is a terminal, not an archive", {
      hint: isRootfs
        ? `pipe one in: docker export CONTAINER | docker2vm ${use.replace("-", ROOTFS)}`
        : `pipe one in: docker save IMAGE | docker2vm ${use}`,
    });
  }
  if (isRootfs) return { kind: "rootfs-tar", bytes: host.openStdin() };
  const { stdinFile: file, lendStdin, openStdin } = host;
  // A file is read without anything being opened.
  if (file !== undefined) return { kind: "stdin", bytes: later(openStdin), file };
  if (lendStdin !== undefined) return { kind: "stdin", bytes: lendStdin(), areLent: true };
  return { kind: "stdin", bytes: openStdin() };
}

async function* later(open: () => AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* open();
}
