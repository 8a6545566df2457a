import { Docker2vmError } from "../errors.ts";
import { given } from "../given.ts";
import { formatImageReference, parseImageReference } from "../registry/reference.ts";
import type { RegistryRequest } from "./image-request.ts";
import type { ResultSettings } from "./options.ts";

/** A repository in a registry. */
export type RepositoryName = Pick<ReturnType<typeof parseImageReference>, "registry" | "repository">;

/** Where results are looked for and kept, every value checked. */
export interface ResultsRequest {
  readonly cacheFolder: string | undefined;
  readonly copies: boolean;
  readonly from: RepositoryName | undefined;
  readonly pushTo: RepositoryName | undefined;
}

/** Undefined for no place at all. Throws E_USAGE for what is no repository, and for servers where none is to be asked. */
export function resultsRequest(
  settings: ResultSettings,
  { offline = false }: RegistryRequest,
): ResultsRequest | undefined {
  given(settings, {}, { cacheFolder: "text", from: "text", pushTo: "text" });
  const { cacheFolder, copies = false, from, pushTo } = settings;
  const remote = from ?? pushTo;
  if (offline && remote !== undefined) {
    throw new Docker2vmError("E_USAGE", `offline, no results come from ${remote} or go there`, {
      hint: "leave out --offline, or --from-cache and --push-cache",
    });
  }
  if (cacheFolder === undefined && remote === undefined) return undefined;
  return {
    cacheFolder,
    copies,
    from: from === undefined ? undefined : repositoryName(from),
    pushTo: pushTo === undefined ? undefined : repositoryName(pushTo),
  };
}

function repositoryName(text: string): RepositoryName {
  const { registry, repository, tag, digest } = parseImageReference(text);
  if (digest === undefined && tag === "latest" && !text.endsWith(":latest")) return { registry, repository };
  const name = formatImageReference({ registry, repository, tag: undefined, digest: undefined });
  throw new Docker2vmError("E_USAGE", `${text} is one image: results have tags of their own`, {
    hint: `name the repository alone: ${name}`,
  });
}
