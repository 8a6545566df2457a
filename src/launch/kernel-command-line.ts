/** The kernel's command line (Documentation/admin-guide/kernel-parameters.rst). */
import { BLOCK_SIZE } from "../blocks/blocks.ts";
import { Docker2vmError } from "../errors.ts";
import {
  dataBlocks,
  driverOf,
  isReadOnly,
  type LaunchFacts,
  type RootFacts,
  type VerityFacts,
} from "./facts.ts";

const SECTOR = 512;
/** COMMAND_LINE_SIZE of both architectures (asm/setup.h), less the NUL. */
const LONGEST = 2047;
const MAPPED_NAME = "rootfs";
const MAPPED_DISK = "/dev/dm-0";

export interface MachineWords {
  /** Such as "ttyS0". */
  readonly console: string;
  /** The image's own disk, such as "/dev/vda". */
  readonly disk: string;
  /** The second one, for what the machine changes; of virtio if absent. */
  readonly secondDisk?: string;
  /** How a panic and the end of init end the machine. */
  readonly ending: readonly string[];
  /** Of what the monitor itself appends: the disk as root=, and whether it can be written to. */
  readonly appendsRoot?: boolean;
}

/** The words, in order. The mapped disk's are one word with blanks in it, in quotes. */
export function kernelWords(
  { root, init, writableDisk }: Pick<LaunchFacts, "root" | "init" | "writableDisk">,
  { console, disk, secondDisk = "/dev/vdb", ending, appendsRoot = false }: MachineWords,
): readonly string[] {
  const { verity } = root;
  const access = isReadOnly(root) ? "ro" : "rw";
  return [
    `console=${console}`,
    ...(verity === undefined ? [] : [mappedDisk(verity, disk)]),
    ...(appendsRoot && verity === undefined ? [] : [`root=${rootDisk(root, disk)}`, access]),
    `rootfstype=${driverOf(root)}`,
    ...(init === undefined ? [] : [`init=${init}`]),
    // A word of ovms-init's own.
    ...(init === undefined || writableDisk === undefined ? [] : [`docker2vm.root=overlay:${secondDisk}`]),
    ...ending,
  ];
}

function rootDisk({ verity }: RootFacts, disk: string): string {
  return verity === undefined ? disk : MAPPED_DISK;
}

/**
 * Documentation/admin-guide/device-mapper/dm-init.rst and verity.rst: data and hashes are on one disk, and the tree
 * begins a block behind its superblock.
 */
function mappedDisk(verity: VerityFacts, disk: string): string {
  const blocks = dataBlocks(verity);
  const sectors = (blocks * BLOCK_SIZE) / SECTOR;
  const salt = verity.salt === "" ? "-" : verity.salt;
  const sizes = `${BLOCK_SIZE} ${BLOCK_SIZE} ${blocks} ${blocks + 1}`;
  const table = `0 ${sectors} verity 1 ${disk} ${disk} ${sizes} sha256 ${verity.rootHash} ${salt}`;
  return `dm-mod.create="${MAPPED_NAME},,,ro,${table}"`;
}

/** The line, with arguments for init behind it. Throws E_USAGE for what no command line can hold. */
export function commandLine(words: readonly string[], args: readonly string[] = []): string {
  const line = [...words, ...(args.length === 0 ? [] : ["--", ...args.map(quoted)])].join(" ");
  if (Buffer.byteLength(line) <= LONGEST) return line;
  throw new Docker2vmError(
    "E_USAGE",
    `the kernel's command line would have ${Buffer.byteLength(line)} bytes`,
    {
      hint: `it may have ${LONGEST}: put long arguments into the image, with convert --profile init --cmd`,
    },
  );
}

/** As lib/cmdline.c reads it: quotes hold blanks together, and nothing stands for a quote. */
function quoted(arg: string): string {
  if (/["\0\n]/.test(arg)) {
    throw new Docker2vmError("E_USAGE", `${JSON.stringify(arg)} cannot be on a kernel's command line`, {
      hint: "it can hold no double quote and no newline: convert with --profile init --cmd instead",
    });
  }
  return arg === "" || /\s/.test(arg) ? `"${arg}"` : arg;
}
