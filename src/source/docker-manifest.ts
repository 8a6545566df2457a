/** The `manifest.json` of a docker-archive: moby's image spec v1.2, "Combined Image JSON + Filesystem Changeset Format". */
import { MANIFEST_LIMIT } from "../oci/document.ts";
import { parseJson } from "../oci/json.ts";
import { LAYER_LIMIT } from "../oci/manifest.ts";

/** One image of the archive. Config and Layers are names of the archive's entries. */
export interface SavedImage {
  readonly Config: string;
  /** Full names with tag; none where the image was saved by its ID. */
  readonly RepoTags: readonly string[];
  /** From the base upwards. */
  readonly Layers: readonly string[];
}

/** Parses the raw bytes. `document` names it in messages. Throws E_BAD_MANIFEST; E_UNSUPPORTED for too many layers. */
export function parseDockerManifest(bytes: Uint8Array, document: string): readonly SavedImage[] {
  return parseJson(bytes, document, MANIFEST_LIMIT)
    .items()
    .map((image) => {
      const layers = image.field("Layers");
      if (layers.items().length > LAYER_LIMIT) {
        throw layers.error("E_UNSUPPORTED", `${layers.items().length} layers are more than ${LAYER_LIMIT}`);
      }
      return {
        Config: image.field("Config").string(),
        RepoTags: image.field("RepoTags").strings(),
        Layers: layers.strings(),
      };
    });
}
