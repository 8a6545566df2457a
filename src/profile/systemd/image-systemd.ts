/** The systemd that an image brings, and whether it is what the image runs. */
import { Docker2vmError } from "../../errors.ts";
import type { Directory, Inode } from "../../tree/inode.ts";
import { findPlace } from "../../tree/resolve.ts";
import { DEFAULT_PATH } from "../image-variables.ts";
import type { Workload } from "../init/workload.ts";
import { asBytes } from "../shell-words.ts";

/** Where distributions have it. */
const PROGRAMS = ["/usr/lib/systemd/systemd", "/lib/systemd/systemd"];
/** What a kernel starts that is told nothing. */
export const INIT_LINK = "/sbin/init";

export interface ImageSystemd {
  readonly path: string;
  readonly inode: Inode;
}

/** Throws E_UNSUPPORTED for an image that has none. */
export function requireSystemd(root: Directory): ImageSystemd {
  for (const path of PROGRAMS) {
    const inode = findPlace(root, path)?.inode;
    if (inode?.type === "file") return { path, inode };
  }
  throw new Docker2vmError("E_UNSUPPORTED", `the image has no systemd: no ${PROGRAMS.join(", no ")}`, {
    hint: "install it in the image (Debian: systemd-sysv), or convert with --profile init, which needs none",
  });
}

/** Whether the workload's first word is systemd, by whatever name, looked up as it would be. */
export function runsSystemd(root: Directory, workload: Workload, { inode }: ImageSystemd): boolean {
  const [command] = [...workload.entrypoint, ...workload.cmd].map(asBytes);
  if (command === undefined || command === "") return false;
  const found = command.includes("/")
    ? findPlace(root, command.startsWith("/") ? command : `${asBytes(workload.workdir)}/${command}`)
    : inPath(root, command, workload);
  return found?.inode === inode;
}

function inPath(root: Directory, command: string, { env }: Workload): ReturnType<typeof findPlace> {
  const path = env.find((entry) => entry.startsWith("PATH="))?.slice("PATH=".length) ?? DEFAULT_PATH;
  for (const folder of asBytes(path).split(":")) {
    const place = folder.startsWith("/") ? findPlace(root, `${folder}/${command}`) : undefined;
    if (place?.inode.type === "file") return place;
  }
  return undefined;
}
