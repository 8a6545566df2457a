/** The outcome, or at once the signal's reason when it fires first; then what comes of the other is nobody's concern. */
export function untilAborted<T>(outcome: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop);
    outcome.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
