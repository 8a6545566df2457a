/** An image that is to be booted, as far as its machine depends on it. */
import type { Architecture, RootFacts } from "../launch/facts.ts";

export interface FoundImage {
  readonly path: string;
  /** Undefined where nothing tells: then the kernel does. */
  readonly architecture: Architecture | undefined;
  readonly root: RootFacts;
  readonly compressed: boolean;
  /** The init of this project's own, which tells a status at its end; undefined where the image has none. */
  readonly init: string | undefined;
  /** Whether that init will ask for an address, or have one. */
  readonly hasAddress: boolean;
  /** The disk beside the image, for what the machine changes. */
  readonly writableDisk: string | undefined;
}

/** What images with the profile init have the kernel start. */
export const INIT = "/sbin/ovms-init";
