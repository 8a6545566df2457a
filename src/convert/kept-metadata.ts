/** `meta.json` of a result that is used again: what the result alone knows is taken from it, the rest said anew. */
import type { JsonValue } from "../oci/json.ts";
import { parseJson } from "../oci/json.ts";
import type { ResolvedImage, SourceOrigin } from "../source/source.ts";
import { describeImage } from "./describe.ts";
import type { ImageMetadata } from "./meta.ts";
import type { Conversion } from "./request.ts";

/** Bytes that it may have. */
export const METADATA_LIMIT = 16 << 20;

/** For what, and by what it is used again. */
export interface UsedAgain {
  readonly image: ResolvedImage;
  readonly origin: SourceOrigin;
  readonly request: Conversion;
}

/** As it would be written of a new result. `where` names it. Throws E_BAD_MANIFEST where it is that of something else. */
export function metadataAgain(
  bytes: Uint8Array,
  where: string,
  { image, origin, request }: UsedAgain,
): ImageMetadata {
  const value = parseJson(bytes, where, METADATA_LIMIT);
  checkFilesystem(value.field("filesystem"));
  if (value.has("injection")) checkInjection(value.field("injection"));
  if (value.has("rootfsDigest")) value.field("rootfsDigest").string();
  const kept: ImageMetadata = JSON.parse(Buffer.from(bytes).toString("utf8"));
  const { filesystem, injection, rootfsDigest } = kept;
  const metadata: ImageMetadata = {
    ...describeImage(origin, image, filesystem, { injection: undefined, edited: undefined }, request),
    ...(injection === undefined ? {} : { injection }),
    ...(rootfsDigest === undefined ? {} : { rootfsDigest }),
  };
  const { source } = metadata;
  // Where they lie beside the image, names of files are said again.
  const named = kept.assets === undefined ? metadata : { ...metadata, assets: kept.assets };
  if (JSON.stringify({ ...kept, source }) === JSON.stringify(named)) return metadata;
  throw value.error("E_BAD_MANIFEST", "describes another image than its key says");
}

function checkFilesystem(value: JsonValue): void {
  for (const name of ["type", "uuid", "label"]) value.field(name).string();
  for (const name of ["blockSize", "blocks", "freeBlocks", "inodes"]) value.field(name).count();
  const verity = value.field("verity");
  if (verity.missing) return;
  for (const name of ["rootHash", "salt", "uuid"]) verity.field(name).string();
  verity.field("hashOffset").count();
}

/** What the summary and the launch files read of it. */
function checkInjection(value: JsonValue): void {
  value.field("paths").strings();
  const bootstrap = value.field("bootstrap");
  if (bootstrap.missing) return;
  for (const name of ["env", "entrypoint", "cmd", "exposedPorts"]) bootstrap.field(name).strings();
  bootstrap.field("workdir").string();
  bootstrap.field("docker2vm").field("user").string();
}
