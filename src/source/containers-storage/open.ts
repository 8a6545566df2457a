/**
 * Images in the storage that Podman, Buildah and CRI-O share, read without them. It keeps no blobs: documents lie beside the
 * images, and each layer is a folder of files with an account of the tar that they came in.
 */
import { Docker2vmError } from "../../errors.ts";
import type { Environment } from "../../http/proxy.ts";
import { CONFIG_LIMIT, parseConfig } from "../../oci/config.ts";
import { checkDigest, sha256Of } from "../../oci/digest.ts";
import { MANIFEST_LIMIT } from "../../oci/document.ts";
import { parseJson } from "../../oci/json.ts";
import { parseManifest } from "../../oci/manifest.ts";
import { dockerLayerMediaType, isIndex, OCI_MANIFEST } from "../../oci/media-types.ts";
import type { WantedPlatform } from "../../oci/platform.ts";
import { quote } from "../../oci/quote.ts";
import { settlePlatform } from "../../oci/settle-platform.ts";
import { fullNames, imageIdOf, listNames } from "../engine-names.ts";
import { formatEngineReference } from "../engine-reference.ts";
import { pairWithDiffIds } from "../resolve-manifest.ts";
import type { ContainersStorageSource, ImageSource, LayerBlob, ResolvedImage } from "../source.ts";
import { readLayerTar } from "./layer-tar.ts";
import { storagePlaces } from "./place.ts";
import { NOT_WHOLE, Store, type StoredImage, type StoredLayer } from "./store.ts";

const MANIFEST = "manifest";

/**
 * Nothing is read before resolve, and no lock taken: lists are replaced as a whole, layers never change while an image has
 * them, and what is removed meanwhile is an error. Throws as storagePlaces does; resolve throws E_IMAGE_NOT_FOUND,
 * E_PLATFORM_NOT_FOUND, E_UNSUPPORTED, E_IO, and for what is not whole E_BAD_MANIFEST and E_DIGEST_MISMATCH.
 */
export function openContainersStorage(spec: ContainersStorageSource, environment: Environment): ImageSource {
  const { roots, driver } = storagePlaces(spec, environment);
  return {
    origin: { kind: spec.kind, reference: formatEngineReference(spec) },
    resolve: async (platform) => {
      const stores = roots.flatMap((root) => Store.open(root, driver) ?? []);
      if (stores.length === 0) throw noStore(roots, driver);
      const { store, image } = find(stores, spec.name);
      return resolve(store, image, platform);
    },
    close: async () => undefined,
  };
}

interface Found {
  readonly store: Store;
  readonly image: StoredImage;
}

/** By its name, else by its ID; in the first store that has it. */
function find(stores: readonly Store[], wanted: string): Found {
  const all = stores.flatMap((store) => store.images().map((image): Found => ({ store, image })));
  const id = imageIdOf(wanted.replace(/^@/, ""));
  const names = wanted.startsWith("@") ? [] : fullNames(wanted);
  for (const name of names) {
    const found = all.find(({ image }) => isNamed(image, name));
    if (found !== undefined) return found;
  }
  const byId = id === undefined ? [] : all.filter(({ image }) => image.id.startsWith(id));
  const [first, ...others] = byId;
  if (first !== undefined && others.every(({ image }) => image.id === first.image.id)) return first;
  const where = stores.map((store) => store.name).join(", ");
  const there = all.flatMap(({ image }) => image.names);
  throw new Docker2vmError(
    "E_IMAGE_NOT_FOUND",
    `${where}: ${first === undefined ? "no image is called" : "several images begin with"} ${quote(wanted)}`,
    {
      hint:
        there.length === 0
          ? "it has no image with a name: podman images lists them"
          : `there is ${listNames(there)}`,
    },
  );
}

/** The names of a repository are those of its digests as well. */
function isNamed({ names, digests }: StoredImage, name: string): boolean {
  const [repository = "", digest] = name.split("@");
  if (digest === undefined) return names.includes(name);
  const isThere = names.some((each) => each.split("@")[0]?.replace(/:[^:/]*$/, "") === repository);
  return names.includes(name) || (isThere && digests.includes(digest));
}

