import type { Transform } from "node:stream";

type Codec = Transform & { readonly bytesWritten: number };

/**
 * Bytes through one of node:zlib's streams, no more of them in memory than a chunk each way. What `stored` throws goes
 * through. When this generator has ended, `stored` is not being read any more.
 *
 * @param damaged makes the error to throw of what the codec reports
 * @param checkRest is given the bytes after the point where the codec stopped of itself; may throw
 */
export async function* throughStream(
  stored: AsyncIterable<Uint8Array>,
  codec: Codec,
  damaged: (cause: unknown) => Error,
  checkRest: (bytes: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  // Errors reach the reader through the iteration below; without a listener they would end the process as well.
  codec.on("error", () => {});
  let failure: { readonly error: unknown } | undefined;
  const feeding = feed(stored, codec, checkRest).catch((error: unknown) => {
    failure = { error };
    codec.destroy();
  });
  try {
    for await (const chunk of codec) yield chunk as Uint8Array;
  } catch (cause) {
    failure ??= { error: damaged(cause) };
  } finally {
    // After its end it is left alone: bytes may follow that have to be looked at.
    if (!codec.readableEnded) codec.destroy();
    await feeding;
  }
  if (failure !== undefined) throw failure.error;
}

/** Gives the codec one chunk after the other, and `checkRest` what it leaves. Returns early if the codec is gone. */
async function feed(
  stored: AsyncIterable<Uint8Array>,
  codec: Codec,
  checkRest: (bytes: Uint8Array) => void,
): Promise<void> {
  let length = 0;
  let stopped = false;
  for await (const chunk of stored) {
    if (!stopped && !(await process(codec, chunk))) return;
    // An ended codec counts nothing any more, and all that follows is rest.
    const rest = chunk.subarray(Math.max(0, codec.bytesWritten - length));
    length += chunk.length;
    if (rest.length === 0) continue;
    stopped = true;
    checkRest(rest);
  }
  codec.end();
}

/** Resolves when the codec has done with the chunk or wants no more; false if it failed or was destroyed. */
function process(codec: Codec, chunk: Uint8Array): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (result: boolean) => {
      codec.off("end", ended);
      codec.off("close", closed);
      resolve(result);
    };
    const ended = () => settle(true);
    const closed = () => settle(codec.readableEnded);
    codec.on("end", ended);
    codec.on("close", closed);
    // A copy: a codec that is destroyed may read on for a while, and the chunk has been given back by then.
    codec.write(Uint8Array.from(chunk), (error) => settle(!error));
  });
}
