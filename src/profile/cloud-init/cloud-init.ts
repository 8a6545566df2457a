/** Images that bring cloud-init: their workload by a seed for it, in the image or on a disk of its own. */
import { fatVolume } from "../../fat/volume.ts";
import { ovmsInit } from "../../guest/ovms-init.ts";
import type { Platform } from "../../oci/platform.ts";
import { type Addition, Additions, sourceOf } from "../additions.ts";
import { writeBeside } from "../beside.ts";
import { bootstrapDocument } from "../init/bootstrap.ts";
import { warnOfUser } from "../init/conveniences.ts";
import { conflictHint } from "../init/guest-files.ts";
import type { WorkloadOverrides } from "../init/overrides.ts";
import type { FinishedImage, ImageInProgress, Injection, Profile } from "../profile.ts";
import { describeService, planService } from "../systemd/service.ts";
import { requireCloudInit, warnOfOtherSources } from "./image-cloud-init.ts";
import { type Seed, seedOf } from "./seed.ts";
import { serviceSeed } from "./service-seed.ts";

export interface CloudInitOptions {
  readonly platform: Platform;
  readonly workload: WorkloadOverrides;
  /** Whether the seed comes as a volume of its own, and the image stays as it is. */
  readonly seedImage: boolean;
}

const SEED_FOLDER = "/var/lib/cloud/seed/nocloud";
const USER_DATA = "user-data";
const META_DATA = "meta-data";
const SEED_IMAGE = "seed.img";
/** By which cloud-init knows a volume for it. */
const SEED_LABEL = "CIDATA";

/** Throws E_PLATFORM_NOT_FOUND where there is no ovms-init for the platform. */
export function openCloudInitProfile(options: CloudInitOptions): Profile {
  ovmsInit(options.platform.architecture);
  return new CloudInitProfile(options);
}

class CloudInitProfile implements Profile {
  readonly outputs: readonly string[];
  readonly #options: CloudInitOptions;
  #seed: Seed | undefined;

  constructor(options: CloudInitOptions) {
    this.#options = options;
    this.outputs = [USER_DATA, META_DATA, ...(options.seedImage ? [SEED_IMAGE] : [])];
  }

  async inject(image: ImageInProgress): Promise<Injection> {
    requireCloudInit(image.root);
    await warnOfOtherSources(image);
    const { workload: overrides, seedImage } = this.#options;
    const plan = await planService(image, { overrides, endsMachine: false });
    if (plan.files.length > 0) await warnOfUser(image, plan.workload);
    const service = serviceSeed(plan);
    const seed = seedOf({ ...service, hostname: plan.hostname });
    this.#seed = seed;
    const additions = new Additions(image, { conflictHint });
    for (const { path, executable, bytes } of service.files) {
      await additions.reserve(path, { type: "file", executable, source: sourceOf(bytes) });
    }
    for (const [name, bytes] of documents(seed)) {
      // All of the workload is in it, variables that were given included; cloud-init reads it as root.
      const file: Addition = { type: "file", executable: false, secret: true, source: sourceOf(bytes) };
      const path = `${SEED_FOLDER}/${name}`;
      if (seedImage) await additions.reserve(path, file);
      else await additions.put(path, file);
    }
    const { paths, digest } = additions.finish();
    const told = describeService(plan, image.platform.architecture);
    const metadata = { ...told, instanceId: seed.instanceId };
    return { paths, digest, bootstrap: bootstrapDocument(plan.workload), metadata };
  }

  async writeOutputs(image: FinishedImage): Promise<void> {
    if (this.#seed === undefined) return;
    const files = documents(this.#seed).map(([name, bytes]) => ({ name, bytes }));
    for (const { name, bytes } of files) writeBeside(image, name, bytes);
    if (!this.#options.seedImage) return;
    const volume = fatVolume({ label: SEED_LABEL, files, time: image.time.seconds });
    writeBeside(image, SEED_IMAGE, volume);
  }

  close(): void {}
}

function documents({ userData, metaData }: Seed): readonly [name: string, bytes: Uint8Array][] {
  return [
    [USER_DATA, userData],
    [META_DATA, metaData],
  ];
}
