import { Docker2vmError } from "../errors.ts";
import type { HttpResponse } from "./client.ts";
import { decodeStart, decodeWhole } from "./content-coding.ts";
import { contentLength } from "./headers.ts";
import { showUrl } from "./urls.ts";

/**
 * The whole body, decoded if it was encoded. Throws E_BAD_MANIFEST beyond `limit` bytes, before reading where
 * Content-Length tells, E_NETWORK for an encoding that cannot be undone, and as the body does.
 */
export async function readBody(response: HttpResponse, limit: number): Promise<Uint8Array> {
  if ((contentLength(response.headers) ?? 0) > limit) {
    response.body.discard();
    throw tooLarge(response, limit);
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body) {
    length += chunk.length;
    // Leaving the loop closes the connection, so that an endless body ends here.
    if (length > limit) throw tooLarge(response, limit);
    chunks.push(chunk);
  }
  const whole = decodeWhole(Buffer.concat(chunks, length), response.headers, limit, showUrl(response.url));
  if (whole === undefined) throw tooLarge(response, limit);
  return whole;
}

/** The first `limit` bytes of a body as text: for what a server says about an error. Never throws. */
export async function readErrorText(response: HttpResponse, limit: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of response.body) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= limit) break;
    }
  } catch {
    // What came before it broke off is all there is to say.
  }
  const start = decodeStart(Buffer.concat(chunks), response.headers, limit);
  return Buffer.from(start).subarray(0, limit).toString("utf8");
}

function tooLarge(response: HttpResponse, limit: number): Docker2vmError {
  return new Docker2vmError(
    "E_BAD_MANIFEST",
    `${showUrl(response.url)}: more than the ${limit} bytes allowed`,
  );
}
