import type { PULL_OPTIONS, PUSH_OPTIONS, SIGN_OPTIONS } from "./artifact.ts";
import type { BatchOptionName } from "./batch.ts";
import type { BUILD_OPTIONS } from "./build.ts";
import type { BUNDLE_OPTIONS } from "./bundle.ts";
import type { CONVERT_OPTIONS } from "./convert.ts";
import type { BOOT_OPTIONS, KERNEL_OPTIONS } from "./machine.ts";
import type { LS_OPTIONS } from "./reading.ts";
import type { REPORT_OPTIONS } from "./report.ts";
import type { CACHE_OPTIONS, DIFF_OPTIONS } from "./upkeep.ts";
import type { VIRTIO_OPTIONS } from "./virtio.ts";

/** The options that commands read. */
export type OptionName =
  | keyof typeof CONVERT_OPTIONS
  | BatchOptionName
  | keyof typeof BUILD_OPTIONS
  | keyof typeof BUNDLE_OPTIONS
  | keyof typeof CACHE_OPTIONS
  | keyof typeof KERNEL_OPTIONS
  | keyof typeof BOOT_OPTIONS
  | keyof typeof DIFF_OPTIONS
  | keyof typeof REPORT_OPTIONS
  | keyof typeof LS_OPTIONS
  | keyof typeof VIRTIO_OPTIONS
  | keyof typeof PUSH_OPTIONS
  | keyof typeof PULL_OPTIONS
  | keyof typeof SIGN_OPTIONS;
