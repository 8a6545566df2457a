/** Images that any virtual machine boots by a program of our own: ovms-init, which runs their workload. */
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { CONFIG_PATH, encodeConfig, type ResourceLimit } from "../../guest/config.ts";
import { ovmsInit } from "../../guest/ovms-init.ts";
import type { Platform } from "../../oci/platform.ts";
import { outputError } from "../../output/system-errors.ts";
import { displayPath } from "../../tree/path.ts";
import { Additions, sourceOf } from "../additions.ts";
import { workloadUser } from "../launcher/launcher.ts";
import type { FinishedImage, ImageInProgress, Injection, Profile } from "../profile.ts";
import { asBytes } from "../shell-words.ts";
import { bootstrapDocument } from "./bootstrap.ts";
import { environmentFile } from "./environment-file.ts";
import type { WorkloadOverrides } from "./overrides.ts";
import { type Workload, workloadOf } from "./workload.ts";

export interface InitOptions {
  readonly platform: Platform;
  readonly workload: WorkloadOverrides;
}

const INIT_PATH = "/sbin/ovms-init";
const BOOTSTRAP_NAME = "bootstrap.json";
const BOOTSTRAP_PATH = `/etc/ovms/${BOOTSTRAP_NAME}`;
const ENVIRONMENT_PATH = "/etc/environment";

/** What ovms-init mounts on, and /run, which programs take for granted where anything has booted. */
const MOUNT_POINTS = ["/proc", "/sys", "/dev", "/run"];
/** What ovms-init lays its own over: a root filesystem that is read-only must have them before. */
const HOST_FILES = ["/etc/hostname", "/etc/hosts", "/etc/resolv.conf"];

/** As Docker's own daemon has it; the kernel gives a machine's first program 1024. */
const NOFILE: ResourceLimit = { resource: 7, soft: 1048576n, hard: 1048576n };

/** Throws E_PLATFORM_NOT_FOUND where there is no ovms-init for the platform. */
export function openInitProfile({ platform, workload }: InitOptions): Profile {
  ovmsInit(platform.architecture);
  return new InitProfile(workload);
}

class InitProfile implements Profile {
  readonly outputs = [BOOTSTRAP_NAME];
  readonly #overrides: WorkloadOverrides;
  #bootstrap: Uint8Array = new Uint8Array();

  constructor(overrides: WorkloadOverrides) {
    this.#overrides = overrides;
  }

  async inject(image: ImageInProgress): Promise<Injection> {
    const workload = workloadOf(image.runtime, this.#overrides, image.warn);
    await warnOfWorkload(image, workload);
    const bootstrap = bootstrapDocument(workload);
    this.#bootstrap = Buffer.from(`${JSON.stringify(bootstrap, undefined, 2)}\n`);
    const program = ovmsInit(image.platform.architecture);
    const additions = new Additions(image, { conflictHint });
    for (const path of MOUNT_POINTS) await additions.put(path, { type: "directory" });
    await putFile(additions, INIT_PATH, program, true);
    await putFile(additions, CONFIG_PATH, configOf(workload), false);
    await putFile(additions, BOOTSTRAP_PATH, this.#bootstrap, false);
    await addConveniences(image, workload, additions);
    const { paths, digest } = additions.finish();
    const init = { path: INIT_PATH, sha256: createHash("sha256").update(program).digest("hex") };
    return { paths, digest, bootstrap, metadata: { init } };
  }

  async writeOutputs(image: FinishedImage): Promise<void> {
    const path = image.path(BOOTSTRAP_NAME);
    try {
      writeFileSync(path, this.#bootstrap);
    } catch (error) {
      throw outputError(error, `cannot write ${path}`);
    }
  }

  close(): void {}
}

async function putFile(additions: Additions, path: string, bytes: Uint8Array, executable: boolean) {
  await additions.put(path, { type: "file", executable, source: sourceOf(bytes) });
}

/** What a machine does without: none of it stands in the way of the image's own. */
async function addConveniences(
  image: ImageInProgress,
  workload: Workload,
  additions: Additions,
): Promise<void> {
  for (const path of HOST_FILES) {
    const source = sourceOf(new Uint8Array());
    await additions.put(path, { type: "file", executable: false, source }, "optional");
  }
  // As container engines make it, for programs that look for what is mounted there.
  await additions.put("/etc/mtab", { type: "symlink", target: "/proc/mounts" }, "optional");
  for (const path of [workload.workdir, ...workload.volumes.filter((volume) => volume.startsWith("/"))]) {
    if (await additions.put(asBytes(path), { type: "directory" }, "optional")) continue;
    image.warn(`the folder ${displayPath(asBytes(path))} cannot be made: the image has something else there`);
  }
  if (workload.env.length === 0) return;
  const { bytes, leftOut } = environmentFile(workload.env);
  const added = await additions.put(
    ENVIRONMENT_PATH,
    { type: "file", executable: false, source: sourceOf(bytes) },
    "optional",
  );
  if (!added || leftOut.length === 0) return;
  image.warn(
    `${ENVIRONMENT_PATH} cannot hold ${leftOut.map((name) => displayPath(asBytes(name))).join(", ")}; the workload is given all variables`,
  );
}

function configOf(workload: Workload): Uint8Array {
  const { hostname } = workload;
  return encodeConfig({
    entrypoint: workload.entrypoint.map(asBytes),
    cmd: workload.cmd.map(asBytes),
    environment: workload.env.map(asBytes),
    workingDirectory: asBytes(workload.workdir),
    user: asBytes(workload.user),
    ...(hostname === undefined ? {} : { hostname }),
    stopSignal: workload.stopSignal,
    limits: [NOFILE],
  });
}

/** Of what will end the machine before anything runs, unless its kernel command line says otherwise. */
async function warnOfWorkload(image: ImageInProgress, workload: Workload): Promise<void> {
  if (workload.entrypoint.length + workload.cmd.length === 0) {
    image.warn("the image names no command: give one with --cmd, or on the kernel command line");
  }
  const user = await workloadUser(image, workload.user);
  if (!("reason" in user)) return;
  image.warn(
    `the machine will refuse to run the workload, for its user is nobody: ${displayPath(user.reason)}`,
  );
}

function conflictHint(): string {
  return "remove or rename these files in the image, or convert with --profile baseline";
}
