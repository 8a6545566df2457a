/**
 * The same items, but waiting for the next one ends, with the signal's reason, when the signal is aborted: a pipe
 * may have nothing to say for a long time.
 */
export async function* abortable<T>(
  input: AsyncIterable<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T> {
  if (signal === undefined) {
    yield* input;
    return;
  }
  const iterator = input[Symbol.asyncIterator]();
  const { promise: aborted, stop } = whenAborted(signal);
  try {
    for (;;) {
      const next = await Promise.race([aborted, iterator.next()]);
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    stop();
    // Not awaited: an input that is stuck would not answer. What it says no longer matters.
    iterator.return?.().catch(() => undefined);
  }
}

function whenAborted(signal: AbortSignal): { promise: Promise<never>; stop: () => void } {
  let listener = (): void => undefined;
  const promise = new Promise<never>((_, reject) => {
    listener = () => reject(signal.reason);
  });
  promise.catch(() => undefined);
  if (signal.aborted) listener();
  signal.addEventListener("abort", listener);
  return { promise, stop: () => signal.removeEventListener("abort", listener) };
}
