/** Long work that pauses, so that others have their turn and a signal is heard. The work itself knows neither. */
import { nextTurn } from "./turn.ts";

/** Work that pauses so often that no part of it takes long. Its outcome is what it returns. */
export type Steps<T> = Generator<undefined, T>;

/** Items one by one; undefined where the work for the next one pauses. */
export type Paused<T> = Generator<T | undefined, void>;

/** Milliseconds of work before the event loop gets a turn. */
const TURN = 50;

/** The outcome of work that nobody interrupts. */
export function finished<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** The items of work that nobody interrupts. */
export function* unpaused<T>(source: Iterable<T | undefined>): Generator<T, void> {
  for (const item of source) if (item !== undefined) yield item;
}

/** The outcome of work in turns with the event loop. Once the signal fires, its reason is thrown, in the work as well. */
export async function inTurns<T>(steps: Steps<T>, signal: AbortSignal | undefined): Promise<T> {
  const turns = new Turns();
  let step = steps.next();
  while (step.done !== true) {
    if (turns.isOver) await turns.next();
    step = signal?.aborted === true ? steps.throw(signal.reason) : steps.next();
  }
  return step.value;
}

/** The items of work in turns with the event loop, until the signal fires: then its reason is thrown. */
export async function* itemsInTurns<T>(
  source: Paused<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T, void> {
  const turns = new Turns();
  for (const item of source) {
    if (turns.isOver) await turns.next();
    signal?.throwIfAborted();
    if (item !== undefined) yield item;
  }
}

class Turns {
  #began = performance.now();

  get isOver(): boolean {
    return performance.now() - this.#began >= TURN;
  }

  async next(): Promise<void> {
    await nextTurn();
    this.#began = performance.now();
  }
}
