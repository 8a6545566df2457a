/** What a machine is to boot, as far as launching it depends on it. */
import { BLOCK_SIZE } from "../blocks/blocks.ts";
import { Docker2vmError } from "../errors.ts";

export type Architecture = "amd64" | "arm64";

export interface VerityFacts {
  /** Hex. */
  readonly rootHash: string;
  /** Hex. */
  readonly salt: string;
  /** Bytes from the file's start to the tree's superblock. */
  readonly hashOffset: number;
}

export interface RootFacts {
  /** The image's file name, beside which launch files lie. */
  readonly fileName: string;
  readonly type: "ext4" | "ext3" | "ext2" | "erofs" | "xfs";
  /** Whether it is for mounting read-only alone. */
  readonly readOnly: boolean;
  readonly verity?: VerityFacts | undefined;
}

export interface LaunchFacts {
  readonly architecture: Architecture;
  readonly root: RootFacts;
  /** File name of an empty disk beside the image, for what a guest changes. */
  readonly writableDisk?: string | undefined;
  /** The first program; the kernel's own choice if absent. */
  readonly init?: string | undefined;
  /** What tells the machine from others. */
  readonly name: string;
  /** The image's folder, absolute. */
  readonly folder: string;
  /** As a machine monitor that is started in the image's folder finds them. */
  readonly kernel: string;
  readonly initramfs?: string | undefined;
  readonly memoryMiB: number;
  readonly cpus: number;
}

export const DEFAULT_MEMORY = 512 * 2 ** 20;
const LEAST_MEMORY = 64 * 2 ** 20;
const MEBI = 2 ** 20;
/** What monitors take at most, Firecracker the least of them (vcpu_count); others differ by their versions. */
const MOST_CPUS = 32;

/** Whole MiB. Throws E_USAGE for what no machine has. */
export function checkMemory(bytes = DEFAULT_MEMORY): number {
  if (Number.isSafeInteger(bytes) && bytes % MEBI === 0 && bytes >= LEAST_MEMORY) return bytes / MEBI;
  throw new Docker2vmError("E_USAGE", `${bytes} bytes of memory are not possible`, {
    hint: "give whole MiB, 64M or more, such as --memory 512M",
  });
}

/** Throws E_USAGE for what no machine has. */
export function checkCpus(cpus = 1): number {
  if (Number.isSafeInteger(cpus) && cpus >= 1 && cpus <= MOST_CPUS) return cpus;
  throw new Docker2vmError("E_USAGE", `${cpus} processors are not possible`, {
    hint: `give 1 to ${MOST_CPUS}, as --cpus 2`,
  });
}

/** Whether the root is mounted read-only, whatever the guest asks for. */
export function isReadOnly({ type, readOnly, verity }: RootFacts): boolean {
  return readOnly || verity !== undefined || type === "erofs";
}

/** As rootfstype= has it: ext4's driver mounts all three, and is the only one that most kernels have. */
export function driverOf({ type }: Pick<RootFacts, "type">): "ext4" | "erofs" | "xfs" {
  return type === "ext3" || type === "ext2" ? "ext4" : type;
}

/** Blocks in front of the tree's superblock, which is one block. */
export function dataBlocks({ hashOffset }: VerityFacts): number {
  return hashOffset / BLOCK_SIZE;
}
