/** What of Bun is needed here; Node has nothing like it unless it is asked to. */
interface Collector {
  edenGC(): number;
  fullGC(): number;
}

/** What more waits in memory each time that garbage is collected, in bytes as a tree's are reckoned: some 16,000 names. */
export const WORTH_COLLECTING = 5 << 19;

/** Asked for when it is wanted: nobody else needs it loaded. */
function collector(): Collector | undefined {
  return process.getBuiltinModule("bun:jsc") as Collector | undefined;
}

/**
 * Has the runtime collect its garbage now, where it can be told to. Left to itself, a collector lets a heap become twice
 * as large first, whatever of it is garbage by then; and it costs as much later. For where a step of the work has ended
 * that left much behind. `Bun.gc` would drop code that has been compiled as well.
 */
export function collectGarbage(): void {
  collector()?.fullGC();
}

/** The same of what was made since the last time, which costs a fraction: what was there by then stays. */
export function collectRecent(): void {
  collector()?.edenGC();
}

/**
 * Collects now and then while memory fills with what stays. What comes and goes meanwhile is far more, and Bun counts the
 * memory that threads share and that contents are gathered in as part of what it may let double.
 */
export class Collecting {
  #next = WORTH_COLLECTING;

  /** To be told between two pieces of work how many bytes wait: what is in hand then counts as what stays. */
  after(waiting: number): void {
    if (this.isDue(waiting)) collectRecent();
  }

  /** Whether so much has come since it last was. */
  isDue(waiting: number): boolean {
    if (waiting < this.#next) return false;
    this.#next = waiting + WORTH_COLLECTING;
    return true;
  }
}
