/** Keys and signatures in cosign's formats. */
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { type BuiltDescriptor, json, writeBlob } from "./layout-builder.ts";

export const SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const SIGNATURE = "dev.cosignproject.cosign/signature";

export interface SigningKey {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** PEM, as in cosign.pub. */
  readonly publicPem: string;
}

export function makeSigningKey(namedCurve = "P-256"): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve });
  return { privateKey, publicKey, publicPem: publicKey.export({ type: "spki", format: "pem" }).toString() };
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
  return { ...blob, mediaType: SIMPLE_SIGNING, annotations };
}

/** Writes a manifest of signatures into a layout, unlisted, and gives the descriptor of it. */
export function signInLayout(folder: string, payload: Uint8Array, key: SigningKey): BuiltDescriptor {
  const config = writeBlob(folder, json({}), "application/vnd.oci.image.config.v1+json");
  const layers = [signedLayer(payload, writeBlob(folder, payload, SIMPLE_SIGNING), key)];
  return writeBlob(folder, json({ schemaVersion: 2, config, layers }), MANIFEST);
}
