import { Docker2vmError } from "./errors.ts";

/**
 * Whoever has asked for a job, while it runs: a signal, and functions that are told what happens. Those are called
 * wherever something happens, in a thread's message too, where nobody would catch what they throw. So nothing they throw
 * gets out there: the first of it ends the job as the signal does, and is what the job fails with.
 */
export class Caller {
  /** Fires when the caller's own does, and when one of the caller's functions has thrown. */
  readonly signal: AbortSignal;
  readonly #own: AbortSignal | undefined;
  readonly #failed = new AbortController();
  #thrown: { readonly error: unknown } | undefined;

  constructor(signal: AbortSignal | undefined) {
    this.#own = signal;
    const failed = this.#failed.signal;
    this.signal = signal === undefined ? failed : AbortSignal.any([signal, failed]);
  }

  /** The function as one that never throws; once one of the caller's has thrown, none is called any more. */
  listener<Event>(tell: (event: Event) => void): (event: Event) => void {
    return (event) => {
      if (this.#thrown !== undefined) return;
      try {
        tell(event);
      } catch (error) {
        this.#fail(error);
      }
    };
  }

  /** What a function of the caller's gives back. What it throws ends the job, too, wherever that is at. */
  call<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      this.#fail(error);
      throw error;
    }
  }

  /** The same of one that takes its time. */
  async callAsync<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      this.#fail(error);
      throw error;
    }
  }

  #fail(error: unknown): void {
    this.#thrown ??= { error };
    this.#failed.abort(error);
  }

  /**
   * The job's result. Throws what one of the caller's functions has thrown, as it is, also where the job came to its end
   * in spite of it; the library's own error where the caller's signal has stopped the job; else what the job throws.
   */
  async serve<T>(job: () => Promise<T>): Promise<T> {
    try {
      const result = await job();
      if (this.#thrown === undefined) return result;
    } catch (error) {
      if (this.#thrown === undefined) throw interruption(this.#own) ?? error;
    }
    throw this.#thrown.error;
  }
}

/** Once the signal has fired, whatever failed failed because of it. */
function interruption(signal: AbortSignal | undefined): unknown {
  if (!signal?.aborted) return undefined;
  if (signal.reason instanceof Docker2vmError) return signal.reason;
  return new Docker2vmError("E_INTERRUPTED", "the call was interrupted", { cause: signal.reason });
}
