import type { HttpClient } from "../http/client.ts";
import { follow } from "../http/redirects.ts";
import { showUrl } from "../http/urls.ts";
import { type BlobOrigin, blobName } from "./blob-download.ts";
import type { Endpoint } from "./endpoint.ts";
import { type RetryContext, retrying } from "./retrying.ts";
import { isTransientStatus, PART_IS_MISSING, statusError } from "./status-error.ts";

/**
 * The places outside the registry that a descriptor names (`urls`): asked over https, without credentials, and no nearer
 * to this machine than the registry is.
 */
export function foreignOrigins(
  urls: readonly string[],
  registry: Endpoint,
  http: HttpClient,
  context: RetryContext,
): readonly BlobOrigin[] {
  return urls.flatMap((text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    return url?.protocol === "https:" ? [foreignOrigin(url, registry, http, context)] : [];
  });
}

function foreignOrigin(url: URL, registry: Endpoint, http: HttpClient, context: RetryContext): BlobOrigin {
  url.username = "";
  url.password = "";
  const error: BlobOrigin["error"] = (response, what) =>
    statusError(response, what, context.timing.now(), { ifAbsent: PART_IS_MISSING });
  return {
    name: showUrl(url),
    error,
    request: (blob, headers) =>
      retrying(blobName(blob), context, async () => {
        const nearest = await http.reach(registry.base);
        const request = {
          method: "GET",
          url,
          headers,
          signal: context.signal,
          isDocument: blob.isDocument,
          nearest,
        } as const;
        const response = await follow(http, request);
        if (isTransientStatus(response.status)) throw await error(response, blobName(blob));
        return response;
      }),
  };
}
