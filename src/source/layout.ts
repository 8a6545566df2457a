/** OCI image layouts: OCI image spec image-layout.md. */
import type { KeyObject } from "node:crypto";
import { stat } from "node:fs/promises";
import { Docker2vmError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { MANIFEST_LIMIT } from "../oci/document.ts";
import { type ImageIndex, parseIndex } from "../oci/index-document.ts";
import { parseJson } from "../oci/json.ts";
import { isManifest } from "../oci/media-types.ts";
import type { WantedPlatform } from "../oci/platform.ts";
import { quote } from "../oci/quote.ts";
import { type IndexReader, selectManifest } from "../oci/select.ts";
import { describeBlob, readBlob } from "./blobs.ts";
import { chooseImage } from "./choose-image.ts";
import { type FileStore, readDocument } from "./file-store.ts";
import { folderStore } from "./folder-store.ts";
import { readManifest, resolveManifest } from "./resolve-manifest.ts";
import type { ImageChoice, ImageSource, ResolvedImage, SourceOrigin } from "./source.ts";
import { inputError } from "./system-errors.ts";

/** What a layout's marker file is called, and what it must say. */
const MARKER = "oci-layout";
const LAYOUT_VERSION = "1.0.0";
export const LAYOUT_INDEX = "index.json";

/** A layout in a folder. Throws E_IMAGE_NOT_FOUND if there is no such folder, or no layout in it. */
export async function openLayoutFolder(
  folder: string,
  choice: ImageChoice,
  origin: SourceOrigin,
  verifyKey: KeyObject | undefined,
): Promise<ImageSource> {
  const found = await stat(folder).catch((error: unknown) => {
    throw inputError(error, folder);
  });
  if (!found.isDirectory()) {
    throw new Docker2vmError("E_IMAGE_NOT_FOUND", `${folder}: is not a folder`, {
      hint: `an archive is given as oci-archive:${folder} (--oci-tar) or docker-archive:${folder}`,
    });
  }
  const store = folderStore(folder);
  for (const name of [MARKER, LAYOUT_INDEX]) {
    if ((await store.find(name)) !== undefined) continue;
    throw new Docker2vmError(
      "E_IMAGE_NOT_FOUND",
      `${folder}: is not an OCI layout: there is no ${name} in it`,
      {
        hint: `skopeo copy docker://IMAGE oci:${folder}:TAG makes one`,
      },
    );
  }
  return {
    origin,
    resolve: (platform) => resolveLayout(store, choice, platform, verifyKey),
    close: async () => undefined,
  };
}

/**
 * Chooses the image of a layout, wherever its files are; with a key, only if the layout holds a signature of it by that.
 */
export async function resolveLayout(
  store: FileStore,
  choice: ImageChoice,
  wanted: WantedPlatform,
  verifyKey: KeyObject | undefined,
): Promise<ResolvedImage> {
  await checkVersion(store);
  const where = `${store.name}: ${LAYOUT_INDEX}`;
  const index = parseIndex(await readDocument(store, LAYOUT_INDEX, MANIFEST_LIMIT), where);
  const image = await chooseImage(index, choice, indexReader(store).index, where);
  const manifest =
    byDigest(image, choice) ?? (await selectManifest(image, wanted, indexReader(store), where));
  if (verifyKey !== undefined) {
    // Loaded when it is wanted: few conversions demand a signature.
    const { requireLayoutSignature } = await import("./layout-signatures.ts");
    const { manifests: listed } = image;
    // Of several manifests that differ in their platform, no index speaks.
    const signed = listed.length === 1 ? [manifest, ...listed] : [manifest];
    await requireLayoutSignature(store, index, signed, verifyKey);
  }
  return resolveManifest(store, manifest, wanted);
}

/** Reads what choosing takes from a layout's blobs. */
export function indexReader(store: FileStore): IndexReader {
  return {
    index: async (descriptor) => {
      const bytes = await readBlob(store, descriptor, "index", MANIFEST_LIMIT);
      return parseIndex(bytes, describeBlob(store, descriptor, "index"), descriptor.mediaType);
    },
    platform: async (listed) => (await readManifest(store, listed)).config,
  };
}

/** A manifest that is named by its digest is meant, whatever an index says of it: as with one that is pulled so. */
function byDigest({ manifests }: ImageIndex, { digest }: ImageChoice): Descriptor | undefined {
  return manifests.find((manifest) => manifest.digest === digest && isManifest(manifest.mediaType));
}

async function checkVersion(store: FileStore): Promise<void> {
  const bytes = await readDocument(store, MARKER, MANIFEST_LIMIT);
  const version = parseJson(bytes, `${store.name}: ${MARKER}`, MANIFEST_LIMIT).field("imageLayoutVersion");
  if (version.string() === LAYOUT_VERSION) return;
  throw version.error(
    "E_UNSUPPORTED",
    `layout version ${quote(version.string())}, expected "${LAYOUT_VERSION}"`,
  );
}
