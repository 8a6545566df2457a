/** Keys and signatures in cosign's formats. */
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { json } from "./layout-builder.ts";

export const SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json";
const SIGNATURE = "dev.cosignproject.cosign/signature";

export interface SigningKey {
  readonly privateKey: KeyObject;
  /** PEM, as in cosign.pub. */
  readonly publicPem: string;
}

export function makeSigningKey(namedCurve = "P-256"): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve });
  return { privateKey, publicPem: publicKey.export({ type: "spki", format: "pem" }).toString() };
}

export function simpleSigningPayload(digest: string, type = "cosign container image signature"): Buffer {
  return json({
    critical: { identity: { "docker-reference": "" }, image: { "docker-manifest-digest": digest }, type },
    optional: null,
  });
}

/** A layer of a signature's manifest, for a payload that is a blob already. */
export function signedLayer(
  payload: Uint8Array,
  blob: { digest: string; size: number },
  { privateKey }: SigningKey,
) {
  return layerOf(blob, sign("sha256", payload, privateKey));
}

/** The same, for a signature made elsewhere (DER). */
export function layerOf(blob: { digest: string; size: number }, signature: Uint8Array) {
  const annotations = { [SIGNATURE]: Buffer.from(signature).toString("base64") };
  return { mediaType: SIMPLE_SIGNING, ...blob, annotations };
}
