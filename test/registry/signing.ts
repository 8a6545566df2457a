/** Signatures of a scene's image, as cosign leaves them in a registry. */
import { expect } from "bun:test";
import { makeSigningKey, type SigningKey, signedLayer } from "../support/cosign.ts";
import { expectError } from "../support/expect-error.ts";
import { json } from "../support/layout-builder.ts";
import { sendWhole } from "../support/scripted-registry.ts";
import { INDEX, MANIFEST } from "./documents.ts";
import type { Scene } from "./support.ts";

export const KEY = makeSigningKey();

/** Puts a manifest of signatures there, and gives the descriptor of it. */
export function putSignature(
  { registry }: Pick<Scene, "registry">,
  payload: Uint8Array,
  key: SigningKey = KEY,
  tag?: string,
) {
  const config = { mediaType: "application/vnd.oci.image.config.v1+json", ...registry.putBlob(json({})) };
  const layers = [signedLayer(payload, registry.putBlob(payload), key)];
  const bytes = json({ schemaVersion: 2, mediaType: MANIFEST, config, layers });
  return { mediaType: MANIFEST, digest: registry.putManifest(bytes, MANIFEST, tag), size: bytes.length };
}

export const sigTag = (digest: string) => `${digest.replace(":", "-")}.sig`;
export const referrersTag = (digest: string) => digest.replace(":", "-");

export function referrersIndex(manifests: readonly object[]): Buffer {
  return json({ schemaVersion: 2, mediaType: INDEX, manifests });
}

/** Has the registry answer as one with a list of referrers. */
export function listReferrers({ registry }: Scene, digest: string, manifests: readonly object[]): void {
  registry.rule(({ url }, response) => {
    if (!url.includes(`/referrers/${digest}`)) return false;
    response.setHeader("content-type", INDEX);
    sendWhole(response, referrersIndex(manifests));
    return true;
  });
}

/** The pull must be refused before a byte of a layer is asked for. */
export async function expectRefusal(scene: Scene, ...fragments: string[]): Promise<void> {
  await expectError(scene.pull({ verifyKey: KEY.publicKey }), "E_SIGNATURE", ...fragments);
  const layers = scene.registry.seen.filter(({ url }) =>
    scene.built.layers.some(({ digest }) => url.includes(digest)),
  );
  expect(layers).toEqual([]);
}
