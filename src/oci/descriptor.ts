/** Content descriptors: OCI image spec descriptor.md. */
import { checkDigest, type Digest, parseDigest } from "./digest.ts";
import type { JsonValue } from "./json.ts";
import { readPlatform, type StatedPlatform } from "./platform.ts";

/** What a document says of a blob it points at. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes of the blob. */
  readonly size: number;
  readonly platform?: StatedPlatform;
  /** What kind of artifact a manifest is, where it is no image. */
  readonly artifactType?: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly urls: readonly string[];
  /** The blob itself, embedded; checked against size and digest. */
  readonly data?: Uint8Array;
}

/** Throws E_BAD_MANIFEST and E_UNSUPPORTED as parseDigest does, E_SIZE_MISMATCH and E_DIGEST_MISMATCH for `data`. */
export function readDescriptor(value: JsonValue): Descriptor {
  const digest = value.field("digest");
  const platform = value.field("platform");
  const artifactType = value.field("artifactType").optionalString();
  const descriptor = {
    mediaType: value.field("mediaType").string(),
    digest: parseDigest(digest.string(), digest.where),
    size: value.field("size").count(),
    annotations: value.field("annotations").stringMap(),
    urls: value.field("urls").strings(),
    ...(platform.missing ? {} : { platform: readPlatform(platform) }),
    ...(artifactType === undefined ? {} : { artifactType }),
  };
  const data = value.field("data");
  return data.missing
    ? descriptor
    : { ...descriptor, data: decodeData(data, descriptor.size, descriptor.digest) };
}

function decodeData(value: JsonValue, size: number, digest: Digest): Uint8Array {
  const text = value.string();
  const data = Buffer.from(text, "base64");
  // Buffer skips what is not base64; encoding again shows whether it did.
  if (data.toString("base64") !== text) throw value.error("E_BAD_MANIFEST", "not base64");
  if (data.length !== size) {
    throw value.error("E_SIZE_MISMATCH", `holds ${data.length} bytes where the descriptor's size is ${size}`);
  }
  checkDigest(data, digest, value.where);
  return data;
}
