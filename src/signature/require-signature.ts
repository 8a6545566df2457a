import type { KeyObject } from "node:crypto";
import { Docker2vmError } from "../errors.ts";
import type { Digest } from "../oci/digest.ts";
import type { RawManifest } from "../oci/manifest.ts";
import { judgeBundle, type Verdict } from "./bundle.ts";
import { type Claim, Claims } from "./claims.ts";
import { isSignatureOf } from "./simple-signing.ts";
import type { SignatureStore } from "./store.ts";

const HINT =
  "the image is not what the key's owner signed: do not use it, or check that the key is the right one";

/** Something that claims to sign an image, and what it is worth. */
export interface FoundSignature {
  /** "bundle" as cosign 3 signs, "simple" as cosign 2 does. */
  readonly format: "bundle" | "simple";
  readonly verdict: Verdict;
  /** Of the manifest that brings it. */
  readonly digest: Digest;
}

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
  await search(store, manifests, key, true);
}

/** The same, with everything that was found: so is the error's output, where none is valid. */
export function findSignatures(
  store: SignatureStore,
  manifests: readonly RawManifest[],
  key: KeyObject,
): Promise<readonly FoundSignature[]> {
  return search(store, manifests, key, false);
}

async function search(
  store: SignatureStore,
  manifests: readonly RawManifest[],
  key: KeyObject,
  isOneEnough: boolean,
): Promise<readonly FoundSignature[]> {
  const distinct = [...new Map(manifests.map((manifest) => [manifest.digest, manifest])).values()];
  const claims = new Claims(store);
  const found: FoundSignature[] = [];
  for await (const claim of claims.about(distinct)) {
    const verdict = judge(claim, key);
    const format = claim.signature === undefined ? "bundle" : "simple";
    found.push({ format, verdict, digest: claim.broughtBy });
    if (isOneEnough && verdict === "valid") break;
  }
  if (found.some(({ verdict }) => verdict === "valid")) return found;
  const output = isOneEnough ? [] : found.map((each) => `${each.format} ${each.verdict} (${each.digest})`);
  throw noSignature(store, distinct[0]?.digest, found, claims, output);
}

function noSignature(
  store: SignatureStore,
  digest: Digest | undefined,
  found: readonly FoundSignature[],
  { unreadable, incomplete }: Claims,
  output: readonly string[],
): Docker2vmError {
  const count = (wanted: Verdict) => found.filter(({ verdict }) => verdict === wanted).length;
  const [invalid, keyless] = [count("invalid"), count("keyless")];
  const said = [
    describe(invalid, keyless),
    ...(unreadable.length === 0 ? [] : [`${unreadable.length} could not be read`]),
    ...(incomplete ? ["there is more than is looked at"] : []),
  ];
  const unsigned = invalid + keyless === 0;
  return new Docker2vmError("E_SIGNATURE", store.name(`${digest}: ${said.join("; ")}`), {
    hint: (unsigned ? store.unsignedHint : undefined) ?? HINT,
    output,
    cause: unreadable[0],
  });
}

/** What a claim is worth by the key. */
export function judge(claim: Claim, key: KeyObject): Verdict {
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
