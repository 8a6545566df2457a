/** Storage of Podman's and Buildah's as containers/storage itself writes it: with skopeo and buildah, as root. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Oracle, runOk } from "./oracles.ts";

/** Files of an image have their owners; and what the overlay driver mounts ends with a namespace. */
export const STORAGE: readonly Oracle[] = ["skopeo", "unshare", "chroot"];

/** Runs a program that leaves mounts behind, in a namespace of mounts that ends with it. */
export function runMounting(program: string, args: readonly string[]): string {
  return runOk("unshare", ["--mount", program, ...args]);
}

/** Copies an image into the storage at `root`. `source` is skopeo's. */
export function storeImage(root: string, driver: "overlay" | "vfs", source: string, name: string): void {
  mkdirSync(root, { recursive: true });
  const target = `containers-storage:[${driver}@${root}+${join(root, "run")}]${name}`;
  runMounting("skopeo", ["--insecure-policy", "copy", "-q", source, target]);
}
