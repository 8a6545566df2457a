/**
 * Works on the items in order, `width` of them at a time. The first failure is thrown once what had begun has come to its
 * end; `onFailure` hears of it at once, and may see to that.
 */
export async function inParallel<T>(
  items: Iterable<T>,
  width: number,
  work: (item: T) => Promise<void>,
  onFailure: () => void = () => undefined,
): Promise<void> {
  const left = items[Symbol.iterator]();
  let failure: { readonly error: unknown } | undefined;
  const run = async (): Promise<void> => {
    while (failure === undefined) {
      const next = left.next();
      if (next.done === true) return;
      try {
        await work(next.value);
      } catch (error) {
        if (failure === undefined) {
          failure = { error };
          onFailure();
        }
      }
    }
  };
  await Promise.all(Array.from({ length: width }, run));
  if (failure !== undefined) throw (failure as { readonly error: unknown }).error;
}
