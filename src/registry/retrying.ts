import { Backoff } from "../http/backoff.ts";
import { NetworkError } from "../http/network-errors.ts";
import type { Timing } from "../http/timing.ts";
import type { OnRegistryEvent } from "./events.ts";

export interface RetryContext {
  readonly timing: Timing;
  readonly onEvent: OnRegistryEvent;
  readonly signal: AbortSignal | undefined;
  /** Tries of one thing, the first included; as many as make sense if absent. */
  readonly attempts?: number | undefined;
}

/** Runs `attempt` again, after a pause, while it fails with what may pass. `what` names it in events. */
export async function retrying<T>(
  what: string,
  context: RetryContext,
  attempt: () => Promise<T>,
): Promise<T> {
  const backoff = new Backoff(context.timing, context.attempts);
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      await pauseOrThrow(error, what, backoff, context);
    }
  }
}

/** Waits before the next try; throws the error instead where none makes sense. `offset` is for the event. */
export async function pauseOrThrow(
  error: unknown,
  what: string,
  backoff: Backoff,
  { timing, onEvent, signal }: RetryContext,
  offset?: number,
): Promise<void> {
  if (!(error instanceof NetworkError) || !error.transient) throw error;
  const delay = backoff.next(error.retryAfter);
  if (delay === undefined) throw error.final();
  onEvent({ type: "retry", what, reason: error.message, delay, offset });
  await timing.sleep(delay, signal);
}
