/** What says that a layer as it is stored was once seen to be the one that is kept: written and read. */
import { type Digest, digestAlgorithm, digestHex } from "../oci/digest.ts";
import { type JsonValue, parseJson } from "../oci/json.ts";
import { sealed, unsealed } from "./sealed-document.ts";

/** Bytes that such a document may have. */
export const FORM_LIMIT = 1 << 20;

/** A layer as it is stored somewhere. */
export interface StoredForm {
  /** Of the stored bytes; undefined where nothing states it. */
  readonly digest: Digest | undefined;
  /** Bytes. */
  readonly size: number;
  readonly mediaType: string;
}

export interface LayerForm extends StoredForm {
  /** Bytes of the tar. */
  readonly tarBytes: number;
  /** What was told of the stored bytes, and not of the tar in them. */
  readonly warnings: readonly string[];
}

/** What the document of a form is called in the layer's folder. */
export function formName({ digest }: Pick<StoredForm, "digest">): string {
  return digest === undefined ? "form" : `form-${digestAlgorithm(digest)}-${digestHex(digest)}`;
}

export function formDocument(form: LayerForm): Uint8Array {
  const { digest, ...rest } = form;
  return sealed({ schemaVersion: 1, ...(digest === undefined ? {} : { digest }), ...rest });
}

/**
 * Undefined for what is not whole, or says something of other stored bytes. Throws E_BAD_MANIFEST for what nobody has
 * written so.
 */
export function parseForm(
  bytes: Uint8Array,
  { digest, size, mediaType }: StoredForm,
  where: string,
): LayerForm | undefined {
  const text = unsealed(bytes);
  if (text === undefined) return undefined;
  const value: JsonValue = parseJson(text, where, FORM_LIMIT);
  if (value.field("schemaVersion").count() !== 1) return undefined;
  const isSame =
    value.field("digest").optionalString() === digest &&
    value.field("size").count() === size &&
    value.field("mediaType").string() === mediaType;
  if (!isSame) return undefined;
  const tarBytes = value.field("tarBytes").count();
  return { digest, size, mediaType, tarBytes, warnings: value.field("warnings").strings() };
}
