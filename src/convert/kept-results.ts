/** Conversions whose result is there already, and results that are kept for the next one. */
import { statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { Results } from "../cache/results.ts";
import { Docker2vmError, EXIT } from "../errors.ts";
import { formatPlatform } from "../oci/platform.ts";
import { describeLayer } from "./describe.ts";
import {
  bringFromCache,
  bringFromRegistry,
  type KeepableResult,
  keepInCache,
  keepInRegistry,
  type Note,
} from "./kept-places.ts";
import type { ConvertedImage } from "./make-image.ts";
import type { ProgressEvent, ReusedFrom } from "./progress.ts";
import type { FolderRequest } from "./request.ts";
import { resultFacts, resultKey } from "./result-key.ts";
import type { ResultsRequest } from "./results-request.ts";

/** What a result fails with that is itself to blame; that nobody has signed it is none of its faults. */
const BROKEN: ReadonlySet<number> = new Set([EXIT.badImage, EXIT.integrity, EXIT.notFound]);

/** Whether a result may be there already, so that no layer need be fetched before it is known. */
export async function mayBeThere({ from, cacheFolder }: ResultsRequest): Promise<boolean> {
  return from !== undefined || (cacheFolder !== undefined && (await new Results(cacheFolder).any()));
}

/** A conversion whose result may be kept, or be there. */
export interface KeepableMaking extends Omit<KeepableResult, "key"> {
  readonly results: ResultsRequest;
  /** Where the image is made. `files` are those that a profile makes beside it. */
  readonly imagePath: string;
}

/**
 * Has the files of an earlier result where this conversion's are to be, or has them made, and keeps that result. What
 * fails of the one or the other is a warning. Throws what `make` throws, and the signal's reason.
 */
export async function unlessKept(
  making: KeepableMaking,
  make: (request: FolderRequest) => Promise<ConvertedImage>,
): Promise<ConvertedImage & { readonly reused?: ReusedFrom }> {
  const { image, origin, request, imagePath } = making;
  const facts = resultFacts(image, origin, request, [...making.files.keys()]);
  if (facts === undefined) return make(request);
  const files = new Map([[request.filesystem.fileName, imagePath], ...making.files]);
  const result: Keepable = { ...making, files, key: resultKey(facts) };
  const found = await findResult(result);
  if (found !== undefined && found !== "broken") {
    await keep(result, found, found.from);
    return tellOfReuse(result, found);
  }
  const warnings: string[] = [];
  const report = (event: ProgressEvent): void => {
    if (event.type === "warning") warnings.push(event.message);
    request.report(event);
  };
  const converted = await make({ ...request, report });
  await keep(result, { metadata: converted.metadata, warnings }, found);
  return converted;
}

interface Keepable extends KeepableResult, Pick<KeepableMaking, "results" | "imagePath"> {}

interface FoundResult extends Note {
  readonly from: ReusedFrom;
}

/** "broken" where a registry has one that is of no use. */
async function findResult(result: Keepable): Promise<FoundResult | "broken" | undefined> {
  const { cacheFolder, from } = result.results;
  const cached = await lookIn(result, "result-cache", cacheFolder, bringFromCache);
  if (cached !== undefined && cached !== "broken") return cached;
  return lookIn(result, "remote-cache", from, bringFromRegistry);
}

/** Undefined where there is none, "broken" where it is not whole: nothing is left of it then. */
async function lookIn<Place>(
  result: Keepable,
  from: ReusedFrom,
  place: Place | undefined,
  bring: (result: KeepableResult, place: Place) => Promise<Note | undefined>,
): Promise<FoundResult | "broken" | undefined> {
  if (place === undefined) return undefined;
  let isBroken = false;
  try {
    const note = await bring(result, place);
    if (note !== undefined) return { ...note, from };
  } catch (error) {
    isBroken = doWithout(result, error, "the image is converted");
  }
  for (const path of result.files.values()) await rm(path, { force: true });
  return isBroken ? "broken" : undefined;
}

/** Tells what a conversion tells, as far as it happens. */
function tellOfReuse(
  { image, request, imagePath }: Keepable,
  { metadata, warnings, from }: FoundResult,
): ConvertedImage & { readonly reused: ReusedFrom } {
  const layers = image.layers.map(describeLayer);
  const { report } = request;
  report({
    type: "resolved",
    sourceDigest: image.manifestDigest,
    platform: formatPlatform(image.platform),
    layers,
  });
  report({ type: "reused", from });
  for (const message of warnings) report({ type: "warning", message });
  return {
    metadata,
    apparentBytes: statSync(imagePath).size,
    sizing: request.filesystem.sizing,
    warnings: request.warnings,
    reused: from,
  };
}

/**
 * On this machine and in a registry, where that is asked for and it does not come from there; in a registry in the place of
 * one that was found to be broken.
 */
async function keep(result: Keepable, note: Note, from: ReusedFrom | "broken" | undefined): Promise<void> {
  const { cacheFolder, copies, pushTo } = result.results;
  try {
    if (cacheFolder !== undefined && from !== "result-cache") {
      const isKept = await keepInCache(result, note, cacheFolder, copies);
      if (copies && !isKept) {
        const message =
          "the result is not kept: of an image of more than 16 GiB the cache takes clones alone";
        result.request.report({ type: "warning", message });
      }
    }
  } catch (error) {
    doWithout(result, error, "the result is not kept", copies);
  }
  try {
    if (pushTo !== undefined) await keepInRegistry(result, note, pushTo, from === "broken");
  } catch (error) {
    doWithout(result, error, "the result is not put into the registry");
  }
}

/**
 * What fails only costs time; what nobody has asked for need not be told. Returns whether a result is itself to blame. Throws
 * the signal's reason, and what is a mistake of this program.
 */
function doWithout({ request }: Keepable, error: unknown, instead: string, isTold = true): boolean {
  request.signal.throwIfAborted();
  if (!(error instanceof Docker2vmError) || error.code === "E_INTERNAL") throw error;
  if (isTold) request.report({ type: "warning", message: `${error.message}: ${instead}` });
  return BROKEN.has(error.exitCode) && error.code !== "E_SIGNATURE";
}
