import type { Environment, ImageOptions } from "../convert/options.ts";
import type { Edit } from "../edits/edit.ts";
import type { InflateChoice } from "../layer/decompress.ts";
import type { WorkloadOverrides } from "../profile/init/overrides.ts";
import type { Resources } from "./runtime/runtime-config.ts";

/** What a bundle is made of, and how. `out` is required, and one of `source` and `rootfs`. */
export interface BundleOptions extends Omit<ImageOptions, "source"> {
  /** Where the image is, as `convert` takes it. */
  readonly source?: ImageOptions["source"] | undefined;
  /**
   * A root filesystem that is there: config.json names it, and nothing in it is changed. With an image beside it, the
   * configuration is that image's.
   */
  readonly rootfs?: string | undefined;
  /** The folder that gets `rootfs` and `config.json`; made if it is not there. */
  readonly out: string;
  /** Replace an existing bundle. */
  readonly force?: boolean | undefined;
  /** What is run, where it is to be other than the image says; without a host name of its own if none is given. */
  readonly workload?: WorkloadOverrides | undefined;
  /** Environment variables that `workload.env` names alone have their values here; none if absent. */
  readonly environment?: Environment | undefined;
  /** Whether the process has a terminal. */
  readonly terminal?: boolean | undefined;
  /** Whether its root filesystem is read-only. */
  readonly readOnly?: boolean | undefined;
  readonly resources?: Resources | undefined;
  /** For the user whom this process has, who is not root: root in the container is that user. */
  readonly rootless?: boolean | undefined;
  /** Merged over what would be in config.json (RFC 7386): a JSON document, as bytes of UTF-8. */
  readonly template?: Uint8Array | undefined;
  /** What of the image's files is to be other, in this order, where they are unpacked; nothing if absent. */
  readonly edits?: readonly Edit[] | undefined;
  /** Who decompresses the layers; "auto" if absent. The result is the same. */
  readonly inflate?: InflateChoice | undefined;
  /** Threads that hash and inflate layers; absent: by the machine. The result is the same. */
  readonly workers?: number | undefined;
}
