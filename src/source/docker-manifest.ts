/** The `manifest.json` of a docker-archive: moby's image spec v1.2, "Combined Image JSON + Filesystem Changeset Format". */
import { Docker2vmError } from "../errors.ts";
import { MANIFEST_LIMIT } from "../oci/document.ts";
import { type JsonValue, parseJson } from "../oci/json.ts";
import { LAYER_LIMIT } from "../oci/manifest.ts";

/** One image of the archive. Config and Layers are names of the archive's entries. */
export interface SavedImage {
  readonly Config: string;
  /** Full names with tag; none where the image was saved by its ID. */
  readonly RepoTags: readonly string[];
  /** From the base upwards. */
  readonly Layers: readonly string[];
}

export interface DockerManifest {
  readonly images: readonly SavedImage[];
  readonly unreadable: readonly UnreadableImage[];
}

/** E_BAD_MANIFEST, or E_UNSUPPORTED for too many layers; and the names, where those can be read. */
export interface UnreadableImage extends Pick<SavedImage, "RepoTags"> {
  readonly error: Docker2vmError;
}

/** Parses the raw bytes. `document` names it in messages. Throws E_BAD_MANIFEST, but not over one of several images. */
export function parseDockerManifest(bytes: Uint8Array, document: string): DockerManifest {
  const images: SavedImage[] = [];
  const unreadable: UnreadableImage[] = [];
  for (const entry of parseJson(bytes, document, MANIFEST_LIMIT).items()) {
    try {
      images.push(readSavedImage(entry));
    } catch (error) {
      if (!(error instanceof Docker2vmError)) throw error;
      unreadable.push({ error, RepoTags: namesOf(entry) });
    }
  }
  return { images, unreadable };
}

function readSavedImage(image: JsonValue): SavedImage {
  const layers = image.field("Layers");
  if (layers.items().length > LAYER_LIMIT) {
    throw layers.error("E_UNSUPPORTED", `${layers.items().length} layers are more than ${LAYER_LIMIT}`);
  }
  return {
    Config: image.field("Config").string(),
    RepoTags: image.field("RepoTags").strings(),
    Layers: layers.strings(),
  };
}

function namesOf(image: JsonValue): readonly string[] {
  try {
    return image.field("RepoTags").strings();
  } catch (error) {
    if (error instanceof Docker2vmError) return [];
    throw error;
  }
}
