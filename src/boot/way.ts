/** How a kernel reaches an image: by which disk, and whether through an initramfs. */
import { Docker2vmError } from "../errors.ts";
import type { FeatureName } from "../kernel/features.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { driverOf, type RootFacts } from "../launch/facts.ts";
import type { FoundImage } from "./found-image.ts";

export type Disk = "virtio" | "nvme";

export interface Way {
  readonly disk: Disk;
  /** Whether the kernel alone does not get there. */
  readonly needsInitramfs: boolean;
}

/** What was asked for and has a say in it. */
interface Asked {
  /** Of the kernel's command line. */
  readonly words: readonly string[];
  /** One that is there already. */
  readonly initramfs?: string | undefined;
  /** Whether the machine has a network. */
  readonly network?: boolean | undefined;
  /** What is on a second disk that takes the changes; null where nobody knows. */
  readonly writable?: RootFacts["type"] | null | undefined;
}

const DISKS: Readonly<Record<Disk, readonly FeatureName[]>> = {
  virtio: ["virtio-pci", "virtio-disk"],
  nvme: ["nvme"],
};
/** A word of ovms-init's (`guest/program/command-line.c`). */
const OVERLAY = "docker2vm.root=overlay";
const DISK_NAMES = ["virtio", "nvme"] as const;

/**
 * Without an initramfs where the kernel has all built in, or is not known to lack it. Throws E_UNSUPPORTED where it has
 * not what the image needs, as a module either.
 */
export function wayTo(
  image: FoundImage,
  { where, features }: Pick<Kernel, "where" | "features">,
  asked: Asked,
): Way {
  const needs = needsOf(image, asked);
  const lacking = needs.filter((name) => features[name] === "absent");
  if (lacking.length > 0) throw lacks(where, lacking);
  const isThere = (names: readonly FeatureName[], states: readonly (string | undefined)[]): boolean =>
    names.every((name) => states.includes(features[name]));
  const direct = [...needs, ...(image.root.verity === undefined ? [] : ["dm-mod.create" as const])];
  const disk = DISK_NAMES.find((name) => isThere(DISKS[name], ["built-in", "unknown"]));
  if (asked.initramfs === undefined && disk !== undefined && isThere(direct, ["built-in", "unknown"])) {
    return { disk, needsInitramfs: false };
  }
  const loadable = DISK_NAMES.find((name) => isThere(DISKS[name], ["built-in", "module", "unknown"]));
  if (loadable === undefined) throw lacks(where, [...DISKS.virtio, ...DISKS.nvme]);
  return { disk: loadable, needsInitramfs: true };
}

function needsOf(
  { root, compressed, init }: FoundImage,
  { words, network, writable }: Asked,
): readonly FeatureName[] {
  const laidOver = init !== undefined && writable !== undefined;
  return [
    driverOf(root),
    ...(laidOver || words.some((word) => word.startsWith(OVERLAY)) ? ["overlay" as const] : []),
    ...(laidOver && writable !== null ? [driverOf({ type: writable })] : []),
    ...(network ? (["virtio-pci", "virtio-network"] as const) : []),
    ...(compressed ? ["erofs-compressed" as const] : []),
    ...(root.verity === undefined ? [] : ["dm-verity" as const]),
  ];
}

function lacks(where: string, names: readonly FeatureName[]): Docker2vmError {
  return new Docker2vmError("E_UNSUPPORTED", `${where}: the kernel has no ${names.join(", ")}`, {
    hint: "choose another kernel; 'docker2vm kernel PATH' tells what one has",
  });
}
