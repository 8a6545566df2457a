/** Images that any virtual machine boots by a program of our own: ovms-init, which runs their workload. */
import { createHash } from "node:crypto";
import { ovmsInit } from "../../guest/ovms-init.ts";
import type { Platform } from "../../oci/platform.ts";
import { Additions } from "../additions.ts";
import { writeBeside } from "../beside.ts";
import type { FinishedImage, ImageInProgress, Injection, Profile } from "../profile.ts";
import { bootstrapDocument } from "./bootstrap.ts";
import { addConveniences, addMountPoints, offerFile, warnOfUser } from "./conveniences.ts";
import {
  BOOTSTRAP_NAME,
  bootstrapFile,
  conflictHint,
  INIT_PATH,
  programFiles,
  putFiles,
} from "./guest-files.ts";
import type { WorkloadOverrides } from "./overrides.ts";
import { workloadOf } from "./workload.ts";

export interface InitOptions {
  readonly platform: Platform;
  readonly workload: WorkloadOverrides;
  /** As the kernel's `ip=`. */
  readonly ip?: string | undefined;
}

/** What ovms-init lays its own over: a root filesystem that is read-only must have them before. */
const HOST_FILES = ["/etc/hostname", "/etc/hosts", "/etc/resolv.conf"];

/** Throws E_PLATFORM_NOT_FOUND where there is no ovms-init for the platform. */
export function openInitProfile({ platform, workload, ip }: InitOptions): Profile {
  ovmsInit(platform.architecture);
  return new InitProfile(workload, ip);
}

class InitProfile implements Profile {
  readonly outputs = [BOOTSTRAP_NAME];
  readonly #overrides: WorkloadOverrides;
  readonly #ip: string | undefined;
  #bootstrap: Uint8Array = new Uint8Array();

  constructor(overrides: WorkloadOverrides, ip: string | undefined) {
    this.#overrides = overrides;
    this.#ip = ip;
  }

  async inject(image: ImageInProgress): Promise<Injection> {
    const workload = { ...workloadOf(image.runtime, this.#overrides, image.warn), ip: this.#ip };
    if (workload.entrypoint.length + workload.cmd.length === 0) {
      image.warn("the image names no command: give one with --cmd, or on the kernel command line");
    }
    await warnOfUser(image, workload);
    this.#bootstrap = bootstrapFile(workload).bytes;
    const { architecture } = image.platform;
    const additions = new Additions(image, { conflictHint });
    await addMountPoints(additions);
    await putFiles(additions, programFiles(workload, architecture));
    for (const path of HOST_FILES) await offerFile(additions, path, "");
    await addConveniences(image, workload, additions);
    const { paths, digest } = additions.finish();
    const sha256 = createHash("sha256").update(ovmsInit(architecture)).digest("hex");
    const metadata = { init: { path: INIT_PATH, sha256 } };
    return { paths, digest, bootstrap: bootstrapDocument(workload), metadata };
  }

  async writeOutputs(image: FinishedImage): Promise<void> {
    writeBeside(image, BOOTSTRAP_NAME, this.#bootstrap);
  }

  close(): void {}
}
