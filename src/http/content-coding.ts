/**
 * Content-Encoding: RFC 9110 section 8.4. Nothing but `identity` is ever asked for; yet servers, and proxies before them,
 * send gzip all the same.
 */
import { Readable } from "node:stream";
import { constants, createGunzip, gunzipSync } from "node:zlib";
import { Docker2vmError, systemErrorCode } from "../errors.ts";
import { type Headers, headerValues } from "./headers.ts";

/** The codings in the order they were applied, without those that change nothing. */
export function contentCodings(headers: Headers): readonly string[] {
  return headerValues(headers, "content-encoding")
    .flatMap((value) => value.split(","))
    .map((coding) =>
      coding
        .trim()
        .toLowerCase()
        .replace(/^x-gzip$/, "gzip"),
    )
    .filter((coding) => coding !== "" && coding !== "identity");
}

/** Whether this program decodes them: one gzip, and no more. */
export function isDecodable(codings: readonly string[]): boolean {
  return codings.length === 1 && codings[0] === "gzip";
}

/** The refusal of codings. `where` names the answer. */
export function undecodable(codings: readonly string[], where: string): Docker2vmError {
  const message = `${where}: comes encoded (Content-Encoding: ${codings.join(", ").slice(0, 80)}), unasked`;
  return new Docker2vmError("E_NETWORK", message, {
    hint: "have the server, or the proxy before it, send it as it is: of encodings only gzip is undone here",
  });
}

/**
 * A whole body as it was before it was encoded, of at most `limit` bytes; undefined if there are more. What only is said
 * to be gzip is taken as it is. Throws E_NETWORK for broken gzip and for other codings.
 */
export function decodeWhole(
  bytes: Uint8Array,
  headers: Headers,
  limit: number,
  where: string,
): Uint8Array | undefined {
  const codings = contentCodings(headers);
  if (codings.length === 0) return bytes;
  if (!isDecodable(codings)) throw undecodable(codings, where);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: limit });
  } catch (error) {
    if (systemErrorCode(error) === "ERR_BUFFER_TOO_LARGE") return undefined;
    throw broken(error, where);
  }
}

/** The beginning of a body before it was encoded, as far as it can be had; nothing where it cannot. */
export function decodeStart(bytes: Uint8Array, headers: Headers, limit: number): Uint8Array {
  const codings = contentCodings(headers);
  if (codings.length === 0) return bytes;
  try {
    const options = { maxOutputLength: limit, finishFlush: constants.Z_SYNC_FLUSH };
    return isDecodable(codings) ? gunzipSync(bytes, options) : new Uint8Array();
  } catch {
    return new Uint8Array();
  }
}

/**
 * The bytes of a gzip body as they come, of which at most `limit` are read: gzip may go on for ever and hold nothing.
 * Throws as the body does, and E_NETWORK for broken gzip and for more bytes.
 */
export async function* decoded(
  body: AsyncIterable<Uint8Array>,
  limit: number,
  where: string,
): AsyncGenerator<Uint8Array> {
  const source = Readable.from(bounded(body, limit, where));
  const inflate = createGunzip();
  source.on("error", (error) => inflate.destroy(error));
  source.pipe(inflate);
  try {
    yield* inflate;
  } catch (error) {
    throw systemErrorCode(error)?.startsWith("Z_") ? broken(error, where) : error;
  } finally {
    source.destroy();
  }
}

async function* bounded(
  body: AsyncIterable<Uint8Array>,
  limit: number,
  where: string,
): AsyncGenerator<Uint8Array> {
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > limit) throw new Docker2vmError("E_NETWORK", `${where}: more comes than gzip makes of it`);
    yield chunk;
  }
}

function broken(cause: unknown, where: string): Docker2vmError {
  return new Docker2vmError("E_NETWORK", `${where}: the gzip that it comes encoded with is broken`, {
    hint: "try again later; the server, or a proxy before it, sends what nobody asked for",
    cause,
  });
}
