/** Signatures in cosign's older form, in a registry: sigstore/cosign specs/SIGNATURE_SPEC.md, "Storage". */
import { Docker2vmError } from "../errors.ts";
import { readDescriptor } from "../oci/descriptor.ts";
import { sha256Of } from "../oci/digest.ts";
import { parseDocument } from "../oci/document.ts";
import type { RawManifest } from "../oci/manifest.ts";
import { isManifest, OCI_CONFIG, OCI_MANIFEST } from "../oci/media-types.ts";
import type { PushTarget } from "../registry/push-target.ts";
import { untilThere } from "../registry/until-there.ts";
import { SIGNATURE_ANNOTATION, SIMPLE_SIGNING } from "../signature/simple-signing.ts";

const TAG_STAYS =
  "signatures are there already, and the registry lets none be added under their tag: sign with --signature-format bundle";

/**
 * Adds a signature to those under the tag. Throws E_DENIED, E_NETWORK, NetworkError, and E_BAD_MANIFEST where something else
 * is under the tag.
 */
export async function addSimpleSignature(
  target: PushTarget,
  tag: string,
  payload: Uint8Array,
  signature: string,
): Promise<void> {
  const digest = sha256Of(payload);
  await target.push({ role: "signature payload", digest, bytes: payload });
  const annotations = { [SIGNATURE_ANNOTATION]: signature };
  const layer = { mediaType: SIMPLE_SIGNING, digest, size: payload.length, annotations };
  await untilThere(`the signature under the tag ${tag}`, async () => {
    const layers = layersOf(await target.manifest(tag), tag);
    if (layers.some(({ signature: there }) => there === signature)) return true;
    const all = [...layers, { json: layer, digest }];
    const config = configOf(all.map((each) => each.digest));
    await target.push({ role: "config", digest: config.digest, bytes: config.bytes });
    const bytes = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: OCI_MANIFEST,
        config: { mediaType: OCI_CONFIG, digest: config.digest, size: config.bytes.length },
        layers: all.map(({ json }) => json),
      }),
    );
    const manifest = { bytes, digest: sha256Of(bytes), mediaType: OCI_MANIFEST };
    await target.put(manifest);
    await target.tag(manifest, tag, TAG_STAYS);
    return false;
  });
}

interface KnownLayer {
  /** As somebody else wrote it: what is not known of it stays. */
  readonly json: unknown;
  readonly digest: string;
  readonly signature?: string | undefined;
}

function layersOf(found: RawManifest | undefined, tag: string): readonly KnownLayer[] {
  if (found === undefined) return [];
  if (!isManifest(found.mediaType)) {
    throw new Docker2vmError("E_BAD_MANIFEST", `the tag ${tag} has no signatures: it is an index`, {
      hint: "somebody has given it to something else: remove it, or sign with --signature-format bundle",
    });
  }
  const listed = parseDocument(found.bytes, tag, found.mediaType).field("layers").items();
  const document: { readonly layers?: readonly unknown[] } = JSON.parse(
    Buffer.from(found.bytes).toString("utf8"),
  );
  return listed.map((layer, i) => {
    const { digest, annotations } = readDescriptor(layer);
    return { json: document.layers?.[i], digest, signature: annotations[SIGNATURE_ANNOTATION] };
  });
}

/** An ordinary image's, which nobody will run: payloads are not compressed, so that their digests are those of its layers. */
function configOf(digests: readonly string[]) {
  const bytes = Buffer.from(
    JSON.stringify({ architecture: "", os: "", config: {}, rootfs: { type: "layers", diff_ids: digests } }),
  );
  return { bytes, digest: sha256Of(bytes) };
}
