import { LONGEST_ROW_BLOCKS, type Run } from "../blocks/blocks.ts";
import type { BlockSupply } from "./block-supply.ts";

/**
 * How many streams place contents at the same time. A constant of the format: where bytes lie depends on it. They are
 * served in turn, so the longest goes on alone in the end: with two of them that is least, and each can keep two threads.
 */
export const STREAMS_IN_FLIGHT = 2;

/**
 * A stream's first arena is small unless a file wants more; each further one doubles, up to 4 MiB: a stream that has
 * only begun waits for the others to fill theirs.
 */
const FIRST_ARENA_BLOCKS = 64;

/**
 * Hands out the image's blocks to several streams at once so that every place follows from the contents alone.
 *
 * The streams sit in a fixed number of seats and are served strictly in turn, one arena each; a stream that runs
 * ahead waits for its turn. A seat whose stream has ended goes to the next stream in order, and that too happens
 * only when its turn comes, and so does what the stream has left of its arenas go to others: neither timing nor the
 * number of cores can show in the result.
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
    this.#streams = Array.from({ length: streams }, () => ({
      arenas: 0,
      ended: false,
      left: [],
      waiting: undefined,
    }));
    while (this.#seats.length < STREAMS_IN_FLIGHT && this.#nextStream < streams) {
      this.#seats.push(this.#nextStream++);
    }
  }

  /** The stream's next arena, of `least` blocks or more, once its turn has come. One request at a time for each stream. */
  take(index: number, least: number): Promise<Run> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      this.#stream(index).waiting = { least, resolve, reject };
      this.#serve();
    });
  }

  /** The stream wants no more, and has no use for `left` of what it was given. */
  finish(index: number, left: readonly Run[]): void {
    const stream = this.#stream(index);
    stream.ended = true;
    stream.left = left;
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
      if (stream.waiting !== undefined) this.#grant(stream, stream.waiting);
      else if (stream.ended) this.#reseat(stream);
      else return;
    }
  }

  #grant(stream: Stream, { least, resolve, reject }: Waiting): void {
    stream.waiting = undefined;
    try {
      resolve(this.#supply.take(Math.max(arenaBlocks(stream.arenas++), least), least));
    } catch (error) {
      reject(error);
      this.abort(error);
    }
    this.#turn = (this.#turn + 1) % this.#seats.length;
  }

  #reseat(stream: Stream): void {
    for (const run of stream.left) this.#supply.giveBack(run);
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
  left: readonly Run[];
  waiting: Waiting | undefined;
}

interface Waiting {
  readonly least: number;
  resolve(run: Run): void;
  reject(reason: unknown): void;
}

function arenaBlocks(granted: number): number {
  return Math.min(FIRST_ARENA_BLOCKS * 2 ** granted, LONGEST_ROW_BLOCKS);
}
