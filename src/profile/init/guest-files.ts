/** The files by which ovms-init runs a workload, for all profiles that have it do that. */
import { CONFIG_PATH, encodeConfig, type ResourceLimit } from "../../guest/config.ts";
import { ovmsInit } from "../../guest/ovms-init.ts";
import { type Additions, sourceOf } from "../additions.ts";
import { asBytes } from "../shell-words.ts";
import { bootstrapDocument } from "./bootstrap.ts";
import type { Workload } from "./workload.ts";

/** A file of root's that is to be in the machine. */
export interface GuestFile {
  /** Absolute. */
  readonly path: string;
  readonly executable: boolean;
  /** For root's eyes alone: the workload's variables are its own, as /proc shows them. */
  readonly secret?: boolean;
  readonly bytes: Uint8Array;
}

export const INIT_PATH = "/sbin/ovms-init";
export const BOOTSTRAP_NAME = "bootstrap.json";

/** As Docker's own daemon has it; the kernel gives a machine's first program 1024. */
const NOFILE: ResourceLimit = { resource: 7, soft: 1048576n, hard: 1048576n };

/** The program and what it reads. Throws as ovmsInit and encodeConfig do. */
export function programFiles(workload: Workload, architecture: string): readonly GuestFile[] {
  return [
    { path: INIT_PATH, executable: true, bytes: ovmsInit(architecture) },
    { path: CONFIG_PATH, executable: false, secret: true, bytes: configOf(workload) },
    bootstrapFile(workload),
  ];
}

/** The same for others who read the image. */
export function bootstrapFile(workload: Workload): GuestFile {
  const text = `${JSON.stringify(bootstrapDocument(workload), undefined, 2)}\n`;
  return { path: `/etc/ovms/${BOOTSTRAP_NAME}`, executable: false, secret: true, bytes: Buffer.from(text) };
}

/** Each must be there as it is: a conflict otherwise, which `additions.finish` tells. */
export async function putFiles(additions: Additions, files: readonly GuestFile[]): Promise<void> {
  for (const { path, executable, secret = false, bytes } of files) {
    await additions.put(path, { type: "file", executable, secret, source: sourceOf(bytes) });
  }
}

/** Of whatever of the image is in the way. */
export function conflictHint(): string {
  return "remove or rename these files in the image, or convert with --profile baseline";
}

function configOf(workload: Workload): Uint8Array {
  const { hostname, ip } = workload;
  return encodeConfig({
    entrypoint: workload.entrypoint.map(asBytes),
    cmd: workload.cmd.map(asBytes),
    environment: workload.env.map(asBytes),
    workingDirectory: asBytes(workload.workdir),
    user: asBytes(workload.user),
    ...(hostname === undefined ? {} : { hostname }),
    ...(ip === undefined ? {} : { network: asBytes(ip) }),
    stopSignal: workload.stopSignal,
    limits: [NOFILE],
  });
}
