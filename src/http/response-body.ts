import { networkError } from "./network-errors.ts";
import type { Pace } from "./pace.ts";
import type { NamedProxy } from "./proxy.ts";
import type { Timing } from "./timing.ts";
import type { Dispatcher } from "./undici.ts";

/** Bytes of an unwanted body that are read to keep its connection. */
const DISCARD_LIMIT = 64 << 10;

/** The bytes as they come, never decoded. Throws NetworkError when they break off, and the signal's reason. */
export interface ResponseBody extends AsyncIterable<Uint8Array> {
  /** For a body nobody wants. Its connection is kept if there is not much of it. */
  discard(): void;
}

/** What a body belongs to. */
export interface BodyContext {
  readonly url: URL;
  readonly proxy: NamedProxy | undefined;
  readonly signal: AbortSignal | undefined;
  readonly pace: Pace;
  readonly timing: Pick<Timing, "now">;
}

/** A body as whoever exchanged the request has it. */
export interface IncomingBody extends AsyncIterable<Uint8Array> {
  /** Ends it, unread. */
  drop(): void;
}

/** undici's. */
export function undiciBody(body: Dispatcher.ResponseData["body"]): IncomingBody {
  // It may break off before anybody reads it, and must not bring the program down then.
  body.on("error", () => undefined);
  return {
    drop: () => void body.dump({ limit: DISCARD_LIMIT }).catch(() => undefined),
    [Symbol.asyncIterator]: () => body[Symbol.asyncIterator](),
  };
}

/** The body as this program has it. */
export function responseBody(body: IncomingBody, context: BodyContext): ResponseBody {
  const { url, proxy, signal } = context;
  return {
    discard: () => body.drop(),
    async *[Symbol.asyncIterator]() {
      try {
        yield* paced(body, context);
      } catch (error) {
        signal?.throwIfAborted();
        throw networkError(error, url, proxy);
      }
    },
  };
}

/** Leaving it closes the connection. */
async function* paced(
  body: AsyncIterable<Uint8Array>,
  { pace, timing }: BodyContext,
): AsyncGenerator<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const asked = timing.now();
      const next = await chunks.next();
      if (next.done === true) return;
      pace.came(next.value.length, timing.now() - asked);
      yield next.value;
    }
  } finally {
    await chunks.return?.();
  }
}
