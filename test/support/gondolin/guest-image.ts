/** Images converted to guests of Gondolin's, by the base that tests have. */
import { join } from "node:path";
import { type ConvertResult, convert } from "../../../src/convert/convert.ts";
import type { Architecture } from "./architecture.ts";
import { type BaseOptions, baseBundle } from "./base-bundle.ts";

/** The image that is bundled with the project; it has no shell. */
export const HELLO = join(import.meta.dir, "../../../fixtures/images/hello");

/** What runs the workload of an image in a guest. */
export const RUN = "/usr/lib/docker2vm/run";

export interface GuestImageOptions extends BaseOptions {
  /** "assets" unless given. */
  readonly mode?: "assets" | "rootfs";
  /** amd64 unless given. */
  readonly architecture?: Architecture;
  readonly sourceDateEpoch?: number;
}

/** Converts the image of a layout into the folder `out`. */
export function guestImage(
  layout: string,
  out: string,
  options: GuestImageOptions = {},
): Promise<ConvertResult> {
  const { mode = "assets", architecture = "amd64", userland = "debian", sourceDateEpoch } = options;
  return convert({
    source: `oci:${layout}`,
    platform: `linux/${architecture}`,
    profile: { name: "gondolin", mode, guestAssets: baseBundle(architecture, { userland }) },
    out,
    sourceDateEpoch,
  });
}
