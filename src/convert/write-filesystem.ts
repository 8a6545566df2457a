import { BLOCK_SIZE, type Run } from "../blocks/blocks.ts";
import { copiesOf } from "../blocks/copies.ts";
import type { Move } from "../blocks/relocation.ts";
import { isZeroBlock } from "../blocks/zero-block.ts";
import { assert } from "../errors.ts";
import type { FilesystemIdentity, FilesystemPlan } from "../filesystem/kind/kind.ts";
import { collectRecent } from "../memory/collect.ts";
import type { ImageStore } from "../output/image-store.ts";
import type { ImageWriter } from "../output/image-writer.ts";
import { STAGE_BLOCKS } from "../output/stages.ts";
import { inParallel } from "../waiting/parallel.ts";
import { nextTurn } from "../waiting/turn.ts";
import { formatUuid, verityIdentity } from "./identity.ts";
import type { VerityMetadata } from "./meta.ts";
import type { Conversion } from "./request.ts";

/** How much is written before the event loop gets a turn: for the progress, and for a signal to come through. */
const BYTES_PER_TURN = 16 << 20;
/** What a piece costs however short it is, in bytes: files that have moved are told of in four bytes each. */
const LEAST_COST = 16 << 10;
/** Pieces after which garbage is collected: each leaves behind what waited for the disk, about a KiB. */
const PIECES_PER_COLLECTION = 1 << 13;
/** How much is looked at for zeros at a time. */
const BLOCKS_PER_LOOK = STAGE_BLOCKS;
/** Pieces that are read at a time: each waits for the disk, which has them past the page cache. */
const AT_ONCE = 8;

/** Who may stop it, and hears how far it is. */
type Listener = Pick<Conversion, "signal" | "report">;

/**
 * Brings contents to their places, gives the file its length and writes everything around the contents. Returns how many
 * bytes that was.
 */
export async function writeFilesystem(
  plan: FilesystemPlan,
  writer: ImageWriter,
  request: Listener,
): Promise<number> {
  const turns = new Turns(request, 0);
  await gatherContents(plan, writer, turns);
  await moveContents(plan.vacating ?? [], writer, turns);
  await moveContents(plan.moves, writer, turns);
  writer.image.truncate(plan.blocks * BLOCK_SIZE);
  let zeroing = plan.reusesStale;
  for (const { position, bytes, isZero } of plan.emit()) {
    if (zeroing && !isZero) {
      await writer.settle();
      zeroing = false;
    }
    if (isZero) await writer.zero(position, bytes.length);
    else if (isWhole(position, bytes)) await writer.write(position, bytes);
    else await writer.writePart(position, bytes);
    await turns.after(bytes.length);
  }
  await writer.settle();
  turns.end();
  return turns.written;
}

function isWhole(position: number, bytes: Uint8Array): boolean {
  return position % BLOCK_SIZE === 0 && bytes.length % BLOCK_SIZE === 0;
}

/**
 * Writes zeros wherever the image reads as zeros, so that no part of it is a hole: for what takes holes for bytes that
 * do not matter. `written`: bytes that were written before.
 */
export async function fillHoles(writer: ImageWriter, written: number, request: Listener): Promise<void> {
  const turns = new Turns(request, written);
  const chunk = new Uint8Array(BLOCKS_PER_LOOK * BLOCK_SIZE);
  for (let position = 0; ; position += chunk.length) {
    const length = await writer.image.read(position, chunk);
    for (const run of zeroRuns(chunk.subarray(0, length))) {
      await writer.zero(position + run.start * BLOCK_SIZE, run.length * BLOCK_SIZE);
      await turns.after(run.length * BLOCK_SIZE);
    }
    request.signal.throwIfAborted();
    if (length < chunk.length) break;
  }
  await writer.settle();
  turns.end();
}

/** Whole blocks of nothing but zeros, each row of them as one run. */
function* zeroRuns(bytes: Uint8Array): Generator<Run> {
  let start = 0;
  for (let block = 0; block <= bytes.length / BLOCK_SIZE; block++) {
    if (isZeroBlock(bytes, block * BLOCK_SIZE)) continue;
    if (block > start) yield { start, length: block - start };
    start = block + 1;
  }
}

async function gatherContents(
  { gathers = [] }: FilesystemPlan,
  { image }: ImageWriter,
  turns: Turns,
): Promise<void> {
  await inParallel(gathers, AT_ONCE, async ({ to, parts }) => {
    const block = new Uint8Array(BLOCK_SIZE);
    for (const { from, offset, length } of parts) {
      const read = await image.read(from, block.subarray(offset, offset + length));
      assert(read === length, "contents to be gathered end early");
    }
    image.write(to * BLOCK_SIZE, block);
    await turns.after(BLOCK_SIZE);
  });
}

/** In any order: no block is both read and written. */
async function moveContents(moves: readonly Move[], writer: ImageWriter, turns: Turns): Promise<void> {
  await inParallel(copiesOf(moves, writer.stageBlocks), AT_ONCE, async (copy) => {
    await writer.copy(copy);
    await turns.after(copy.length * BLOCK_SIZE);
  });
  await writer.settle();
}

/** Lets others have their turn now and then, says how far the writing is, and stops where the signal has fired. */
class Turns {
  readonly #request: Listener;
  #written: number;
  /** What was done since the last turn, in bytes. */
  #done = 0;
  #pieces = 0;

  constructor(request: Listener, written: number) {
    this.#request = request;
    this.#written = written;
  }

  /** Bytes so far. */
  get written(): number {
    return this.#written;
  }

  async after(bytes: number): Promise<void> {
    this.#written += bytes;
    if (++this.#pieces % PIECES_PER_COLLECTION === 0) collectRecent();
    this.#done += Math.max(bytes, LEAST_COST);
    if (this.#done < BYTES_PER_TURN) return;
    this.#done = 0;
    this.end();
    await nextTurn();
    this.#request.signal.throwIfAborted();
  }

  end(): void {
    this.#request.report({ type: "filesystem", written: this.#written });
  }
}

/** Hashes the finished filesystem and puts the tree of hashes behind it, if that was asked for. */
export async function writeVerity(
  plan: FilesystemPlan,
  image: ImageStore,
  identity: FilesystemIdentity,
  { verity, signal }: Conversion,
): Promise<VerityMetadata | undefined> {
  if (!verity) return undefined;
  // Loaded when it is wanted: few images have one.
  const { appendVerity } = await import("../verity/append.ts");
  const { uuid, salt } = verityIdentity(identity);
  const { rootHash, hashOffset } = await appendVerity(image, plan.blocks * BLOCK_SIZE, {
    uuid,
    salt,
    signal,
  });
  return { rootHash, hashOffset, uuid: formatUuid(uuid), salt: Buffer.from(salt).toString("hex") };
}
