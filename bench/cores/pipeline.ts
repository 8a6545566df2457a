/** A conversion in a time of its own: its threads, rings and arenas as `src/convert` has them, and as they might be. */
import { type Costs, type LayerShape, sumOf } from "./costs.ts";
import { Machine, type Thread } from "./machine.ts";
import { Seats } from "./seats.ts";

const CHUNK = 1 << 20;
const BLOCK = 4096;
/** Chunks that who inflates may be ahead of the slowest who takes them. */
const RING_SLOTS = 8;
const STAGES = 16;
const WRITERS = 4;
const PIECES_OF_RUNTIME = 200;

export interface Plan {
  readonly cores: number;
  readonly seats: number;
  /** Beside the conversion's own; 0: it does everything. */
  readonly threads: number;
  /** Other threads that hash a layer: as the pool decides it, or always one for the tar, or one for either side. */
  readonly hashers: "as now" | 1 | 2;
  /** Threads that may inflate one layer together: more than one only where its bytes can be begun in the middle. */
  readonly lanes: number;
  /** Who reads tars and places contents: the conversion's thread for all, or one thread for each layer. */
  readonly placing: "together" | "apart";
  /** Bytes a second that the disk takes; Infinity: it is never waited for. */
  readonly disk: number;
}

/** Seconds: by the clock, and of all cores. */
export interface Simulated {
  readonly wall: number;
  readonly cpu: number;
}

export function simulate(layers: readonly LayerShape[], costs: Costs, plan: Plan): Simulated {
  return new Conversion(layers, costs, plan).run();
}

/** One that takes every chunk of a layer, in order. */
interface Taker {
  readonly thread: Thread;
  readonly seconds: number;
  taken: number;
  isBusy: boolean;
}

interface Layer {
  readonly index: number;
  readonly shape: LayerShape;
  readonly chunks: number;
  readonly inflaters: readonly Thread[];
  readonly inflateSeconds: number;
  readonly hashers: readonly Taker[];
  readonly placer: Taker;
  readonly threads: readonly PoolThread[];
  inflated: number;
  underWay: number;
  /** Blocks of its arenas that are left; whether it waits for one. */
  room: number;
  isWaiting: boolean;
}

interface PoolThread {
  readonly thread: Thread;
  readonly layers: Set<Layer>;
}

class Conversion {
  readonly #shapes: readonly LayerShape[];
  readonly #costs: Costs;
  readonly #plan: Plan;
  readonly #machine: Machine;
  readonly #main: Thread;
  readonly #pool: readonly PoolThread[];
  readonly #writers: readonly Thread[];
  readonly #seats: Seats;
  readonly #active = new Set<Layer>();
  readonly #finished = new Set<number>();
  #next = 0;
  #accepted = 0;
  #stages = STAGES;
  #writes = 0;
  #diskFree = 0;
  #end = 0;

