/** Content digests: `algorithm:encoded`, as the OCI image spec's descriptor.md ("Digests") writes them. */
import { createHash } from "node:crypto";
import { Docker2vmError } from "../errors.ts";
import { quote } from "./quote.ts";

declare const digestBrand: unique symbol;

/** A digest that has been checked: `sha256:` or `sha512:` and lower-case hex of the right length, nothing else. */
export type Digest = string & { readonly [digestBrand]: true };

export type DigestAlgorithm = "sha256" | "sha512";

const SUPPORTED = /^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$/;
/** The registered two: a digest that names one of them and is not SUPPORTED is malformed, not merely foreign. */
const REGISTERED = /^sha(?:256|512):/;
const WELL_FORMED = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/;

export function isDigest(text: string): text is Digest {
  return SUPPORTED.test(text);
}

/**
 * The text as a digest. `where` says where it stood, for the message.
 * Throws E_UNSUPPORTED for an algorithm other than sha256 and sha512, E_BAD_MANIFEST for what is no digest at all:
 * only checked digests may become part of a path.
 */
export function parseDigest(text: string, where: string): Digest {
  if (isDigest(text)) return text;
  if (WELL_FORMED.test(text) && !REGISTERED.test(text)) {
    throw new Docker2vmError(
      "E_UNSUPPORTED",
      `${where}: the digest algorithm of ${quote(text)} is not supported`,
      {
        hint: "sha256 and sha512 are",
      },
    );
  }
  throw new Docker2vmError("E_BAD_MANIFEST", `${where}: ${quote(text)} is not a digest`, {
    hint: 'a digest is "sha256:" and 64 lower-case hexadecimal digits, or "sha512:" and 128',
  });
}

/** The algorithm by the name node:crypto knows it. */
export function digestAlgorithm(digest: Digest): DigestAlgorithm {
  return digest.startsWith("sha512:") ? "sha512" : "sha256";
}

/** The part after the colon. */
export function digestHex(digest: Digest): string {
  return digest.slice("sha256:".length);
}

export function sha256Of(bytes: Uint8Array): Digest {
  return digestOf(bytes, "sha256");
}

/** Throws E_DIGEST_MISMATCH unless the bytes hash to the digest. */
export function checkDigest(bytes: Uint8Array, digest: Digest, where: string): void {
  const actual = digestOf(bytes, digestAlgorithm(digest));
  if (actual !== digest) {
    throw new Docker2vmError(
      "E_DIGEST_MISMATCH",
      `${where}: expected ${digest}, but the bytes hash to ${actual}`,
      {
        hint: "the image is damaged or was changed: fetch it again",
      },
    );
  }
}

function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm): Digest {
  return parseDigest(`${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`, "node:crypto");
}
