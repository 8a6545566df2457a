/** Of the commands that are about kernels and machines. */
import { CONVERT_OPTIONS, JSON_RESULT } from "./convert.ts";
import type { OptionSpec } from "./option.ts";

const PACKAGE_BYTES = {
  ...CONVERT_OPTIONS["max-bytes"],
  group: "Limits:",
  describe: "Bytes of what a package holds, uncompressed",
  defaultDescription: "16G",
} as const satisfies OptionSpec;

export const KERNEL_OPTIONS = {
  initramfs: {
    type: "string",
    takes: "file",
    group: "Output:",
    describe: "File for an initramfs with the kernel's modules and a program that loads them",
  },
  extract: {
    type: "string",
    takes: "file",
    group: "Output:",
    describe: "File for the kernel itself, out of a package",
  },
  force: CONVERT_OPTIONS.force,
  "max-bytes": PACKAGE_BYTES,
  json: JSON_RESULT,
  verbose: CONVERT_OPTIONS.verbose,
} as const satisfies Record<string, OptionSpec>;

const MACHINE = "Machine:";

export const BOOT_OPTIONS = {
  kernel: {
    type: "string",
    takes: "path",
    group: MACHINE,
    describe:
      "A kernel, a Debian or Alpine package with one, or a folder with boot and lib/modules (required)",
  },
  initramfs: {
    type: "string",
    takes: "file",
    group: MACHINE,
    describe: "An initramfs",
    defaultDescription: "made where the kernel needs one",
  },
  memory: { ...CONVERT_OPTIONS.memory, group: MACHINE },
  cpus: { ...CONVERT_OPTIONS.cpus, group: MACHINE },
  "writable-disk": {
    type: "string",
    group: MACHINE,
    describe: "File of a disk that takes what the machine changes",
    defaultDescription: "the one of convert --writable-disk",
  },
  network: {
    type: "string",
    group: MACHINE,
    describe: "QEMU's own network, with an address by DHCP, or none",
    values: ["user", "none"],
    defaultDescription: "none; user with --publish, or for an image with --ip",
  },
  publish: {
    type: "string",
    alias: "p",
    group: MACHINE,
    describe: "[ADDRESS:]HOST:GUEST[/udp], a port of this machine that leads to the other's",
    repeats: true,
  },
  accel: {
    type: "string",
    group: MACHINE,
    describe: "How QEMU runs it",
    values: ["auto", "kvm", "tcg"],
    defaultDescription: "auto: kvm where it works",
  },
  append: {
    type: "string",
    group: MACHINE,
    describe: "A word for the kernel's command line",
    repeats: true,
  },
  "max-bytes": PACKAGE_BYTES,
  verbose: {
    ...CONVERT_OPTIONS.verbose,
    describe: "What the kernel does; causes and stack traces of errors",
  },
} as const satisfies Record<string, OptionSpec>;