  constructor(shapes: readonly LayerShape[], costs: Costs, plan: Plan) {
    this.#shapes = shapes;
    this.#costs = costs;
    this.#plan = plan;
    this.#machine = new Machine(plan.cores);
    this.#main = this.#machine.thread();
    const threads = (count: number) => Array.from({ length: count }, () => this.#machine.thread());
    this.#pool = threads(plan.threads).map((thread) => ({ thread, layers: new Set<Layer>() }));
    this.#writers = threads(WRITERS);
    this.#seats = new Seats(shapes.length, plan.seats);
  }

  run(): Simulated {
    const { start, runtime } = this.#costs;
    const entries = sumOf(this.#shapes, (shape) => shape.entries);
    const beside = this.#machine.thread();
    const seconds = (runtime.image + runtime.entry * entries) / PIECES_OF_RUNTIME;
    for (let piece = 0; piece < PIECES_OF_RUNTIME; piece++) this.#machine.run(beside, seconds);
    this.#machine.run(this.#main, start, () => {
      for (let seat = 0; seat < this.#plan.seats; seat++) this.#begin();
    });
    this.#machine.finish();
    return { wall: this.#end, cpu: this.#machine.spent };
  }

  #begin(): void {
    const shape = this.#shapes[this.#next];
    if (shape === undefined) return;
    const layer = this.#layer(this.#next++, shape);
    this.#active.add(layer);
    for (const { layers } of layer.threads) layers.add(layer);
    this.#advance(layer);
  }

  #layer(index: number, shape: LayerShape): Layer {
    const { lanes, placing } = this.#plan;
    const { storedByte, plainByte, entry } = this.#costs;
    const chunks = Math.max(1, Math.ceil(shape.plain / CHUNK));
    const per = (seconds: number): number => seconds / chunks;
    const digesting = per(shape.stored * storedByte.readAndHash);
    const hashing = per(shape.plain * plainByte.hash);
    const inflating = per(shape.stored * storedByte.inflate + shape.plain * plainByte.inflate);
    const placeSeconds = per(shape.plain * plainByte.place + shape.entries * entry.place);
    const { inflaters, others } = this.#choose(shape, lanes);
    const apart = [hashing, digesting];
    const hashers = others.map((thread, at) => taker(thread.thread, apart[at] ?? 0));
    const beside = sum(hashers.map(({ seconds }) => seconds));
    return {
      index,
      shape,
      chunks,
      inflaters: inflaters.map(({ thread }) => thread),
      inflateSeconds: inflating + digesting + hashing - beside,
      hashers,
      placer: taker(placing === "apart" ? this.#machine.thread() : this.#main, placeSeconds),
      threads: [...inflaters, ...others],
      inflated: 0,
      underWay: 0,
      room: 0,
      isWaiting: false,
    };
  }

  /** As `src/convert/workers/pool.ts` chooses, but for what is tried. */
  #choose(shape: LayerShape, lanes: number): { inflaters: PoolThread[]; others: PoolThread[] } {
    const byLoad = [...this.#pool].sort((a, b) => load(a) - load(b) || left(a) - left(b));
    const [inflater, ...rest] = byLoad;
    if (inflater === undefined) {
      const main = { thread: this.#main, layers: new Set<Layer>() };
      return { inflaters: [main], others: [] };
    }
    const idle = rest.filter(({ layers }) => layers.size === 0);
    if (lanes > 1) return this.#split(byLoad, lanes);
    const { hashers } = this.#plan;
    if (hashers !== "as now") return { inflaters: [inflater], others: rest.slice(0, hashers) };
    const soon = Math.min(this.#plan.seats - this.#active.size - 1, this.#shapes.length - this.#next);
    const isMost = 2 * shape.stored > sumOf(this.#shapes, ({ stored }) => stored);
    return { inflaters: [inflater], others: idle.length > soon || isMost ? idle.slice(0, 1) : [] };
  }

  /** Where several inflate, none of them has either side in order: both are hashed apart. */
  #split(byLoad: readonly PoolThread[], lanes: number): { inflaters: PoolThread[]; others: PoolThread[] } {
    const others = byLoad.slice(0, byLoad.length > 2 ? 2 : byLoad.length - 1);
    return { inflaters: byLoad.slice(others.length, others.length + lanes), others };
  }

  /** Begins all that can go on of a layer. */
  #advance(layer: Layer): void {
    this.#inflate(layer);
    for (const hasher of layer.hashers) this.#take(layer, hasher, () => undefined);
    if (this.#hasRoom(layer)) this.#take(layer, layer.placer, () => this.#write(layer));
    if (this.#isDone(layer)) this.#finishLayer(layer);
  }

  #inflate(layer: Layer): void {
    const behind = Math.min(layer.placer.taken, ...layer.hashers.map(({ taken }) => taken));
    const { inflaters, chunks } = layer;
    for (;;) {
      const begun = layer.inflated + layer.underWay;
      const thread = inflaters[begun % inflaters.length];
      const ahead = RING_SLOTS * inflaters.length;
      if (thread === undefined || begun >= chunks || begun - behind >= ahead) return;
      if (layer.underWay >= inflaters.length) return;
      layer.underWay++;
      this.#machine.run(thread, layer.inflateSeconds, () => {
        layer.underWay--;
        layer.inflated++;
        this.#advance(layer);
      });
    }
  }

  #take(layer: Layer, who: Taker, then: () => void): void {
    if (who.isBusy || who.taken >= layer.inflated) return;
    who.isBusy = true;
    this.#machine.run(who.thread, who.seconds, () => {
      who.isBusy = false;
      who.taken++;
      then();
      this.#advance(layer);
    });
  }

  /** Whether the next chunk can be placed; else it is waited for. */
  #hasRoom(layer: Layer): boolean {
    const { placer } = layer;
    if (placer.isBusy || placer.taken >= layer.inflated) return false;
    if (layer.room >= this.#blocksOf(layer)) return this.#stages > 0;
    if (!layer.isWaiting) {
      layer.isWaiting = true;
      this.#seats.take(layer.index, (blocks) => {
        layer.isWaiting = false;
        layer.room += blocks;
        // Not within the call of whoever has made room.
        this.#machine.later(0, () => this.#advance(layer));
      });
    }
    return false;
  }

  #blocksOf({ shape, chunks }: Layer): number {
    return shape.plain / chunks / BLOCK;
  }

  #write(layer: Layer): void {
    const bytes = layer.shape.plain / layer.chunks;
    layer.room -= this.#blocksOf(layer);
    this.#stages--;
    const writer = this.#writers[this.#writes++ % WRITERS] ?? this.#main;
    this.#machine.run(writer, bytes * this.#costs.plainByte.write, () => {
      const begin = Math.max(this.#machine.now, this.#diskFree);
      this.#diskFree = begin + bytes / this.#plan.disk;
      this.#machine.later(this.#diskFree - this.#machine.now, () => {
        this.#stages++;
        for (const other of this.#active) this.#advance(other);
      });
    });
  }

  #isDone({ chunks, placer, hashers }: Layer): boolean {
    return placer.taken === chunks && hashers.every(({ taken }) => taken === chunks);
  }

  #finishLayer(layer: Layer): void {
    if (!this.#active.delete(layer)) return;
    for (const { layers } of layer.threads) layers.delete(layer);
    this.#seats.finish(layer.index);
    this.#finished.add(layer.index);
    while (this.#finished.has(this.#accepted)) {
      const { entries } = this.#shapes[this.#accepted++] ?? layer.shape;
      this.#machine.run(this.#main, entries * this.#costs.entry.overlay);
    }
    this.#begin();
    if (this.#accepted === this.#shapes.length) this.#finishImage();
  }

  #finishImage(): void {
    const { entry, finish } = this.#costs;
    const entries = sumOf(this.#shapes, (shape) => shape.entries);
    this.#machine.run(this.#main, finish + entries * entry.finish, () => {
      this.#end = Math.max(this.#machine.now, this.#diskFree);
    });
  }
}

function taker(thread: Thread, seconds: number): Taker {
  return { thread, seconds, taken: 0, isBusy: false };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}

const NEARLY_NONE = 1 << 20;

function leftOf({ shape, inflated, chunks }: Layer): number {
  return shape.stored * (1 - inflated / chunks);
}

function load({ layers }: PoolThread): number {
  return [...layers].filter((layer) => leftOf(layer) > NEARLY_NONE).length;
}

function left({ layers }: PoolThread): number {
  return sum([...layers].map(leftOf));
}
