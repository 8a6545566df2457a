/** What of Bun is needed here; Node has nothing like it unless it is asked to. */
interface Collecting {
  readonly Bun?: { gc(force: boolean): void };
}

/**
 * Has the runtime collect its garbage now, where it can be told to. Left to itself, a collector lets a heap become twice
 * as large first, whatever of it is garbage by then; and it costs as much later. For where a step of the work has ended
 * that left much behind.
 */
export function collectGarbage(): void {
  (globalThis as Collecting).Bun?.gc(true);
}
