/** The workload as a service of systemd's, for all profiles that have one. */
import { createHash } from "node:crypto";
import { ovmsInit } from "../../guest/ovms-init.ts";
import { readText } from "../image-file.ts";
import { type GuestFile, INIT_PATH, programFiles } from "../init/guest-files.ts";
import { isHostname, type WorkloadOverrides } from "../init/overrides.ts";
import { type Workload, workloadOf } from "../init/workload.ts";
import type { ImageInProgress, ProfileMetadata } from "../profile.ts";
import { type ImageSystemd, requireSystemd, runsSystemd } from "./image-systemd.ts";
import { sysctlText, UNIT_NAME, unitText } from "./unit.ts";

export const UNIT_PATH = `/etc/systemd/system/${UNIT_NAME}`;
const SYSCTL_PATH = "/etc/sysctl.d/60-ovms.conf";

/** What the image is to do in a machine whose init is systemd. */
export interface ServicePlan {
  readonly systemd: ImageSystemd;
  readonly workload: Workload;
  /** The name that was asked for. */
  readonly hostname: string | undefined;
  /** What the service consists of; empty where there is none. */
  readonly files: readonly GuestFile[];
}

export interface ServiceRequest {
  readonly overrides: WorkloadOverrides;
  /** Whether the machine ends with its workload. */
  readonly endsMachine: boolean;
}

/** Throws E_UNSUPPORTED for an image without systemd, and E_PLATFORM_NOT_FOUND as ovmsInit. */
export async function planService(
  image: ImageInProgress,
  { overrides, endsMachine }: ServiceRequest,
): Promise<ServicePlan> {
  const systemd = requireSystemd(image.root);
  const { hostname } = overrides;
  const found = workloadOf(image.runtime, overrides, image.warn);
  const workload = { ...found, hostname: hostname ?? (await imageHostname(image)) };
  const unit = unitText(workload.stopSignal, endsMachine);
  const files = hasService(image, workload, systemd) ? serviceFiles(image, workload, unit, hostname) : [];
  return { systemd, workload, hostname, files };
}

function serviceFiles(
  { platform }: ImageInProgress,
  workload: Workload,
  unit: string,
  hostname: string | undefined,
): readonly GuestFile[] {
  return [
    ...programFiles(workload, platform.architecture),
    { path: UNIT_PATH, executable: false, bytes: Buffer.from(unit) },
    { path: SYSCTL_PATH, executable: false, bytes: Buffer.from(sysctlText(hostname)) },
  ];
}

/** What `meta.json` says of it. */
export function describeService({ files }: ServicePlan, architecture: string): ProfileMetadata {
  if (files.length === 0) return { service: null };
  const sha256 = createHash("sha256").update(ovmsInit(architecture)).digest("hex");
  return { service: UNIT_PATH, program: { path: INIT_PATH, sha256 } };
}

function hasService({ root, warn }: ImageInProgress, workload: Workload, systemd: ImageSystemd): boolean {
  if (workload.entrypoint.length + workload.cmd.length === 0) {
    warn("the image names no command, so there is no service for it: give one with --cmd");
    return false;
  }
  if (!runsSystemd(root, workload, systemd)) return true;
  warn("the image's command is systemd itself, which the machine runs anyway: there is no service for it");
  return false;
}

/** What the image's own /etc/hostname will have the machine called: hostname(5). */
async function imageHostname(image: ImageInProgress): Promise<string | undefined> {
  const lines = (await readText(image, "/etc/hostname")).split("\n").map((line) => line.trim());
  const name = lines.find((line) => line !== "" && !line.startsWith("#"));
  return name !== undefined && isHostname(name) ? name : undefined;
}
