/** Images that bring systemd: their workload as a service of it. */
import { ovmsInit } from "../../guest/ovms-init.ts";
import type { Platform } from "../../oci/platform.ts";
import { findPlace } from "../../tree/resolve.ts";
import { Additions, sourceOf } from "../additions.ts";
import { writeBeside } from "../beside.ts";
import { readText } from "../image-file.ts";
import { bootstrapDocument } from "../init/bootstrap.ts";
import { addConveniences, addMountPoints, offerFile, warnOfUser } from "../init/conveniences.ts";
import { BOOTSTRAP_NAME, bootstrapFile, conflictHint, putFiles } from "../init/guest-files.ts";
import type { WorkloadOverrides } from "../init/overrides.ts";
import type { FinishedImage, ImageInProgress, Injection, Profile } from "../profile.ts";
import { type ImageSystemd, INIT_LINK } from "./image-systemd.ts";
import { describeService, planService, type ServicePlan, type ServiceRequest, UNIT_PATH } from "./service.ts";
import { PRESET, UNIT_NAME } from "./unit.ts";

export interface SystemdOptions {
  readonly platform: Platform;
  readonly workload: WorkloadOverrides;
  /** Whether the machine goes on when its workload has ended; false if absent. */
  readonly keepRunning?: boolean | undefined;
}

const WANTED_LINK = `/etc/systemd/system/multi-user.target.wants/${UNIT_NAME}`;
const PRESET_PATH = "/etc/systemd/system-preset/00-ovms.preset";
const MACHINE_ID = "/etc/machine-id";
const LOCALHOST = "localhost";

/** Throws E_PLATFORM_NOT_FOUND where there is no ovms-init for the platform. */
export function openSystemdProfile({ platform, workload, keepRunning = false }: SystemdOptions): Profile {
  ovmsInit(platform.architecture);
  return new SystemdProfile({ overrides: workload, endsMachine: !keepRunning });
}

class SystemdProfile implements Profile {
  readonly outputs = [BOOTSTRAP_NAME];
  readonly #request: ServiceRequest;
  #bootstrap: Uint8Array = new Uint8Array();

  constructor(request: ServiceRequest) {
    this.#request = request;
  }

  async inject(image: ImageInProgress): Promise<Injection> {
    const plan = await planService(image, this.#request);
    this.#bootstrap = bootstrapFile(plan.workload).bytes;
    const additions = new Additions(image, { conflictHint });
    await addMountPoints(additions);
    if (plan.files.length > 0) await addService(image, plan, additions);
    await addHostFiles(plan, additions);
    await addMachineId(image, additions);
    const init = await settleInit(image, plan.systemd, additions);
    const { paths, digest } = additions.finish();
    const service = describeService(plan, image.platform.architecture);
    const metadata = { init: { path: init }, ...service };
    return { paths, digest, bootstrap: bootstrapDocument(plan.workload), metadata };
  }

  async writeOutputs(image: FinishedImage): Promise<void> {
    writeBeside(image, BOOTSTRAP_NAME, this.#bootstrap);
  }

  close(): void {}
}

/** Its files, and it is enabled: systemctl(1) would make just this link. */
async function addService(image: ImageInProgress, plan: ServicePlan, additions: Additions): Promise<void> {
  await warnOfUser(image, plan.workload);
  await putFiles(additions, plan.files);
  await additions.put(WANTED_LINK, { type: "symlink", target: UNIT_PATH });
  const preset = sourceOf(Buffer.from(PRESET));
  await additions.put(PRESET_PATH, { type: "file", executable: false, source: preset });
  await addConveniences(image, plan.workload, additions);
}

/** Nobody lays anything over them here, so they have to say something themselves. */
async function addHostFiles({ workload, hostname }: ServicePlan, additions: Additions): Promise<void> {
  if (hostname !== undefined) await offerFile(additions, "/etc/hostname", `${hostname}\n`);
  const { hostname: name = LOCALHOST } = workload;
  const own = name === LOCALHOST ? "" : `127.0.1.1\t${name}\n`;
  const hosts = `127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n${own}`;
  await offerFile(additions, "/etc/hosts", hosts);
}

/** An empty one is filled when the machine boots; without any, systemd may first ask questions on the console. */
async function addMachineId(image: ImageInProgress, additions: Additions): Promise<void> {
  await offerFile(additions, MACHINE_ID, "");
  const id = (await readText(image, MACHINE_ID)).trim();
  if (id === "" || id === "uninitialized") return;
  image.warn(
    `the image has an ID in ${MACHINE_ID}, which all machines made of it will share: empty that file`,
  );
}

/** What the kernel is to start: systemd, by its usual name where that leads to it. */
async function settleInit(
  { root, warn }: ImageInProgress,
  systemd: ImageSystemd,
  additions: Additions,
): Promise<string> {
  await additions.put(INIT_LINK, { type: "symlink", target: systemd.path }, "optional");
  if (findPlace(root, INIT_LINK)?.inode === systemd.inode) return INIT_LINK;
  warn(`the image's ${INIT_LINK} is not systemd: boot it with init=${systemd.path}`);
  return systemd.path;
}
