/** The program of our own that is put into images: compiled from `program/`, see `build.json`. */
import { Docker2vmError } from "../errors.ts";
import { ELF as AARCH64 } from "./built/aarch64.ts";
import { ELF as X86_64 } from "./built/x86_64.ts";

/** By the names that images have for architectures. */
const PROGRAMS: Readonly<Record<string, string>> = { amd64: X86_64, arm64: AARCH64 };

/** A static ELF executable. Throws E_PLATFORM_NOT_FOUND for architectures other than amd64 and arm64. */
export function ovmsInit(architecture: string): Uint8Array {
  const base64 = Object.hasOwn(PROGRAMS, architecture) ? PROGRAMS[architecture] : undefined;
  if (base64 !== undefined) return Buffer.from(base64, "base64");
  throw new Docker2vmError(
    "E_PLATFORM_NOT_FOUND",
    `there is no ovms-init for the architecture '${architecture}'`,
    { hint: "convert the image for linux/amd64 or linux/arm64, or with --profile baseline" },
  );
}
