import { checkDemands, checkSource, type ImageDemands } from "../convert/image-request.ts";
import type { ImageOptions } from "../convert/options.ts";
import { type ReadContents, readContents } from "../convert/read-contents.ts";
import { keyFor, temporaryScratch, withImage } from "../convert/with-image.ts";
import { collectGarbage } from "../memory/collect.ts";
import type { HistoryEntry } from "../oci/config.ts";
import { formatPlatform } from "../oci/platform.ts";
import type { RootFilesystem } from "../rootfs/root-filesystem.ts";
import type { LayerBlob, ResolvedImage, SourceOrigin, SourceSpec } from "../source/source.ts";
import { inTurns } from "../waiting/steps.ts";
import type { FileList } from "./facts/file-list.ts";
import { gatherFacts } from "./facts/gather.ts";
import { LayerAccount } from "./facts/layer-account.ts";
import type { ImageReport, LayerFacts, SourceFacts } from "./facts/report.ts";
import { readFilesystemMap } from "./filesystem-map.ts";
import { KeptContents } from "./kept-contents.ts";

/** An image as a report tells of it, its names one by one, and what tells the contents of its files apart. */
export interface ReadImage extends ReadContents {
  readonly report: ImageReport;
  readonly list: FileList;
}

/** Reads all of an image of any source or kind for a report of it. Throws as a conversion does while it reads. */
export async function readForReport(options: ImageOptions): Promise<ReadImage> {
  const demands = checkDemands(options);
  return demands.caller.serve(() => readSource(checkSource(options), demands));
}

async function readSource(source: SourceSpec, demands: ImageDemands): Promise<ReadImage> {
  const request = { ...demands, source };
  const opening = { ...temporaryScratch(), verifyKey: await keyFor(request), toRead: true };
  return withImage(request, opening, async (found, origin) => {
    const kept = new KeptContents();
    const account = new LayerAccount();
    const contents = await readContents(found, demands, {
      newListener: () => kept.newListener(),
      ofLayer: ({ index }) => account.observer(index),
    });
    // What tells of each file waits beside what reading them has left.
    collectGarbage();
    const { facts, list } = await inTurns(
      gatherFacts({
        ...contents,
        storedOf: (file) => kept.storedOf(file),
        textOf: (file) => kept.textOf(file),
      }),
      demands.signal,
    );
    collectGarbage();
    const filesystem = source.kind === "image" ? await readFilesystemMap(source.path, demands.signal) : null;
    const report: ImageReport = {
      schemaVersion: 1,
      report: "image",
      ...sourceFacts(found, origin),
      ...facts,
      layers: layersOf(found, account, contents),
      wasted: account.wasted(),
      filesystem,
    };
    return { ...contents, report, list };
  });
}

function sourceFacts(found: ResolvedImage | RootFilesystem, { reference }: SourceOrigin): SourceFacts {
  if (!("layers" in found))
    return { source: reference, digest: null, platform: null, created: found.created ?? null };
  const { manifestDigest, platform, config } = found;
  return {
    source: reference,
    digest: manifestDigest,
    platform: formatPlatform(platform),
    created: config.created ?? null,
  };
}

function layersOf(
  found: ResolvedImage | RootFilesystem,
  account: LayerAccount,
  { digestOf }: ReadContents,
): LayerFacts[] {
  if (!("layers" in found)) return [];
  const { layers, config } = found;
  const sums = account.sums((one, other) => Buffer.compare(digestOf(one), digestOf(other)) === 0);
  return sums.map((sum, index) => ({
    ...described(layers[index], makers(config.history, layers)[index]),
    ...sum,
  }));
}

function described(layer: LayerBlob | undefined, createdBy: string | undefined) {
  return {
    digest: layer?.digest ?? layer?.diffId ?? "",
    storedBytes: layer?.size ?? 0,
    createdBy: createdBy === undefined || createdBy === "" ? null : createdBy,
  };
}

/** What made each layer; nothing is told where the history speaks of another number of them. */
function makers(history: readonly HistoryEntry[], layers: readonly LayerBlob[]): readonly string[] {
  const made = history.filter(({ isEmpty }) => !isEmpty);
  return made.length === layers.length ? made.map(({ createdBy }) => createdBy) : [];
}
