import { Docker2vmError } from "../../errors.ts";
import { aarch64Program } from "./aarch64.ts";
import { ELF_MACHINE, elfImage } from "./elf-image.ts";
import type { Identity } from "./user.ts";
import { x86_64Program } from "./x86_64.ts";

/**
 * A static executable that starts a workload with exactly the environment and identity it is to have, in an image
 * that may hold nothing but the workload. Its arguments are three sections, each ended by an empty one but the last:
 *
 *     exec-as [NAME=]... '' [NAME=VALUE]... '' PROGRAM ARGV0 [ARG]...
 *
 * Variables named in the first are dropped from the environment, those in the second are added unless they are there.
 * Then, as runc does: stdin, stdout and stderr are given to the user, so that /dev/stdout can be opened (/dev/null is
 * left alone, and what cannot be given is not); supplementary groups, gid and uid are set, real, effective and saved.
 * Leaving uid 0 empties the effective, permitted and ambient capabilities (capabilities(7)); a workload that is root
 * keeps them all, for the machine around it is what confines it. At last PROGRAM, which is not searched for, takes
 * the process over.
 *
 * Ends with 125 if it cannot become the user or is called wrongly, 127 if there is no PROGRAM, 126 if it cannot be
 * run, after a message on stderr. Throws E_UNSUPPORTED for an architecture other than amd64 and arm64.
 */
export function execAs(architecture: string, identity: Identity): Uint8Array {
  switch (architecture) {
    case "amd64":
      return elfImage(ELF_MACHINE.EM_X86_64, x86_64Program(identity));
    case "arm64":
      return elfImage(ELF_MACHINE.EM_AARCH64, aarch64Program(identity));
    default:
      throw new Docker2vmError(
        "E_UNSUPPORTED",
        `no launcher can be made for the architecture '${architecture}'`,
        { hint: "convert the image for linux/amd64 or linux/arm64" },
      );
  }
}
