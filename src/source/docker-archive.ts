/** Images in a docker-archive: what `docker save` and `skopeo copy … docker-archive:FILE` write. */
import { Docker2vmError } from "../errors.ts";
import { CONFIG_LIMIT, type ImageConfig, parseConfig } from "../oci/config.ts";
import { checkDigest, type Digest, isDigest, sha256Of } from "../oci/digest.ts";
import { MANIFEST_LIMIT } from "../oci/document.ts";
import { type Compression, dockerLayerMediaType, foreignLayer } from "../oci/media-types.ts";
import type { WantedPlatform } from "../oci/platform.ts";
import { quote } from "../oci/quote.ts";
import { imageFault } from "../oci/select.ts";
import { settlePlatform } from "../oci/settle-platform.ts";
import { endsWith } from "./choose-image.ts";
import { SNIFFED, sniffCompression } from "./compression.ts";
import { type DockerManifest, parseDockerManifest, type SavedImage } from "./docker-manifest.ts";
import { type FileStore, readDocument, type StoredFile } from "./file-store.ts";
import { pairWithDiffIds } from "./resolve-manifest.ts";
import type { ImageChoice, LayerBlob, ResolvedImage } from "./source.ts";

export const DOCKER_MANIFEST_FILE = "manifest.json";
const HOW_TO_NAME = "name one by its tag (PATH:TAG) or image ID (PATH@ID)";
const INCOMPLETE =
  "the archive is not whole: save the image again (docker save IMAGE), or copy the archive again";
const NO_IMAGE = "docker save IMAGE writes an archive with an image in it";

/** Chooses the image of a docker-archive, wherever its files are. */
export async function resolveDockerArchive(
  store: FileStore,
  choice: ImageChoice,
  wanted: WantedPlatform,
): Promise<ResolvedImage> {
  const where = `${store.name}: ${DOCKER_MANIFEST_FILE}`;
  const saved = parseDockerManifest(await readDocument(store, DOCKER_MANIFEST_FILE, MANIFEST_LIMIT), where);
  const image = await chooseSaved(store, saved, choice, where);
  const { config, imageId } = await readConfig(store, image.Config);
  const { platform, warnings } = settlePlatform({ config, listed: undefined }, wanted, where);

  const layers: LayerBlob[] = [];
  for (const { index, layer, diffId } of pairWithDiffIds(image.Layers, config, where)) {
    layers.push(await layerBlob(store, index, layer, diffId));
  }
  return { manifestDigest: imageId, platform, config, layers, warnings: [...config.warnings, ...warnings] };
}

async function chooseSaved(
  store: FileStore,
  { images: saved, unreadable }: DockerManifest,
  choice: ImageChoice,
  where: string,
): Promise<SavedImage> {
  const { fitting, faults } = await fitChoice(store, saved, choice);
  const [first, ...others] = fitting;
  if (first !== undefined && others.every((other) => other.Config === first.Config)) return first;
  // What cannot be read may be what is meant.
  const meant = choice.tag === undefined ? unreadable : named(unreadable, choice.tag);
  const [fault] = first === undefined ? [...meant.map(({ error }) => error), ...faults] : [];
  if (fault !== undefined) throw fault;

  const there = saved.map(({ Config, RepoTags }) => quote(RepoTags[0] ?? Config)).join(", ");
  const wanted = choice.digest ?? choice.tag;
  const missing = wanted === undefined ? "lists no image" : `no image is called ${quote(wanted)}`;
  throw new Docker2vmError(
    "E_IMAGE_NOT_FOUND",
    `${where}: ${first === undefined ? missing : `holds ${fitting.length} images`}`,
    {
      hint: saved.length === 0 ? NO_IMAGE : `${choice.howTo ?? HOW_TO_NAME}: ${there}`,
    },
  );
}

async function fitChoice(
  store: FileStore,
  saved: readonly SavedImage[],
  { tag, digest }: ImageChoice,
): Promise<{ fitting: readonly SavedImage[]; faults: readonly Docker2vmError[] }> {
  if (digest !== undefined) return fitDigest(store, saved, digest);
  if (tag === undefined) return { fitting: saved, faults: [] };
  return { fitting: named(saved, tag), faults: [] };
}

function named<Image extends Pick<SavedImage, "RepoTags">>(
  images: readonly Image[],
  tag: string,
): readonly Image[] {
  const exact = images.filter(({ RepoTags }) => RepoTags.includes(tag));
  return exact.length > 0
    ? exact
    : images.filter(({ RepoTags }) => RepoTags.some((name) => endsWith(name, tag)));
}

/** Those whose config has the digest. Other configs need not be readable. */
async function fitDigest(store: FileStore, saved: readonly SavedImage[], digest: string) {
  const fitting: SavedImage[] = [];
  const faults: Docker2vmError[] = [];
  for (const image of saved) {
    try {
      if ((await readConfig(store, image.Config)).imageId === digest) fitting.push(image);
    } catch (error) {
      faults.push(imageFault(error));
    }
  }
  return { fitting, faults };
}

/** The config and its sha256, which must be what its file is named after, if that is a digest. */
async function readConfig(store: FileStore, name: string): Promise<{ config: ImageConfig; imageId: Digest }> {
  const where = `${store.name}: ${quote(name)}`;
  const bytes = await readDocument(store, name, CONFIG_LIMIT, INCOMPLETE);
  const named = namedDigest(name.replace(/\.json$/, ""));
  if (named !== undefined) checkDigest(bytes, named, where);
  return { config: parseConfig(bytes, where), imageId: sha256Of(bytes) };
}

async function layerBlob(store: FileStore, index: number, name: string, diffId: Digest): Promise<LayerBlob> {
  const file = await store.find(name);
  if (file === undefined) {
    throw new Docker2vmError(
      "E_BAD_MANIFEST",
      `${store.name}: layer ${index + 1}, ${quote(name)}, is not there`,
      {
        hint: store.absenceHint ?? INCOMPLETE,
      },
    );
  }
  const compression = await compressionOf(file, `${store.name}: layer ${index + 1}`);
  return {
    index,
    // A plain tar is its own diff_id. A compressed one has a digest only where its name states it.
    digest: compression === "none" ? diffId : blobDigest(name),
    size: file.size,
    diffId,
    mediaType: dockerLayerMediaType(compression),
    checked: false,
    place: file.place,
    open: (signal) => file.read(signal),
  };
}

async function compressionOf(file: StoredFile, where: string): Promise<Compression> {
  let compression = sniffCompression(new Uint8Array());
  for await (const chunk of file.read()) {
    compression = sniffCompression(chunk.subarray(0, SNIFFED));
    break;
  }
  if (compression === "bzip2" || compression === "xz") {
    throw foreignLayer(compression, where);
  }
  return compression;
}

/** `HEX`, or a blob's path. */
function namedDigest(name: string): Digest | undefined {
  const digest = `sha256:${name}`;
  return isDigest(digest) ? digest : blobDigest(name);
}

function blobDigest(name: string): Digest | undefined {
  const digest = name.replace(/^blobs\/(sha256|sha512)\//, "$1:");
  return isDigest(digest) ? digest : undefined;
}
