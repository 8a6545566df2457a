import type { KeyObject } from "node:crypto";
import { Docker2vmError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { parseIndex } from "../oci/index-document.ts";
import type { RawManifest } from "../oci/manifest.ts";
import { isIndex, isManifest } from "../oci/media-types.ts";
import { type ConnectionOptions, connect, connectToPush } from "../registry/connection.ts";
import { formatImageReference, parseImageReference } from "../registry/reference.ts";
import { readSignatureKey } from "../signature/key.ts";
import { readPrivateKey } from "../signature/private-key.ts";
import { type FoundSignature, findSignatures } from "../signature/require-signature.ts";
import {
  type Place,
  SIGNATURE_FORMATS,
  type SignatureFormat,
  type SignedManifest,
  type Signer,
  signManifest,
} from "./sign-manifest.ts";

/** Manifests that one signing signs, indexes among them. */
const MANIFEST_LIMIT = 1000;

/** With which key, and in which forms. */
export interface SigningSettings {
  /** A PEM file: cosign's own, PKCS#8 or SEC 1; ECDSA on P-256. */
  readonly keyFile: string;
  /** Of a key that is encrypted. */
  readonly keyPassword?: string | undefined;
  /** In both if absent, so that everybody finds one: cosign 3 and cosign 2, podman and skopeo look for different ones. */
  readonly formats?: readonly SignatureFormat[] | undefined;
}

/** What was signed. */
export interface SignResult {
  /** As it was named: "registry.example/team/vm:1" */
  readonly reference: string;
  /** What that stood for when it was looked up, and what the signatures are of. */
  readonly digest: Digest;
  /** The manifest or index itself first, then those that it lists, where they were asked for. */
  readonly signed: readonly SignedManifest[];
}

/** What was found of an image's signatures: one at least is valid. */
export interface SignatureReport {
  readonly reference: string;
  readonly digest: Digest;
  readonly signatures: readonly FoundSignature[];
}

/** The key, and forms of which there is one at least. Throws E_USAGE. */
export async function signerOf({
  keyFile,
  keyPassword,
  formats = SIGNATURE_FORMATS,
}: SigningSettings): Promise<Signer> {
  if (formats.length === 0) {
    throw new Docker2vmError("E_USAGE", "a signature has no form", {
      hint: `forms are ${SIGNATURE_FORMATS.join(", ")}`,
    });
  }
  return { key: await readPrivateKey(keyFile, keyPassword), formats };
}

/**
 * Signs whatever image or index a name stands for, in its registry. Throws E_USAGE for a key that is of no use,
 * E_IMAGE_NOT_FOUND, E_DENIED, E_BAD_MANIFEST, E_LIMIT and NetworkError.
 */
export async function signReference(
  name: string,
  signing: SigningSettings,
  isRecursive: boolean,
  options: ConnectionOptions,
): Promise<SignResult> {
  const named = parseImageReference(name);
  const signer = await signerOf(signing);
  const { target, repository, close } = await connectToPush(named, [], options);
  try {
    const root = await repository.root();
    // By what it was looked up: an old name beside a digest may stand for something else by now.
    const { digest, tag, ...rest } = named;
    const reference = formatImageReference({
      ...rest,
      tag: digest === undefined ? tag : undefined,
      digest: undefined,
    });
    const signed: SignedManifest[] = [];
    for await (const manifest of isRecursive ? withMembers({ target, repository }, root) : [root]) {
      signed.push(await signManifest({ target, repository }, manifest, reference, signer));
    }
    return { reference: formatImageReference(named), digest: root.digest, signed };
  } finally {
    await close();
  }
}

/** A manifest, and all that it lists, each once. */
async function* withMembers({ repository }: Place, root: RawManifest): AsyncGenerator<RawManifest> {
  const seen = new Set<string>([root.digest]);
  const waiting: RawManifest[] = [root];
  for (let manifest = waiting.shift(); manifest !== undefined; manifest = waiting.shift()) {
    yield manifest;
    for (const member of membersOf(manifest, repository.name(`index ${manifest.digest}`))) {
      if (seen.has(member.digest)) continue;
      if (seen.size === MANIFEST_LIMIT) {
        throw new Docker2vmError(
          "E_LIMIT",
          repository.name(`there are more than ${MANIFEST_LIMIT} manifests`),
          {
            hint: "sign them one by one, by their digests",
          },
        );
      }
      seen.add(member.digest);
      waiting.push(await repository.described(member));
    }
  }
}

function membersOf({ bytes, mediaType }: RawManifest, where: string): readonly Descriptor[] {
  if (!isIndex(mediaType)) return [];
  const { manifests } = parseIndex(bytes, where, mediaType);
  return manifests.filter((member) => isIndex(member.mediaType) || isManifest(member.mediaType));
}

/** Tells what of an image's signatures is valid by a key. Throws E_SIGNATURE where none is, and as `connect` does. */
export async function verifyReference(
  name: string,
  key: KeyObject | string,
  options: ConnectionOptions,
): Promise<SignatureReport> {
  const named = parseImageReference(name);
  const verifyKey = typeof key === "string" ? await readSignatureKey(key) : key;
  const { repository, close } = await connect(named, undefined, false, options);
  try {
    const root = await repository.root();
    const signatures = await findSignatures(repository, [root], verifyKey);
    return { reference: formatImageReference(named), digest: root.digest, signatures };
  } finally {
    await close();
  }
}
