import type { KeyObject } from "node:crypto";
import { Docker2vmError } from "../errors.ts";
import type { RawManifest } from "../oci/manifest.ts";
import { judgeBundle, type Verdict } from "./bundle.ts";
import { type Claim, Claims } from "./claims.ts";
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
  const found = { invalid: 0, keyless: 0, other: 0 };
  for await (const claim of claims.about(distinct)) {
    const verdict = judge(claim, key);
    if (verdict === "valid") return;
    found[verdict] += 1;
  }
  const { unreadable, incomplete } = claims;
  const said = [
    describe(found.invalid, found.keyless),
    ...(unreadable.length === 0 ? [] : [`${unreadable.length} could not be read`]),
    ...(incomplete ? ["there is more than is looked at"] : []),
  ];
  const unsigned = found.invalid + found.keyless === 0;
  throw new Docker2vmError("E_SIGNATURE", store.name(`${distinct[0]?.digest}: ${said.join("; ")}`), {
    hint: (unsigned ? store.unsignedHint : undefined) ?? HINT,
    cause: unreadable[0],
  });
}

function judge(claim: Claim, key: KeyObject): Verdict {
  const { image, bytes, signature } = claim;
  if (signature === undefined) return judgeBundle(bytes, image, key);
  return isSignatureOf(image.digest, bytes, signature, key) ? "valid" : "invalid";
}

function describe(invalid: number, keyless: number): string {
  const all = invalid + keyless;
  if (all === 0) return "bears no signature";
  const certified =
    keyless === 0 ? "" : `, and ${keyless} of them by a certificate (keyless), which no key can check`;
  return `bears ${all} signatures, none of them valid by the key given${certified}`;
}
