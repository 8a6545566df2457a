import type { OpenEdits } from "../edits/open.ts";
import type { Sizing } from "../filesystem/kind/size.ts";
import { collectGarbage, collectRecent, WORTH_COLLECTING } from "../memory/collect.ts";
import { type Digest, parseDigest } from "../oci/digest.ts";
import { formatPlatform } from "../oci/platform.ts";
import { type ImageStore, sha256Of } from "../output/image-store.ts";
import { ImageWriter } from "../output/image-writer.ts";
import { SMALL_STAGE_BLOCKS, STAGE_BLOCKS } from "../output/stages.ts";
import type { Profile } from "../profile/profile.ts";
import type { RootFilesystem } from "../rootfs/root-filesystem.ts";
import type { ResolvedImage, SourceOrigin } from "../source/source.ts";
import type { Timestamp } from "../tree/inode.ts";
import { inTurns } from "../waiting/steps.ts";
import type { ContentFlow, StreamedImage } from "./content-flow.ts";
import { describeFilesystem, describeImage, describeLayer } from "./describe.ts";
import { type EditedContents, editImage } from "./edit-image.ts";
import { filesystemIdentity, filesystemTime, labelOf } from "./identity.ts";
import { checkManifest } from "./limits.ts";
import type { ImageMetadata } from "./meta.ts";
import { inject } from "./profiles.ts";
import type { Conversion } from "./request.ts";
import { isLittle } from "./stored-bytes.ts";
import { streamLayers } from "./stream-layers.ts";
import type { Scratch } from "./with-image.ts";
import { fillHoles, writeFilesystem, writeVerity } from "./write-filesystem.ts";

/**
 * What a tree is reckoned to take from which on it is worth to look at all of it once more behind the plan: some 200,000
 * names.
 */
const WORTH_WALKING = 32 << 20;

/** An image that was made, wherever it is. */
export interface ConvertedImage {
  /** What `meta.json` holds beside an image in a folder. */
  readonly metadata: ImageMetadata;
  /** Bytes of the image. */
  readonly apparentBytes: number;
  /** How the filesystem's size came about. */
  readonly sizing: Sizing;
  /** What was told as warnings on the way. */
  readonly warnings: readonly string[];
}

/** An image to be made. */
export interface Making {
  readonly image: ResolvedImage | RootFilesystem;
  readonly origin: SourceOrigin;
  readonly profile: Profile | undefined;
  /** What is changed before the profile sees the image. */
  readonly edits: OpenEdits | undefined;
  readonly request: Conversion;
  /** Where edits may keep something on disk meanwhile. */
  readonly scratch: Scratch;
  /** Where it goes; closed at the end, whatever that is. */
  readonly store: ImageStore;
  /** Where a file that the profile makes beside it is to be written; undefined where there is no such place. */
  readonly beside: ((name: string) => string) | undefined;
}

/** The conversion itself: layers into a tree and blocks, the tree into a filesystem, and what was made, described. */
export async function makeImage(making: Making): Promise<ConvertedImage> {
  const { profile, request, store } = making;
  const little = "layers" in making.image && isLittle(making.image.layers);
  const writer = new ImageWriter(store, little ? SMALL_STAGE_BLOCKS : STAGE_BLOCKS);
  try {
    const { image, ...streamed } = await stream(making.image, writer, request);
    writer.keepAhead();
    const time = filesystemTime(image, request);
    const edited = await edit(making, streamed, time);
    const injection = await inject(profile, streamed, { image, time, request });
    const { root, contents, filesystem, flow } = streamed;
    const added = { injection, edited };
    const identity = filesystemIdentity(image, time, request, added);
    collectBehind(flow, WORTH_COLLECTING);
    const plan = await inTurns(filesystem.plan(root, contents, identity), request.signal);
    collectBehind(flow, WORTH_WALKING);
    const written = await writeFilesystem(plan, writer, request);
    const verity = await writeVerity(plan, store, identity, request);
    if (request.dense) await fillHoles(writer, written, request);
    await store.sync();

    const described = describeFilesystem(identity, request, plan, verity);
    const metadata = describeImage(making.origin, image, described, added, request);
    const rootfsDigest = await finish(making, image, time);
    return {
      metadata: rootfsDigest === undefined ? metadata : { ...metadata, rootfsDigest },
      apparentBytes: store.apparentBytes,
      sizing: request.filesystem.sizing,
      warnings: request.warnings,
    };
  } finally {
    await writer.close();
  }
}

/** What layers, or a plan, needed on the way: all of it where so much waits, and what is recent where less does. */
function collectBehind({ memory }: ContentFlow, worthAll: number): void {
  if (memory.spent >= worthAll) collectGarbage();
  else if (memory.spent >= WORTH_COLLECTING) collectRecent();
}

async function edit(
  { edits, request, scratch }: Making,
  streamed: StreamedImage,
  time: Timestamp,
): Promise<EditedContents | undefined> {
  try {
    request.signal.throwIfAborted();
    return await editImage(edits, streamed, { time, request, scratch });
  } finally {
    streamed.flow.close();
  }
}

/** Has the contents in the image, whatever they come from, and says what that was. */
async function stream(
  found: ResolvedImage | RootFilesystem,
  writer: ImageWriter,
  request: Conversion,
): Promise<StreamedImage & { readonly image: ResolvedImage }> {
  if (!("layers" in found)) {
    // Before all else, for it may be too long.
    labelOf(found, request);
    request.report({ type: "resolved", layers: [] });
    // Loaded only here: most conversions are of images in layers.
    const { streamTree } = await import("./stream-tree.ts");
    return streamTree(found, writer, request);
  }
  checkManifest(found.layers, request);
  request.report({
    type: "resolved",
    sourceDigest: found.manifestDigest,
    platform: formatPlatform(found.platform),
    layers: found.layers.map(describeLayer),
  });
  return { image: found, ...(await streamLayers(found.layers, writer, request)) };
}

/**
 * Has the profile make its files. Returns the image's digest where that was asked for or the profile needs it: whoever
 * asks first has the whole image read once more.
 */
async function finish(
  { profile, request, store, beside }: Making,
  image: ResolvedImage,
  time: Timestamp,
): Promise<Digest | undefined> {
  let digest: Promise<Digest> | undefined;
  const digestOnce = (): Promise<Digest> => (digest ??= digestOf(store, request));
  if (request.digest) await digestOnce();
  if (profile !== undefined && beside !== undefined && profile.outputs.length > 0) {
    await profile.writeOutputs({
      rootfsDigest: async () => (await digestOnce()).slice("sha256:".length),
      manifestDigest: image.manifestDigest,
      platform: image.platform,
      time,
      path: beside,
    });
  }
  return await digest;
}

async function digestOf(store: ImageStore, request: Conversion): Promise<Digest> {
  return parseDigest(`sha256:${await sha256Of(store, request.signal)}`, request.filesystem.fileName);
}
