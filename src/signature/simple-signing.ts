/** cosign's older form: sigstore/cosign specs/SIGNATURE_SPEC.md; the payload: containers/image simple signing. */
import { type KeyObject, sign, verify } from "node:crypto";
import { type Digest, digestAlgorithm } from "../oci/digest.ts";
import { parseJson } from "../oci/json.ts";

export const SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json";
export const SIGNATURE_ANNOTATION = "dev.cosignproject.cosign/signature";
const TYPE = "cosign container image signature";

/** The tag of a manifest whose layers are signatures of that digest; undefined for a digest that no tag has room for. */
export function signatureTag(digest: Digest): string | undefined {
  return digestAlgorithm(digest) === "sha256" ? `${digest.replace(":", "-")}.sig` : undefined;
}

/**
 * What is signed of an image. By `reference`, "registry.example/team/vm:1", the policies of podman and skopeo tell whether it
 * is for what was asked for; cosign looks at the digest alone.
 */
export function signaturePayload(digest: Digest, reference: string): Buffer {
  const critical = {
    identity: { "docker-reference": reference },
    image: { "docker-manifest-digest": digest },
    type: TYPE,
  };
  return Buffer.from(JSON.stringify({ critical, optional: null }));
}

/** The signature of a payload, as its annotation has it. */
export function signPayload(payload: Uint8Array, key: KeyObject): string {
  return sign("sha256", payload, key).toString("base64");
}

/** Whether the signature, in base64, is the key's over the payload, and the payload speaks of the digest. */
export function isSignatureOf(
  digest: Digest,
  payload: Uint8Array,
  signature: string,
  key: KeyObject,
): boolean {
  try {
    if (!verify("sha256", payload, key, Buffer.from(signature, "base64"))) return false;
    const critical = parseJson(payload, "signature payload", payload.length).field("critical");
    if (critical.field("type").string() !== TYPE) return false;
    return critical.field("image").field("docker-manifest-digest").string() === digest;
  } catch {
    // node:crypto throws for a signature that is none, the JSON reader for a payload that is none.
    return false;
  }
}

/** What a payload that was found valid calls the image. Throws E_BAD_MANIFEST. */
export function referenceIn(payload: Uint8Array): string | undefined {
  const critical = parseJson(payload, "signature payload", payload.length).field("critical");
  return critical.field("identity").field("docker-reference").optionalString();
}
