import type { Caller } from "../caller.ts";
import { Docker2vmError } from "../errors.ts";
import { given } from "../given.ts";
import { TemporaryImage } from "../output/temporary-image.ts";
import { untilAborted } from "../waiting/until-aborted.ts";
import { type ConvertIntoOptions, convertToStore } from "./convert-into.ts";
import type { ConvertedImage } from "./make-image.ts";
import { checkImageAlone } from "./profile-request.ts";
import { checkImageConversion } from "./request.ts";
import { type NamedScratch, temporaryScratch } from "./with-image.ts";

/** What a conversion into a stream is asked to do. Only `source` is required. */
export interface ConvertToStreamOptions extends ConvertIntoOptions {
  /** An existing folder where the image is kept meanwhile; the system's for temporary files if absent. */
  readonly scratchFolder?: string | undefined;
}

/**
 * Converts a container image as `convert` does, and writes its bytes into a stream, from the first to the last, which is
 * then closed. The filesystem's first block is the last that is known, so the image is made in a file, which takes
 * as much of the disk as `convert` would need and is removed at the end; holes come as zeros. Nothing is written before
 * the image is whole. Each chunk, of 1 MiB at most, is written when the stream has taken the one before. If anything
 * fails, the stream is aborted with the error; if the stream fails, the conversion ends with that. Throws as `convertInto`
 * does, E_USAGE for a stream that has a writer or is closed, and E_NO_SPACE and E_IO for the folder.
 *
 * @example
 * ```ts
 * import { createHash } from "node:crypto";
 * import { Writable } from "node:stream";
 * import { createGzip } from "node:zlib";
 * import { convertToStream } from "docker2vm";
 *
 * const gzip = createGzip({ level: 1 });
 * const hash = createHash("sha256");
 * gzip.on("data", (bytes) => hash.update(bytes));
 *
 * const { apparentBytes } = await convertToStream(Writable.toWeb(gzip), {
 *   source: "oci:./alpine",
 *   platform: "linux/amd64",
 *   signal: AbortSignal.timeout(60_000),
 * });
 * console.log(apparentBytes, hash.digest("hex"));
 * ```
 */
export async function convertToStream(
  stream: WritableStream<Uint8Array>,
  options: ConvertToStreamOptions,
): Promise<ConvertedImage> {
  const writer = writerOf(stream);
  try {
    return await convertAndPour(writer, options);
  } catch (error) {
    // Not awaited: a stream that is stuck would not answer.
    writer.abort(error).catch(() => undefined);
    throw error;
  } finally {
    writer.releaseLock();
  }
}

function writerOf(stream: WritableStream<Uint8Array>): WritableStreamDefaultWriter<Uint8Array> {
  if (typeof stream?.getWriter !== "function") {
    throw new Docker2vmError("E_USAGE", "the stream for the image is no WritableStream", {
      hint: "give a web stream: Writable.toWeb of node:stream makes one of a stream of Node's",
    });
  }
  try {
    return stream.getWriter();
  } catch (error) {
    throw new Docker2vmError("E_USAGE", "the stream for the image has a writer already", {
      hint: "give a WritableStream that nobody else writes to: release that writer's lock first",
      cause: error,
    });
  }
}

async function convertAndPour(
  writer: WritableStreamDefaultWriter<Uint8Array>,
  asked: ConvertToStreamOptions,
): Promise<ConvertedImage> {
  const { scratchFolder, ...options } = given(asked, {}, { scratchFolder: "text" });
  const request = checkImageConversion(options);
  checkImageAlone(request.profile);
  const { caller } = request;
  const scratch = scratchFolder === undefined ? temporaryScratch() : scratchIn(scratchFolder);
  return caller.serve(async () => {
    let isWhole = false;
    // A stream that fails while nothing is written to it, or is closed, ends the job at once.
    const ended = caller.callAsync(async () => {
      await writer.closed;
      if (!isWhole) throw closedBefore();
    });
    ended.catch(() => undefined);
    const image = await TemporaryImage.in(scratch.scratchFolder, scratch.scratchElsewhere);
    try {
      const made = await convertToStore(() => image.create(), request, scratch);
      await pour(image.read(), writer, caller);
      isWhole = true;
      await closing(writer, caller);
      return made;
    } finally {
      image.discard();
    }
  });
}

function scratchIn(scratchFolder: string): NamedScratch {
  return { scratchFolder, scratchElsewhere: "the option scratchFolder names another" };
}

/** Each write is waited for, but not beyond the signal. */
async function pour(
  chunks: AsyncIterable<Uint8Array>,
  writer: WritableStreamDefaultWriter<Uint8Array>,
  caller: Caller,
): Promise<void> {
  for await (const chunk of chunks) {
    await untilAborted(
      caller.callAsync(() => writer.write(chunk)),
      caller.signal,
    );
  }
}

function closing(writer: WritableStreamDefaultWriter<Uint8Array>, caller: Caller): Promise<void> {
  return untilAborted(
    caller.callAsync(() => writer.close()),
    caller.signal,
  );
}

function closedBefore(): Docker2vmError {
  return new Docker2vmError("E_USAGE", "the stream for the image is closed", {
    hint: "give one that nothing was written to",
  });
}
