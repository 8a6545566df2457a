/**
 * Lets the event loop have a turn: what has come in is heard, a signal as well. The timers' own promises are not used:
 * loading the module that has them is a part of what starting costs.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
