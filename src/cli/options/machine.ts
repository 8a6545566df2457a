/** Of the commands that are about kernels and machines. */
import { CONVERT_OPTIONS, JSON_RESULT } from "./convert.ts";
import type { OptionSpec } from "./option.ts";

export const KERNEL_OPTIONS = {
  initramfs: {
    type: "string",
    group: "Output:",
    describe: "File for an initramfs with the kernel's modules and a program that loads them",
  },
  extract: { type: "string", group: "Output:", describe: "File for the kernel itself, out of a package" },
  force: CONVERT_OPTIONS.force,
  json: JSON_RESULT,
  verbose: CONVERT_OPTIONS.verbose,
} as const satisfies Record<string, OptionSpec>;
