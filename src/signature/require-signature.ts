import type { KeyObject } from "node:crypto";
import { Docker2vmError } from "../errors.ts";
import type { RawManifest } from "../oci/manifest.ts";
import { Claims } from "./claims.ts";
import { isSignatureOf } from "./simple-signing.ts";
import type { SignatureStore } from "./store.ts";

const HINT =
  "the image is not what the key's owner signed: do not use it, or check that the key is the right one";

/**
 * Returns only if one of the manifests bears a valid signature by the key. They are that of the image and, where an
 * index led to it, the index: it speaks for the manifests it lists, so that its signature is as good as theirs.
 * Throws E_SIGNATURE, and as the store does.
 */
export async function requireSignature(
  store: SignatureStore,
  manifests: readonly RawManifest[],
  key: KeyObject,
): Promise<void> {
  const distinct = [...new Map(manifests.map((manifest) => [manifest.digest, manifest])).values()];
  const claims = new Claims(store);
  let seen = 0;
  for await (const { image, payload, signature } of claims.about(distinct)) {
    if (isSignatureOf(image.digest, payload, signature, key)) return;
    seen += 1;
  }
  const found =
    seen === 0 ? "bears no signature" : `bears ${seen} signatures, none of them valid by the key given`;
  const { unreadable, incomplete } = claims;
  const broken = unreadable.length === 0 ? "" : `; ${unreadable.length} could not be read`;
  const rest = incomplete ? "; there is more than is looked at" : "";
  throw new Docker2vmError("E_SIGNATURE", store.name(`${distinct[0]?.digest}: ${found}${broken}${rest}`), {
    hint: (seen === 0 ? store.unsignedHint : undefined) ?? HINT,
    cause: unreadable[0],
  });
}
