/** Arenas handed out as `src/output/arenas.ts` does it, for any number of seats. */
const FIRST_ARENA_BLOCKS = 64;
const LARGEST_ARENA_BLOCKS = 1024;

interface Stream {
  arenas: number;
  isEnded: boolean;
  waiting: ((blocks: number) => void) | undefined;
}

export class Seats {
  readonly #streams: Stream[];
  readonly #seats: number[] = [];
  #nextStream = 0;
  #turn = 0;

  constructor(streams: number, seats: number) {
    this.#streams = Array.from({ length: streams }, () => ({
      arenas: 0,
      isEnded: false,
      waiting: undefined,
    }));
    while (this.#seats.length < seats && this.#nextStream < streams) this.#seats.push(this.#nextStream++);
  }

  /** Has the stream told how many blocks it gets when its turn has come. */
  take(index: number, granted: (blocks: number) => void): void {
    const stream = this.#streams[index];
    if (stream !== undefined) stream.waiting = granted;
    this.#serve();
  }

  finish(index: number): void {
    const stream = this.#streams[index];
    if (stream !== undefined) stream.isEnded = true;
    this.#serve();
  }

  #serve(): void {
    for (;;) {
      const stream = this.#streams[this.#seats[this.#turn] ?? -1];
      if (stream === undefined) return;
      if (stream.waiting !== undefined) this.#grant(stream, stream.waiting);
      else if (stream.isEnded) this.#reseat();
      else return;
    }
  }

  #grant(stream: Stream, granted: (blocks: number) => void): void {
    stream.waiting = undefined;
    this.#turn = (this.#turn + 1) % this.#seats.length;
    granted(Math.min(FIRST_ARENA_BLOCKS * 2 ** stream.arenas++, LARGEST_ARENA_BLOCKS));
  }

  #reseat(): void {
    if (this.#nextStream < this.#streams.length) this.#seats[this.#turn] = this.#nextStream++;
    else {
      this.#seats.splice(this.#turn, 1);
      if (this.#turn >= this.#seats.length) this.#turn = 0;
    }
  }
}
