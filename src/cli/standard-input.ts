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
  const { stdinFile: file } = host;
  return { kind: "stdin", bytes: file === undefined ? host.openStdin() : opened(host), file };
}

/** Not opened before somebody reads it: a file is read without. */
async function* opened({ openStdin }: Host): AsyncGenerator<Uint8Array> {
  yield* openStdin();
}
