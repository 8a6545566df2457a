/**
 * Runs `task` on every item, at most `limit` at a time and started in order, and hands the results to `accept` in
 * order. The first failure is passed to `stop`, which should end the other tasks; when all have ended, it is thrown.
 */
export async function inOrder<Item, Result extends object>(
  items: readonly Item[],
  limit: number,
  task: (item: Item) => Promise<Result>,
  accept: (result: Result) => void,
  stop: (failure: unknown) => void,
): Promise<void> {
  const waiting = items.entries();
  const finished = new Map<number, Result>();
  const failures: unknown[] = [];
  let accepted = 0;

  const worker = async (): Promise<void> => {
    for (const [index, item] of waiting) {
      finished.set(index, await task(item));
      for (let result = finished.get(accepted); result !== undefined; result = finished.get(++accepted)) {
        finished.delete(accepted);
        accept(result);
      }
    }
  };
  const fail = (reason: unknown): void => {
    if (failures.push(reason) === 1) stop(reason);
  };
  const workers = Array.from({ length: Math.min(limit, items.length) }, () => worker().catch(fail));
  await Promise.all(workers);
  if (failures.length > 0) throw failures[0];
}
