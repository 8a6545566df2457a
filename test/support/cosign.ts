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

export const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";
export const IN_TOTO = "application/vnd.in-toto+json";

/** What `cosign sign` states of an image since version 3; `fields` go before what it says. */
export function statementOf(digest: string, fields: Readonly<Record<string, unknown>> = {}): Buffer {
  const [algorithm = "", hex] = digest.split(":");
  return json({
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ digest: { [algorithm]: hex }, annotations: {} }],
    predicateType: "https://sigstore.dev/cosign/sign/v1",
    predicate: {},
    ...fields,
  });
}

/** The bytes that are signed of a payload: DSSE protocol.md, "PAE". */
export function preAuthEncoding(payload: Uint8Array, type = IN_TOTO): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${payload.length} `), payload]);
}

export interface BundleParts {
  readonly payload: Uint8Array;
  readonly payloadType?: string;
  /** DER. */
  readonly signature: Uint8Array;
}

/** A bundle as `cosign sign` writes it with a key. */
export function bundleOf(
  { payload, payloadType = IN_TOTO, signature }: BundleParts,
  fields: Readonly<Record<string, unknown>> = {},
): Buffer {
  return json({
    mediaType: BUNDLE,
    verificationMaterial: { publicKey: { hint: "" } },
    dsseEnvelope: {
      payload: base64(payload),
      payloadType,
      signatures: [{ sig: base64(signature) }],
    },
    ...fields,
  });
}

/** The bundle in which the key signs the payload. */
export function signedBundle(
  payload: Uint8Array,
  { privateKey }: SigningKey,
  fields: Readonly<Record<string, unknown>> = {},
): Buffer {
  return bundleOf({ payload, signature: sign("sha256", preAuthEncoding(payload), privateKey) }, fields);
}

/** The manifest that brings a bundle to an image: cosign specs/BUNDLE_SPEC.md. */
export function bundleManifest(subject: BuiltDescriptor, layers: readonly object[], config: object): Buffer {
  const artifactType = BUNDLE;
  return json({ schemaVersion: 2, mediaType: MANIFEST, config, layers, subject, artifactType });
}

/** Writes a bundle and its manifest into a layout, unlisted, and gives the descriptor of the manifest. */
export function bundleInLayout(
  folder: string,
  bundle: Uint8Array,
  subject: BuiltDescriptor,
): BuiltDescriptor {
  const config = writeBlob(folder, json({}), "application/vnd.oci.empty.v1+json");
  return writeBlob(folder, bundleManifest(subject, [writeBlob(folder, bundle, BUNDLE)], config), MANIFEST);
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

/** `cosign generate-key-pair` 3.1.1 with the password "quiet". */
export const COSIGN_KEY = `-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----
eyJrZGYiOnsibmFtZSI6InNjcnlwdCIsInBhcmFtcyI6eyJOIjo2NTUzNiwiciI6
OCwicCI6MX0sInNhbHQiOiJmSWFaU1hiWW5vaHZBL3pIT3k4RlRIT0ZHQkNTMXBa
Vy90L1ZoRnZVR0JRPSJ9LCJjaXBoZXIiOnsibmFtZSI6Im5hY2wvc2VjcmV0Ym94
Iiwibm9uY2UiOiJoNlgySFltQlRUYkhzOG90U1JjN3JTamI5T0dsTElQWCJ9LCJj
aXBoZXJ0ZXh0IjoiNjIwNU0xTk1YMHNVSTRqcGc4dnkweDZiNXN2bHloZC9YM2xC
YzlKTEI4UE5WNHd5a0pFQWhjaTJNNFpMa3FZQzNDb2htRU40clR4UW9nVVpabm1I
QXFRT05McjFIMVN1VnE4TmYvTEs3aE93NTNBdm16QUl1K1pYSnpxNU04ZXV5MC9t
T3YzRWtmQVc1eEVKN3kwbmZiaWhveEFEeUZCQlJOKzc0d1RvY0VJWjhlOWtnZTNn
SlJLQllZMUwzcTQrZ1lpYTFEYUs5QWRNRGc9PSJ9
-----END ENCRYPTED SIGSTORE PRIVATE KEY-----
`;
/** The public key of it, in cosign.pub. */
export const COSIGN_PUB = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEVE4B5LUZi/XZ1OwxaohveqkDIscm
ReDPG6hMAMbrwLSafpzlvBpqHHR22ZGS135WkD1+74Td038Q14tJzsedsQ==
-----END PUBLIC KEY-----
`;
