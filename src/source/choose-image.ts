/** Choosing among the images of one layout: by name, by digest, or because there is only one. */
import { Docker2vmError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { isDigest } from "../oci/digest.ts";
import type { ImageIndex, UnreadableEntry } from "../oci/index-document.ts";
import { isImageConfig, isIndex, isManifest } from "../oci/media-types.ts";
import { formatPlatform } from "../oci/platform.ts";
import { quote } from "../oci/quote.ts";
import { isAttestation, type ReadIndex, walkIndex } from "../oci/select.ts";
import type { ImageChoice } from "./source.ts";

/** OCI image spec annotations.md; containerd and docker add the full name beside the tag. */
const NAME_ANNOTATIONS = ["org.opencontainers.image.ref.name", "io.containerd.image.name"];

/** cosign pkg/oci/layout/index.go. */
const KIND_ANNOTATION = "kind";
const SAVED_SIGNATURES = "dev.cosignproject.cosign/sigs";
const NOT_IMAGES: ReadonlySet<string> = new Set([SAVED_SIGNATURES, "dev.cosignproject.cosign/atts"]);
/** The tags of cosign's signatures and of the index that stands in for a list of referrers. */
const TAG_BESIDE = /(?:^|:)sha(?:256|512)-[a-f0-9]{64}(?:\.(?:sig|att|sbom))?$/;

/**
 * The image that is meant, as an index: of one manifest, one index, or of several manifests that differ in nothing
 * but their platform. `where` names the layout's index in messages.
 * Throws E_IMAGE_NOT_FOUND, with what there is, if nothing or more than one image fits.
 */
export async function chooseImage(
  index: ImageIndex,
  choice: ImageChoice,
  readIndex: ReadIndex,
  where: string,
): Promise<ImageIndex> {
  if (choice.digest !== undefined) return chooseByDigest(index, choice.digest, readIndex, where);
  const images = index.manifests.filter((image) => isImage(image) && !isAttestation(image));
  const { unreadable = [] } = index;
  if (choice.tag === undefined) {
    const others = images.filter((image) => !isBesideAnImage(image));
    // Where there is nothing else, what it is can still be told.
    return { ...asOneImage(others.length > 0 ? others : images, where, "holds", choice.howTo), unreadable };
  }

  const wanted = choice.tag;
  const named = namedBy(images, (name) => name === wanted);
  const chosen = named.length > 0 ? named : namedBy(images, (name) => endsWith(name, wanted));
  const broken = namedBy(unreadable, (name) => name === wanted || endsWith(name, wanted));
  if (chosen.length > 0) {
    return { ...asOneImage(chosen, where, `has, for ${quote(wanted)},`), unreadable: broken };
  }
  if (broken[0] !== undefined) throw broken[0].error;
  throw new Docker2vmError("E_IMAGE_NOT_FOUND", `${where}: no image is called ${quote(wanted)}`, {
    hint: whatThereIs(images),
  });
}

/** Whether a descriptor of index.json has the tag, by itself or at the end of a name. */
export function isNamed(descriptor: Descriptor, tag: string): boolean {
  return namesOf(descriptor).some((name) => name === tag || name.endsWith(`:${tag}`));
}

/** Whether `cosign save` has marked it as the signatures of the layout's image. */
export function isSavedSignature({ annotations }: Descriptor): boolean {
  return annotations[KIND_ANNOTATION] === SAVED_SIGNATURES;
}

/** A signature, an attestation or their like, as cosign, skopeo and oras copy them into the layout of an image. */
function isBesideAnImage(descriptor: Descriptor): boolean {
  const { annotations, artifactType } = descriptor;
  const names = namesOf(descriptor);
  return (
    NOT_IMAGES.has(annotations[KIND_ANNOTATION] ?? "") ||
    (names.length > 0 && names.every((name) => TAG_BESIDE.test(name))) ||
    (artifactType !== undefined && !isImageConfig(artifactType))
  );
}

/** A name as users shorten it: the tag alone, or the reference without its registry. */
export function endsWith(name: string, wanted: string): boolean {
  return name.endsWith(`:${wanted}`) || name.endsWith(`/${wanted}`);
}

async function chooseByDigest(
  index: ImageIndex,
  digest: string,
  readIndex: ReadIndex,
  where: string,
): Promise<ImageIndex> {
  if (!isDigest(digest)) throw new Docker2vmError("E_USAGE", `${quote(digest)} is not a digest`);
  const faults: UnreadableEntry[] = [];
  for await (const image of walkIndex(index, readIndex, where, faults)) {
    if (image.digest === digest && isImage(image)) return { manifests: [image] };
  }
  // It may be what cannot be read, or be listed there.
  const fault = faults.find((entry) => entry.digest === digest || isIndex(entry.mediaType ?? ""));
  if (fault !== undefined) throw fault.error;
  throw new Docker2vmError("E_IMAGE_NOT_FOUND", `${where}: no image has the digest ${digest}`, {
    hint: whatThereIs(index.manifests),
  });
}

function asOneImage(
  listed: readonly Descriptor[],
  where: string,
  verb: string,
  howToName = "name one by its tag (PATH:TAG) or by its digest (PATH@DIGEST)",
): ImageIndex {
  const images = distinct(listed);
  if (images.length <= 1 || differInPlatformOnly(images)) return { manifests: images };
  throw new Docker2vmError(
    "E_IMAGE_NOT_FOUND",
    `${where}: ${verb} ${images.length} images: ${listImages(images)}`,
    {
      hint: howToName,
    },
  );
}

function differInPlatformOnly(images: readonly Descriptor[]): boolean {
  const names = new Set(images.map((image) => namesOf(image).join("\n")));
  const platforms = images.flatMap((image) =>
    image.platform === undefined ? [] : [formatPlatform(image.platform)],
  );
  return names.size === 1 && platforms.length === images.length && new Set(platforms).size === images.length;
}

/** One image under two names is listed twice: the first of each digest. */
function distinct(images: readonly Descriptor[]): readonly Descriptor[] {
  const byDigest = new Map<string, Descriptor>();
  for (const image of images) {
    if (!byDigest.has(image.digest)) byDigest.set(image.digest, image);
  }
  return [...byDigest.values()];
}

type Annotated = Pick<Descriptor, "annotations">;

function namedBy<Entry extends Annotated>(
  images: readonly Entry[],
  fits: (name: string) => boolean,
): readonly Entry[] {
  return images.filter((image) => namesOf(image).some(fits));
}

function namesOf(image: Annotated): readonly string[] {
  return NAME_ANNOTATIONS.flatMap((key) => {
    const name = Object.hasOwn(image.annotations, key) ? image.annotations[key] : undefined;
    return name === undefined ? [] : [name];
  });
}

function isImage({ mediaType }: Descriptor): boolean {
  return isManifest(mediaType) || isIndex(mediaType);
}

function whatThereIs(images: readonly Descriptor[]): string {
  return images.length === 0 ? "there is no image at all" : `there is ${listImages(images)}`;
}

function listImages(images: readonly Descriptor[]): string {
  const shown = images.slice(0, 20).map((image) => {
    const name = namesOf(image)[0];
    const platform = image.platform === undefined ? "" : ` (${formatPlatform(image.platform)})`;
    return `${name === undefined ? image.digest : quote(name)}${platform}`;
  });
  return `${[...new Set(shown)].join(", ")}${images.length > shown.length ? ", …" : ""}`;
}
