/** The cloud-init that an image brings, and whether it will look for a seed. */
import { Docker2vmError } from "../../errors.ts";
import type { Directory } from "../../tree/inode.ts";
import { displayPath } from "../../tree/path.ts";
import { findPlace } from "../../tree/resolve.ts";
import { readText } from "../image-file.ts";
import type { ImageInProgress } from "../profile.ts";

const PROGRAMS = ["/usr/bin/cloud-init", "/usr/local/bin/cloud-init"];
const SWITCHED_OFF = "/etc/cloud/cloud-init.disabled";

const SETTINGS = "/etc/cloud/cloud.cfg";
const FURTHER_SETTINGS = "/etc/cloud/cloud.cfg.d";
/** In brackets or as lines with dashes. */
const SOURCES = /^datasource_list:\s*(?<list>\[[^\]]*\]|(?:\n[ \t]*-[^\n]*)+)/m;

/** Throws E_UNSUPPORTED for an image without cloud-init, and for one where it is switched off. */
export function requireCloudInit(root: Directory): void {
  if (!PROGRAMS.some((path) => findPlace(root, path)?.inode.type === "file")) {
    throw new Docker2vmError("E_UNSUPPORTED", `the image has no cloud-init: no ${PROGRAMS.join(", no ")}`, {
      hint: "install it in the image, or convert with --profile systemd or init, which need none",
    });
  }
  if (findPlace(root, SWITCHED_OFF) === undefined) return;
  throw new Docker2vmError("E_UNSUPPORTED", `cloud-init is switched off in the image by ${SWITCHED_OFF}`, {
    hint: "remove that file from the image, or convert with --profile systemd or init",
  });
}

/** Of settings by which cloud-init looks elsewhere alone: the last file that has any counts. */
export async function warnOfOtherSources(image: ImageInProgress): Promise<void> {
  let last: { readonly path: string; readonly list: string } | undefined;
  for (const path of [SETTINGS, ...furtherSettings(image.root)]) {
    const list = SOURCES.exec(await readText(image, path))?.groups?.["list"];
    if (list !== undefined) last = { path, list };
  }
  if (last === undefined || /\bNoCloud\b/.test(last.list)) return;
  image.warn(
    `cloud-init will not look for the seed: the datasource_list in ${displayPath(last.path)} is without NoCloud`,
  );
}

function furtherSettings(root: Directory): readonly string[] {
  const folder = findPlace(root, FURTHER_SETTINGS)?.inode;
  if (folder?.type !== "directory") return [];
  const names = [...folder.entries.keys()].filter((name) => name.endsWith(".cfg")).sort();
  return names.map((name) => `${FURTHER_SETTINGS}/${name}`);
}