function resolve(store: Store, image: StoredImage, wanted: WantedPlatform): ResolvedImage {
  const where = `${store.name}: image ${image.id}`;
  const bytes = documentOf(store, image, MANIFEST, where);
  const manifestDigest = sha256Of(bytes);
  if (!image.digests.includes(manifestDigest)) {
    throw new Docker2vmError(
      "E_DIGEST_MISMATCH",
      `${where}: its manifest hashes to ${manifestDigest}, which it is not said to`,
      {
        hint: NOT_WHOLE,
      },
    );
  }
  const mediaType =
    parseJson(bytes, where, MANIFEST_LIMIT).field("mediaType").optionalString() ?? OCI_MANIFEST;
  if (isIndex(mediaType)) {
    throw new Docker2vmError("E_UNSUPPORTED", `${where}: is a list of images, none of which is in it`, {
      hint: "name one of them as it was pulled or built: podman manifest inspect tells what it lists",
    });
  }
  const manifest = parseManifest(bytes, `${where}: its manifest`, mediaType);
  const configBytes = documentOf(store, image, manifest.config.digest, where);
  checkDigest(configBytes, manifest.config.digest, `${where}: its config`);
  if (configBytes.length > CONFIG_LIMIT) {
    throw new Docker2vmError("E_BAD_MANIFEST", `${where}: its config has more than ${CONFIG_LIMIT} bytes`);
  }
  const config = parseConfig(configBytes, `${where}: its config`);
  const { platform, warnings } = settlePlatform({ config, listed: undefined }, wanted, where);
  const layers = pairWithDiffIds(store.layersOf(image), config, where);
  return {
    manifestDigest,
    platform,
    config,
    layers: layers.map(({ index, layer, diffId }) => layerBlob(store, { index, layer, diffId }, where)),
    warnings: [...config.warnings, ...warnings],
  };
}

function layerBlob(
  store: Store,
  { index, layer, diffId }: Pick<LayerBlob, "index" | "diffId"> & { readonly layer: StoredLayer },
  image: string,
): LayerBlob {
  const where = `${image}: layer ${index + 1}`;
  if (layer.diffDigest === undefined) {
    throw new Docker2vmError("E_UNSUPPORTED", `${where}: was pulled file by file, and not as a tar`, {
      hint: "podman save IMAGE | docker2vm convert - takes it by Podman itself; a pull by name takes it from its registry",
    });
  }
  if (layer.diffDigest !== diffId) {
    throw new Docker2vmError(
      "E_BAD_MANIFEST",
      `${where}: is ${layer.diffDigest}, but the config names ${diffId}`,
      {
        hint: NOT_WHOLE,
      },
    );
  }
  const tar = { tarSplit: store.tarSplit(layer), files: store.files(layer), where };
  return {
    index,
    // A plain tar is its own diff_id.
    digest: diffId,
    size: layer.diffSize,
    diffId,
    mediaType: dockerLayerMediaType("none"),
    checked: false,
    open: (signal) => readLayerTar(tar, signal),
  };
}

function documentOf(store: Store, image: StoredImage, name: string, where: string): Uint8Array {
  const bytes = store.bigData(image, name);
  if (bytes !== undefined) return bytes;
  throw new Docker2vmError("E_BAD_MANIFEST", `${where}: there is no ${name}`, { hint: NOT_WHOLE });
}

function noStore(roots: readonly string[], driver: string | undefined): Docker2vmError {
  const of = driver === undefined ? "" : ` of the driver ${quote(driver)}`;
  return new Docker2vmError(
    "E_IMAGE_NOT_FOUND",
    `${roots.join(", ")}: there is no storage of containers${of}`,
    {
      hint: "podman info tells its graphRoot, which is given as containers-storage:[/GRAPHROOT]NAME; another user's needs that user",
    },
  );
}
