import { type ContentListener, unpack } from "../layer/unpack.ts";
import { Collecting } from "../memory/collect.ts";
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
import { type Directory, impliedDirectory } from "../tree/inode.ts";
import { LayerTree } from "../tree/layer-tree.ts";
import { overlay } from "../tree/overlay.ts";
import { displayPath } from "../tree/path.ts";
import { TreeBudget } from "../tree/tree-budget.ts";
import { treeDigest } from "../tree/tree-digest.ts";
import { inTurns } from "../waiting/steps.ts";
import { ContentFlow, type StreamedImage } from "./content-flow.ts";
import { LayerBudget } from "./limits.ts";
import type { Conversion } from "./request.ts";
import type { StreamTarget } from "./stream-target.ts";

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
  const digests = new ContentDigests();
  const programs = new ProgramSearch();
  const settled = new Settled(source, programs, request);
  try {
    const looked = {
      newListener: () => digests,
      look: (part: EntryPart) => {
        programs.take(part);
        if (programs.isSure) settled.platform();
      },
    };
    const root = await treeInto(flow, source, request, looked);
    await writer.settle();
    const platform = settled.platform();
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
    return { image, ...flow.streamed(root) };
  } catch (error) {
    flow.close();
    throw error;
  }
}

/** What else looks at the files while they come. */
interface Looking {
  newListener(): ContentListener;
  look?(part: EntryPart): void;
}

/** The tree of a root filesystem, its contents in the target. */
export async function treeInto(
  target: StreamTarget,
  source: RootFilesystem,
  request: Pick<Conversion, "signal" | "report" | "inflate">,
  { newListener, look }: Looking,
): Promise<Directory> {
  const { name } = source;
  const { signal, inflate, report } = request;
  const onWarning = (message: string): void => report({ type: "warning", message: `${name}: ${message}` });
  const { budget, memory, attributes, withStored } = target;
  const tree = new LayerTree(name, {
    onWarning,
    budget: memory,
    onEntry: () => budget.addEntry(),
    isWhole: true,
  });
  const onBytes = (count: number): void => budget.addBytes(count);
  const writer = target.newWriter();
  const collecting = new Collecting();
  const between = (): void => collecting.after(memory.spent);
  const parts = source.read({ signal, inflate, attributes, withStored, onWarning, onBytes });
  await unpack(told(parts, report, look, between), tree, {
    writer,
    nextArena: (least) => target.nextArena(0, least),
    listener: newListener(),
  });
  target.finish(0, writer);
  const root = impliedDirectory();
  overlay(root, tree);
  target.accept(writer);
  source.check?.(root.entries.keys());
  return root;
}

/** The files as they come, told and looked at. */
async function* told(
  lists: AsyncIterable<readonly EntryPart[]>,
  report: Conversion["report"],
  look: Looking["look"],
  between: () => void,
): AsyncGenerator<readonly EntryPart[]> {
  let files = 0;
  let bytes = 0;
  for await (const list of lists) {
    for (const part of list) {
      look?.(part);
      if (part.kind === "entry") files++;
      else bytes += part.bytes.length;
    }
    report({ type: "files", files, bytes });
    yield list;
    between();
  }
}

/** The platform that the programs have told so far: once settled, it stays, and is said to be wrong early. */
class Settled {
  readonly #settle: () => Platform;
  #platform: Platform | undefined;

  constructor(source: RootFilesystem, programs: ProgramSearch, request: Conversion) {
    this.#settle = () => settle(source, programs.found, request);
  }

  platform(): Platform {
    this.#platform ??= this.#settle();
    return this.#platform;
  }
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

/** How much may be read. */
type Bounded = Pick<Conversion, "limits"> & {
  /** Absent: there will be none. */
  readonly filesystem?: Pick<Conversion["filesystem"], "fixedBlocks">;
};

/**
 * The platform of the programs: reads as many files as it takes to find one. Throws E_PLATFORM_NOT_FOUND, and E_LIMIT
 * where a conversion would get no further.
 */
export async function platformOf(
  source: RootFilesystem,
  demand: PlatformDemand & Bounded & Pick<Conversion, "signal">,
): Promise<Platform> {
  const programs = new ProgramSearch();
  const { limits, filesystem = { fixedBlocks: undefined } } = demand;
  const budget = new LayerBudget([{ size: source.size ?? 0 }], { limits, filesystem });
  const read = source.read({
    signal: demand.signal,
    inflate: "auto",
    attributes: new AttributePool(new TreeBudget(limits.memory)),
    withoutXattrs: true,
    onWarning: () => undefined,
    onBytes: (count) => budget.addBytes(count),
  });
  for await (const list of read) {
    for (const part of list) {
      if (part.kind === "entry") budget.addEntry();
      programs.take(part);
    }
    if (programs.isSure) break;
  }
  return settle(source, programs.found, demand);
}
