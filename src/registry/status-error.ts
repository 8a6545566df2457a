/** What a status other than success means: OCI distribution spec, "Error Codes". */
import { Docker2vmError, type ErrorCode } from "../errors.ts";
import { LONGEST_RETRY_AFTER_MS } from "../http/backoff.ts";
import { readErrorText } from "../http/body.ts";
import type { HttpResponse } from "../http/client.ts";
import { header } from "../http/headers.ts";
import { NetworkError } from "../http/network-errors.ts";
import { parseRetryAfter } from "../http/retry-after.ts";
import { showUrl } from "../http/urls.ts";
import { quote } from "../oci/quote.ts";

const ERROR_TEXT_LIMIT = 64 << 10;
const TRANSIENT: ReadonlySet<number> = new Set([408, 429, 499, 500, 502, 503, 504, 522]);

const CODES: Readonly<Record<number, ErrorCode>> = {
  401: "E_DENIED",
  403: "E_DENIED",
  404: "E_IMAGE_NOT_FOUND",
  410: "E_IMAGE_NOT_FOUND",
};

const IF_ABSENT = "check the name, the tag and the registry";
const IF_DENIED =
  "log in (docker login, or --username with --password-stdin), or check the name: many registries deny what is not there";

export function isTransientStatus(status: number): boolean {
  return TRANSIENT.has(status);
}

/** For a part of an image whose manifest is there, or for a manifest whose index is. */
export const PART_IS_MISSING =
  "the registry still lists it but has lost it, to a clean-up perhaps: push the image again, or choose another tag";

export interface StatusHints {
  /** Where the server has no such thing. */
  readonly ifAbsent?: string | undefined;
  /** Where it refuses. */
  readonly ifDenied?: string | undefined;
}

/** The error for an answer that is no success, with what the server says of it. `now` is for Retry-After. */
export async function statusError(
  response: HttpResponse,
  what: string,
  now: number,
  { ifAbsent = IF_ABSENT, ifDenied = IF_DENIED }: StatusHints = {},
): Promise<Docker2vmError> {
  const { status, url } = response;
  const said = serverMessage(await readErrorText(response, ERROR_TEXT_LIMIT));
  const message = `${what}: ${showUrl(url)} answered ${status}${said === "" ? "" : `: ${said}`}`;
  const code = CODES[status];
  if (code !== undefined)
    return new Docker2vmError(code, message, { hint: code === "E_DENIED" ? ifDenied : ifAbsent });

  const retryAfter = parseRetryAfter(header(response.headers, "retry-after"), now);
  return new NetworkError(status === 429 ? "E_RATE_LIMITED" : "E_NETWORK", message, {
    transient: TRANSIENT.has(status),
    isServers: TRANSIENT.has(status),
    retryAfter,
    hint: hintForLater(status, retryAfter, now, header(response.headers, "ratelimit-limit")),
  });
}

function hintForLater(
  status: number,
  retryAfter: number | undefined,
  now: number,
  limit: string | undefined,
): string | undefined {
  const account = status === 429 ? `; an account may have a higher limit${describeLimit(limit)}` : "";
  if (retryAfter === undefined) return TRANSIENT.has(status) ? `try again later${account}` : undefined;
  const until = new Date(now + retryAfter).toISOString().replace(/\.\d+Z$/, "Z");
  const long = retryAfter > LONGEST_RETRY_AFTER_MS ? ", longer than this program waits" : "";
  return `the registry asks to wait ${Math.ceil(retryAfter / 1000)} s${long}: try again after ${until}${account}`;
}

/** Docker Hub's `100;w=21600`: so many in so many seconds. */
function describeLimit(limit: string | undefined): string {
  const [, count, seconds] = /^(\d+);w=(\d+)$/.exec(limit ?? "") ?? [];
  return count === undefined || seconds === undefined ? "" : ` (now ${count} in ${Number(seconds) / 3600} h)`;
}

/** The messages of the distribution spec's error body, or nothing for any other. */
function serverMessage(text: string): string {
  try {
    const { errors } = JSON.parse(text) as { errors?: unknown };
    if (!Array.isArray(errors)) return "";
    const messages = errors.slice(0, 3).map((error: { code?: unknown; message?: unknown } | null) => {
      const words = [error?.code, error?.message].filter((word) => typeof word === "string" && word !== "");
      return words.map((word) => quote(String(word)).slice(1, -1)).join(" ");
    });
    return messages.filter((message) => message !== "").join("; ");
  } catch {
    return "";
  }
}
