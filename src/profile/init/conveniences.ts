/** What a machine does without: none of it stands in the way of the image's own. */
import { displayPath } from "../../tree/path.ts";
import { type Additions, sourceOf } from "../additions.ts";
import { workloadUser } from "../launcher/launcher.ts";
import type { ImageInProgress } from "../profile.ts";
import { asBytes } from "../shell-words.ts";
import { environmentFile } from "./environment-file.ts";
import type { Workload } from "./workload.ts";

/** What is mounted on, with their modes. */
const MOUNT_POINTS = { "/proc": 0o755, "/sys": 0o755, "/dev": 0o755, "/run": 0o755, "/tmp": 0o1777 };

const ENVIRONMENT_PATH = "/etc/environment";

/** Adds the folders that any machine mounts on. */
export async function addMountPoints(additions: Additions): Promise<void> {
  for (const [path, mode] of Object.entries(MOUNT_POINTS)) {
    await additions.put(path, { type: "directory", mode });
  }
}

/** Adds the file where nothing is in its place. */
export async function offerFile(additions: Additions, path: string, text: string): Promise<boolean> {
  const source = sourceOf(Buffer.from(text, "latin1"));
  return await additions.put(path, { type: "file", executable: false, source }, "optional");
}

/** The folders that the workload counts on, and what sessions beside it look for. */
export async function addConveniences(
  image: ImageInProgress,
  workload: Workload,
  additions: Additions,
): Promise<void> {
  // As container engines make it, for programs that look for what is mounted there.
  await additions.put("/etc/mtab", { type: "symlink", target: "/proc/mounts" }, "optional");
  for (const path of [workload.workdir, ...volumeFolders(workload)]) {
    if (await additions.put(asBytes(path), { type: "directory" }, "optional")) continue;
    image.warn(`the folder ${displayPath(asBytes(path))} cannot be made: the image has something else there`);
  }
  if (workload.env.length === 0) return;
  const { bytes, leftOut } = environmentFile(workload.env);
  // What an image sets is no secret; what whoever converts has given may be one.
  const secret = workload.hasGivenEnv;
  const file = { type: "file", executable: false, secret, source: sourceOf(bytes) } as const;
  const added = await additions.put(ENVIRONMENT_PATH, file, "optional");
  if (!added || leftOut.length === 0) return;
  image.warn(
    `${ENVIRONMENT_PATH} cannot hold ${leftOut.map((name) => displayPath(asBytes(name))).join(", ")}; the workload is given all variables`,
  );
}

/** Volumes that are paths. */
export function volumeFolders({ volumes }: Workload): readonly string[] {
  return volumes.filter((volume) => volume.startsWith("/"));
}

/** Of a user who will not be found when the workload is to begin. */
export async function warnOfUser(image: ImageInProgress, workload: Workload): Promise<void> {
  const user = await workloadUser(image, workload.user);
  if (!("reason" in user)) return;
  image.warn(
    `the machine will refuse to run the workload, for its user is nobody: ${displayPath(user.reason)}`,
  );
}
