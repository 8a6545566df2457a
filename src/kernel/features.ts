/** What images and machines ask of a kernel, and how one says that it has it. */
import type { KernelConfig, Setting } from "./config.ts";
import type { Architecture } from "./image.ts";
import type { KernelModules } from "./modules.ts";

/** "unknown" where neither a configuration nor a list of modules tells. */
export type FeatureState = Setting | "unknown";

interface Feature {
  /** Without "CONFIG_" in front (Kconfig). */
  readonly option: string;
  /** The module that has it; absent where it cannot be one. */
  readonly module?: string;
  /** Modules that are loaded with it where the kernel has them: what it asks for by algorithm. */
  readonly along?: readonly string[];
  /** The architecture that alone has it. */
  readonly only?: Architecture;
}

export const FEATURES = {
  ext4: { option: "EXT4_FS", module: "ext4", along: ["crc32c_generic"] },
  xfs: { option: "XFS_FS", module: "xfs", along: ["crc32c_generic"] },
  erofs: { option: "EROFS_FS", module: "erofs", along: ["crc32c_generic"] },
  "erofs-compressed": { option: "EROFS_FS_ZIP" },
  overlay: { option: "OVERLAY_FS", module: "overlay" },
  "dm-verity": {
    option: "DM_VERITY",
    module: "dm_verity",
    along: ["sha256_generic", "sha256"],
  },
  "dm-mod.create": { option: "DM_INIT" },
  "virtio-pci": { option: "VIRTIO_PCI", module: "virtio_pci" },
  "virtio-mmio": { option: "VIRTIO_MMIO", module: "virtio_mmio" },
  "virtio-disk": { option: "VIRTIO_BLK", module: "virtio_blk" },
  "virtio-network": { option: "VIRTIO_NET", module: "virtio_net" },
  nvme: { option: "BLK_DEV_NVME", module: "nvme" },
  initramfs: { option: "BLK_DEV_INITRD" },
  "initramfs-gzip": { option: "RD_GZIP" },
  devtmpfs: { option: "DEVTMPFS" },
  "keyboard-controller": { option: "SERIO_I8042", module: "i8042", only: "amd64" },
  keyboard: { option: "KEYBOARD_ATKBD", module: "atkbd", only: "amd64" },
  pvh: { option: "PVH", only: "amd64" },
} as const satisfies Readonly<Record<string, Feature>>;

export type FeatureName = keyof typeof FEATURES;

/** What a kernel has of each. */
export type FeatureStates = Readonly<Partial<Record<FeatureName, FeatureState>>>;

const ENTRIES = Object.entries(FEATURES) as readonly [FeatureName, Feature][];

/** By the configuration where there is one, else by the modules; what only another architecture has is left out. */
export function featureStates(
  architecture: Architecture,
  config: KernelConfig | undefined,
  modules: KernelModules | undefined,
): FeatureStates {
  const states = ENTRIES.filter(([, { only }]) => only === undefined || only === architecture).map(
    ([name, feature]) => [name, stateOf(feature, config, modules)],
  );
  return Object.fromEntries(states);
}

function stateOf(
  { option, module }: Feature,
  config: KernelConfig | undefined,
  modules: KernelModules | undefined,
): FeatureState {
  if (config !== undefined) return config.setting(option);
  if (module === undefined || modules === undefined) return "unknown";
  if (modules.isBuiltIn(module)) return "built-in";
  return modules.has(module) ? "module" : "absent";
}

/** Names of the modules that an initramfs loads, where the kernel has them as such. */
export const MODULES: readonly string[] = ENTRIES.flatMap(([, { module, along = [] }]) =>
  module === undefined ? [] : [...along, module],
);
