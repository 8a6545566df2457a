import { Docker2vmError } from "../errors.ts";
import { BLOCK_SIZE, type Run } from "./blocks.ts";

/**
 * How many streams place contents at the same time. A constant of the format: where bytes lie depends on it. They are
 * served in turn, so the longest goes on alone in the end: with two of them that is least, and each can keep two threads.
 */
export const STREAMS_IN_FLIGHT = 2;

/**
 * A stream's first arena is small, so that a small layer strands little; each further one doubles, up to 4 MiB: a
 * stream that has only begun waits for the others to fill theirs.
 */
const FIRST_ARENA_BLOCKS = 64;
const LARGEST_ARENA_BLOCKS = 1024;

/** The space that arenas are cut from. */
export interface Space {
  /** First block past the space. */
  readonly end: number;
  /** First run of blocks, ending after `block`, that contents must leave free. */
  reservedAfter(block: number): Run;
}

/** The space's blocks in ascending order, each handed out once. */
export class BlockSupply {
  readonly #space: Space;
  #cursor = 0;

  constructor(space: Space) {
    this.#space = space;
  }

  /** First block past everything that was handed out. */
  get end(): number {
    return this.#cursor;
  }

  /** The next `blocks` blocks that contents may take. Throws E_SIZE_TOO_SMALL where the space ends. */
  take(blocks: number): readonly Run[] {
    const runs: Run[] = [];
    for (let missing = blocks; missing > 0; ) {
      const reserved = this.#space.reservedAfter(this.#cursor);
      if (this.#cursor >= reserved.start) {
        this.#cursor = reserved.start + reserved.length;
        continue;
      }
      const length = Math.min(missing, reserved.start - this.#cursor);
      runs.push({ start: this.#cursor, length });
      this.#cursor += length;
      missing -= length;
    }
    if (this.#cursor > this.#space.end) throw spaceExceeded(this.#space.end);
    return runs;
  }
}

/**
 * Hands out the image's blocks to several streams at once so that every place follows from the contents alone.
 *
 * The streams sit in a fixed number of seats and are served strictly in turn, one arena each; a stream that runs
 * ahead waits for its turn. A seat whose stream has ended goes to the next stream in order, and that too happens
 * only when its turn comes, so neither timing nor the number of cores can show in the result.
 */
export class ArenaSchedule {
  readonly #supply: BlockSupply;
  readonly #seats: number[] = [];
  readonly #streams: Stream[];
  #nextStream = 0;
  #turn = 0;
  #failure: unknown;

  constructor(streams: number, supply: BlockSupply) {
    this.#supply = supply;
    this.#streams = Array.from({ length: streams }, () => ({ arenas: 0, ended: false, waiting: undefined }));
    while (this.#seats.length < STREAMS_IN_FLIGHT && this.#nextStream < streams) {
      this.#seats.push(this.#nextStream++);
    }
  }

  /** The stream's next arena, once its turn has come. One request at a time for each stream. */
  take(index: number): Promise<readonly Run[]> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      this.#stream(index).waiting = { resolve, reject };
      this.#serve();
    });
  }

  /** The stream wants no more. */
  finish(index: number): void {
    this.#stream(index).ended = true;
    this.#serve();
  }

  /** Ends every wait, now and later, with `reason`: one stream's failure is everyone's. */
  abort(reason: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = reason;
    for (const stream of this.#streams) {
      stream.waiting?.reject(reason);
      stream.waiting = undefined;
    }
  }

  #serve(): void {
    while (this.#seats.length > 0 && this.#failure === undefined) {
      const stream = this.#stream(this.#seats[this.#turn] ?? 0);
      if (stream.waiting !== undefined) this.#grant(stream);
      else if (stream.ended) this.#reseat();
      else return;
    }
  }

  #grant(stream: Stream): void {
    const { waiting } = stream;
    stream.waiting = undefined;
    try {
      waiting?.resolve(this.#supply.take(arenaBlocks(stream.arenas++)));
    } catch (error) {
      waiting?.reject(error);
      this.abort(error);
    }
    this.#turn = (this.#turn + 1) % this.#seats.length;
  }

  #reseat(): void {
    if (this.#nextStream < this.#streams.length) {
      this.#seats[this.#turn] = this.#nextStream++;
    } else {
      this.#seats.splice(this.#turn, 1);
      if (this.#turn >= this.#seats.length) this.#turn = 0;
    }
  }

  #stream(index: number): Stream {
    const stream = this.#streams[index];
    if (stream === undefined) throw new RangeError(`no stream ${index}`);
    return stream;
  }
}

interface Stream {
  arenas: number;
  ended: boolean;
  waiting: { resolve(runs: readonly Run[]): void; reject(reason: unknown): void } | undefined;
}

function arenaBlocks(granted: number): number {
  return Math.min(FIRST_ARENA_BLOCKS * 2 ** granted, LARGEST_ARENA_BLOCKS);
}

function spaceExceeded(blocks: number): Docker2vmError {
  const gib = Math.floor((blocks * BLOCK_SIZE) / 2 ** 30);
  return new Docker2vmError(
    "E_SIZE_TOO_SMALL",
    `the layers hold more than ${gib} GiB, out of proportion to their stored size`,
    {
      hint: "give the size with --size if the image is meant to be that large",
    },
  );
}
