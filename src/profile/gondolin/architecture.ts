/** Gondolin's names of architectures. */
import { Docker2vmError } from "../../errors.ts";
import { formatPlatform, type Platform } from "../../oci/platform.ts";

export type Architecture = "aarch64" | "x86_64";

/** Those that Gondolin takes in a manifest, whatever their case (its normalizeImageArch). */
const NAMES: Readonly<Record<string, Architecture>> = {
  aarch64: "aarch64",
  arm64: "aarch64",
  x86_64: "x86_64",
  amd64: "x86_64",
  x64: "x86_64",
};

/** e_machine of ELF (elf.h). */
const MACHINES: Readonly<Record<number, Architecture>> = { 62: "x86_64", 183: "aarch64" };

export function parseArchitecture(name: string): Architecture | undefined {
  const lower = name.toLowerCase();
  return Object.hasOwn(NAMES, lower) ? NAMES[lower] : undefined;
}

export function architectureOfMachine(machine: number): Architecture | undefined {
  return MACHINES[machine];
}

/** Throws E_PLATFORM_NOT_FOUND for a platform that Gondolin has no guests for. */
export function architectureOf(platform: Platform): Architecture {
  const architecture = parseArchitecture(platform.architecture);
  if (architecture !== undefined) return architecture;
  throw new Docker2vmError("E_PLATFORM_NOT_FOUND", `Gondolin has no guests for ${formatPlatform(platform)}`, {
    hint: "it has some for linux/amd64 and linux/arm64: take an image that is there for one of these (--platform)",
  });
}
