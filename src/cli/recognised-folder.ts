/** What a folder is, by the names in it. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Recognised, refused } from "./recognised.ts";

/** Throws E_USAGE for what is no source, with the command that takes it. */
export function recogniseFolder(path: string): Recognised {
  const has = (name: string): boolean => existsSync(join(path, name));
  if (has("oci-layout") || has("index.json"))
    return { source: `oci:${path}`, what: "a folder in OCI layout" };
  const image = ["rootfs.ext4", "rootfs.erofs", "rootfs.xfs"].find(has);
  if (has("meta.json") && image !== undefined) {
    throw refused(path, "is what convert has made", `to make it anew, write image:${join(path, image)}`);
  }
  if (has("config.json") && has("rootfs")) {
    throw refused(path, "is a bundle for container runtimes", `write dir:${join(path, "rootfs")}`);
  }
  const files = ["Dockerfile", "Containerfile"].find(has);
  if (files !== undefined) {
    const file = files === "Dockerfile" ? "" : ` --file ${join(path, files)}`;
    throw refused(
      path,
      "is a folder that an image is built of",
      `build it: docker2vm dockerfile --context ${path}${file} --out DIR; if its files are to be the image's, write dir:${path}`,
    );
  }
  return { source: `dir:${path}`, what: "a folder of files without an image" };
}
