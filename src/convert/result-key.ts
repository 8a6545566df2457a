/** What the result of a conversion follows from, and the key that it is kept under. */
import manifest from "../../package.json" with { type: "json" };
import type { FilesystemName } from "../filesystem/kind/kind.ts";
import { type Digest, sha256Of } from "../oci/digest.ts";
import { formatPlatform } from "../oci/platform.ts";
import type { ProfileName } from "../profile/profile.ts";
import type { RootFilesystem } from "../rootfs/root-filesystem.ts";
import type { ResolvedImage, SourceOrigin } from "../source/source.ts";
import { filesystemTime, formatUuid, labelOf } from "./identity.ts";
import type { LimitsRequest } from "./limits.ts";
import type { Conversion } from "./request.ts";

/**
 * Another one leaves every kept result behind. To be raised with every change of what a conversion makes of the same
 * facts, be it within one version of the program.
 */
export const RESULT_FORMAT = 3;

/** Sources whose manifest says all of an image, down to how its layers are stored. */
const NAMED_BY_MANIFEST: readonly SourceOrigin["kind"][] = ["registry", "oci-layout", "oci-archive"];

/**
 * Everything that the files of a result follow from, but for those that are made anew each time: the writable disk, the
 * launch files, and what meta.json says of where the image was found.
 */
export interface ResultFacts {
  /** Of what makes the result. */
  readonly format: number;
  readonly program: string;
  /** Digest of the manifest. */
  readonly image: Digest;
  readonly platform: string;
  readonly filesystem: FilesystemName;
  /** The filesystem's own, none that is as it is by default. */
  readonly facts: Readonly<Record<string, unknown>>;
  readonly label: string;
  /** Null: it follows from the rest. */
  readonly uuid: string | null;
  /** Seconds since 1970. */
  readonly time: number;
  readonly verity: boolean;
  readonly readOnly: boolean;
  readonly digest: boolean;
  readonly profile: ProfileName;
  /** All that the profile is told, but for what it finds on this machine. */
  readonly settings: object;
  /** Names of the files that the profile makes beside the image. */
  readonly beside: readonly string[];
  /** What was let pass then is let pass again only under the same ones. */
  readonly limits: LimitsRequest;
}

/**
 * The facts of a conversion; undefined where they are not known before the work: of files without a manifest, of a
 * profile that takes its parts from this machine, of edits, which may add what only reading it tells, of an image that is
 * to be written in another way than it is kept.
 */
export function resultFacts(
  image: ResolvedImage | RootFilesystem,
  origin: SourceOrigin,
  request: Conversion,
  beside: readonly string[],
): ResultFacts | undefined {
  if (!("layers" in image) || !NAMED_BY_MANIFEST.includes(origin.kind)) return undefined;
  const { profile, filesystem, dense, edits } = request;
  if (profile.name === "gondolin" || dense || edits.length > 0) return undefined;
  const { name, environment: _environment, guestAssets: _guestAssets, ...settings } = profile;
  const quiet = { ...request, report: () => undefined };
  return {
    format: RESULT_FORMAT,
    program: manifest.version,
    image: image.manifestDigest,
    platform: formatPlatform(image.platform),
    filesystem: filesystem.name,
    facts: filesystem.facts,
    label: labelOf(image, request),
    uuid: request.uuid === undefined ? null : formatUuid(request.uuid),
    time: filesystemTime(image, quiet).seconds,
    verity: request.verity,
    readOnly: request.readOnly,
    digest: request.digest,
    profile: name,
    settings,
    beside,
    limits: request.limits,
  };
}

/** sha256 of the facts as JSON without spaces, the fields of every object sorted, and none that is undefined. */
export function resultKey(facts: ResultFacts): Digest {
  return sha256Of(Buffer.from(JSON.stringify(sorted(facts))));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(fields.map(([name, field]) => [name, sorted(field)]));
}
