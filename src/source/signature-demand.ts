import type { KeyObject } from "node:crypto";
import { Docker2vmError } from "../errors.ts";
import { readSignatureKey } from "../signature/key.ts";
import type { SourceOrigin } from "./source.ts";

const WITHOUT_IMAGE = [
  "files without an image bear none",
  "sign the image that they come from, and convert that",
] as const;

const KEPT = [
  "what an engine keeps of an image bears none",
  "pull the image by its name, or convert an OCI layout that its signature was copied into as well",
] as const;

/** The sources whose images no signature can come with, and what to do instead. */
const UNSIGNED: Partial<Record<SourceOrigin["kind"], readonly [what: string, hint: string]>> = {
  "docker-archive": [
    "a docker archive carries none",
    "pull the image by its name, or convert an OCI layout that its signature was copied into as well",
  ],
  "docker-daemon": KEPT,
  "containers-storage": KEPT,
  containerd: KEPT,
  "rootfs-tar": WITHOUT_IMAGE,
  dir: WITHOUT_IMAGE,
  image: WITHOUT_IMAGE,
  dockerfile: [
    "an image that is built for the conversion bears none",
    "push and sign it, and then convert it by its name",
  ],
};

/**
 * The key by which an image must be signed, to be asked for before anything of the image is read. Throws E_USAGE for a
 * file that holds no such key, and for a source that could never satisfy it.
 */
export async function demandedKey(keyFile: string, kind: SourceOrigin["kind"]): Promise<KeyObject> {
  const key = await readSignatureKey(keyFile);
  const unsigned = UNSIGNED[kind];
  if (unsigned === undefined) return key;
  const [what, hint] = unsigned;
  throw new Docker2vmError("E_USAGE", `a signature is demanded, but ${what}`, { hint });
}
