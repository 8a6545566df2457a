/** Where a result is from, as SLSA has it said: slsa.dev/spec/v1.0/provenance. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import manifest from "../../package.json" with { type: "json" };
import { Docker2vmError, reasonOf } from "../errors.ts";
import { type Digest, digestAlgorithm, digestHex, isDigest, parseDigest } from "../oci/digest.ts";
import type { RawManifest } from "../oci/manifest.ts";
import { type StatementSubject, statementDocument } from "../signature/statement.ts";
import type { Origin, ResultFile } from "./result-files.ts";

export const PROVENANCE = "https://slsa.dev/provenance/v1";
const BUILD_TYPE = "urn:docker2vm:convert:1";
const BUILDER = "urn:docker2vm";

/** The statement for an artifact, by what it is called. */
export type StateProvenance = (artifact: RawManifest, name: string) => Buffer;

/**
 * What will state that an artifact, and each of its files, is what docker2vm made of an image: which, with what options, as
 * `meta.json` says. There is no time in it. Reads the files. Throws E_USAGE where nothing says what was converted, or a disk
 * is not as it was then, and E_IO.
 */
export async function prepareProvenance(
  files: readonly ResultFile[],
  origin: Origin | undefined,
  signal: AbortSignal | undefined,
): Promise<StateProvenance> {
  if (origin === undefined) {
    throw new Docker2vmError("E_USAGE", "nothing says what the image was made of: there is no meta.json", {
      hint: "convert with --out DIR, or with --output FILE --meta, or push without --provenance",
    });
  }
  const subjects: StatementSubject[] = [];
  for (const file of files) {
    const digest = await digestOfFile(file.path, signal);
    subjects.push({ name: file.name, digest, ...verityOf(file, origin) });
    if (isRootfs(file) && origin.rootfsDigest !== undefined && origin.rootfsDigest !== digest) {
      throw new Docker2vmError(
        "E_USAGE",
        `${file.path} hashes to ${digest}, and meta.json has ${origin.rootfsDigest}`,
        { hint: "it was changed since it was converted: convert it once more, or push without --provenance" },
      );
    }
  }
  const predicate = predicateOf(origin);
  return (artifact, name) =>
    statementDocument([{ name, digest: artifact.digest }, ...subjects], PROVENANCE, predicate);
}

function predicateOf({ source, sourceDigest, options, versions }: Origin) {
  const digest = isDigest(sourceDigest)
    ? { [digestAlgorithm(sourceDigest)]: digestHex(sourceDigest) }
    : undefined;
  return {
    buildDefinition: {
      buildType: BUILD_TYPE,
      externalParameters: { source, ...options },
      internalParameters: versions,
      resolvedDependencies: [{ uri: source.reference, ...(digest === undefined ? {} : { digest }) }],
    },
    runDetails: { builder: { id: BUILDER, version: { docker2vm: manifest.version } } },
  };
}

/** The disk that `meta.json` tells of: no other one of a result is called so, or it stands alone. */
function isRootfs({ kind, name }: ResultFile): boolean {
  return kind === "disk" && !name.startsWith("writable.");
}

function verityOf(file: ResultFile, { verity }: Origin) {
  if (verity === undefined || !isRootfs(file)) return {};
  return { annotations: { "dm-verity.root-hash": verity.rootHash, "dm-verity.salt": verity.salt } };
}

async function digestOfFile(path: string, signal: AbortSignal | undefined): Promise<Digest> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
      signal?.throwIfAborted();
      hash.update(chunk);
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw new Docker2vmError("E_IO", `cannot read ${path}: ${reasonOf(error)}`, { cause: error });
  }
  return parseDigest(`sha256:${hash.digest("hex")}`, "node:crypto");
}
