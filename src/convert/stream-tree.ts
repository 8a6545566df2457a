import { unpack } from "../layer/unpack.ts";
import { noConfig } from "../oci/config.ts";
import { parseDigest } from "../oci/digest.ts";
import type { Platform } from "../oci/platform.ts";
import { settlePlatform } from "../oci/settle-platform.ts";
import type { ImageWriter } from "../output/image-writer.ts";
import { type ProgramPlatform, ProgramSearch } from "../rootfs/programs.ts";
import type { RootFilesystem } from "../rootfs/root-filesystem.ts";
import type { ResolvedImage } from "../source/source.ts";
import { AttributePool } from "../tree/attribute-pool.ts";
import { ContentDigests } from "../tree/content-digests.ts";
import type { EntryPart } from "../tree/entry.ts";
import { impliedDirectory } from "../tree/inode.ts";
import { LayerTree } from "../tree/layer-tree.ts";
import { overlay } from "../tree/overlay.ts";
import { displayPath } from "../tree/path.ts";
import { TreeBudget } from "../tree/tree-budget.ts";
import { treeDigest } from "../tree/tree-digest.ts";
import { inTurns } from "../waiting/steps.ts";
import { ContentFlow, type StreamedImage } from "./content-flow.ts";
import type { Conversion } from "./request.ts";

/** A root filesystem whose contents are in the image, described as an image that has no layers. */
export interface StreamedTree extends StreamedImage {
  readonly image: ResolvedImage;
}

/** Streams a root filesystem into the image. */
export async function streamTree(
  source: RootFilesystem,
  writer: ImageWriter,
  request: Conversion,
): Promise<StreamedTree> {
  const flow = await ContentFlow.open([{ size: source.size ?? 0 }], writer, request);
  const root = impliedDirectory();
  const digests = new ContentDigests();
  let platform: Platform;
  try {
    const tree = treeOf(source, flow, request);
    const fileWriter = flow.newWriter();
    const { parts, settled } = observed(source, flow, request);
    await unpack(parts, tree, {
      writer: fileWriter,
      nextArena: (least) => flow.nextArena(0, least),
      listener: digests,
    });
    flow.schedule.finish(0, fileWriter.unused);
    overlay(root, tree);
    flow.contents.addWritten(fileWriter.written);
    await writer.settle();
    platform = settled();
  } finally {
    flow.close();
  }
  source.check?.(root.entries.keys());
  await digests.settle();
  const digest = await inTurns(
    treeDigest(root, (file) => digests.of(file)),
    request.signal,
  );
  const image: ResolvedImage = {
    manifestDigest: parseDigest(`sha256:${digest}`, source.name),
    platform,
    config: noConfig(source.created),
    layers: [],
    warnings: source.warnings,
    names: source.names,
  };
  return { image, root, contents: flow.contents, filesystem: flow.filesystem };
}

function treeOf({ name }: RootFilesystem, flow: ContentFlow, request: Conversion): LayerTree {
  return new LayerTree(name, {
    onWarning: (message) => request.report({ type: "warning", message: `${name}: ${message}` }),
    budget: flow.memory,
    onEntry: () => flow.budget.addEntry(),
    isWhole: true,
  });
}

/** The files as they come; told, counted and looked at for their platform, which is settled as soon as it can be. */
function observed(source: RootFilesystem, flow: ContentFlow, request: Conversion) {
  const { signal, inflate, report } = request;
  const programs = new ProgramSearch();
  let files = 0;
  let bytes = 0;
  let platform: Platform | undefined;
  const settled = (): Platform => (platform ??= settle(source, programs.found, request));
  async function* parts(): AsyncGenerator<readonly EntryPart[]> {
    const read = source.read({
      signal,
      inflate,
      attributes: flow.attributes,
      onWarning: (message) => report({ type: "warning", message: `${source.name}: ${message}` }),
      onBytes: (count) => flow.budget.addBytes(count),
    });
    for await (const list of read) {
      for (const part of list) {
        programs.take(part);
        if (part.kind === "entry") files++;
        else bytes += part.bytes.length;
      }
      if (programs.isSure) settled();
      report({ type: "files", files, bytes });
      yield list;
    }
  }
  return { parts: parts(), settled };
}

/** What is asked of the platform, and for what. */
interface PlatformDemand extends Pick<Conversion, "platform" | "report"> {
  /** Absent: only to be told. */
  readonly profile?: Pick<Conversion["profile"], "name">;
}

/**
 * What the programs are for. Where it makes no difference, that need not be what was asked for.
 * Throws E_PLATFORM_NOT_FOUND.
 */
function settle(
  { name }: RootFilesystem,
  found: ProgramPlatform | undefined,
  { platform: wanted, profile = { name: "baseline" }, report }: PlatformDemand,
): Platform {
  const isIndifferent = wanted.named !== true && profile.name === "baseline";
  const { platform, warnings } = settlePlatform(
    { config: found?.platform ?? { os: "linux" }, listed: undefined },
    isIndifferent ? { ...wanted, any: true } : wanted,
    found === undefined ? name : `${name}: ${displayPath(found.path)}`,
  );
  for (const message of warnings) report({ type: "warning", message });
  return platform;
}

/** The platform of the programs: reads as many files as it takes to find one. Throws E_PLATFORM_NOT_FOUND. */
export async function platformOf(
  source: RootFilesystem,
  demand: PlatformDemand & Pick<Conversion, "signal">,
): Promise<Platform> {
  const programs = new ProgramSearch();
  const read = source.read({
    signal: demand.signal,
    inflate: "auto",
    attributes: new AttributePool(new TreeBudget()),
    onWarning: () => undefined,
    onBytes: () => undefined,
  });
  for await (const list of read) {
    for (const part of list) programs.take(part);
    if (programs.isSure) break;
  }
  return settle(source, programs.found, demand);
}
