/** Finding the credentials for a registry, in the places where Docker and Podman keep them. */
import { join } from "node:path";
import type { Environment } from "../http/proxy.ts";
import { homeFolder } from "../machine.ts";
import { AuthFile } from "./auth-file.ts";
import type { Credentials } from "./credential.ts";
import { readHelper } from "./credential-helper.ts";
import { DOCKER_HUB, DOCKER_HUB_NAMES } from "./reference.ts";

/** What Docker keeps Docker Hub's credentials under. */
const DOCKER_HUB_KEY = "https://index.docker.io/v1/";

/**
 * The credentials for a repository of a registry, undefined where there are none. The first place that has any wins:
 * the environment's DOCKER_AUTH_CONFIG and REGISTRY_AUTH_FILE, Docker's config.json, Podman's auth.json; within one,
 * the registry's own helper, the common helper, what is written in it.
 * Throws E_USAGE for a file or helper that is named and cannot be used.
 */
export async function findCredentials(
  host: string,
  repository: string,
  environment: Environment,
  signal?: AbortSignal,
): Promise<Credentials | undefined> {
  const hosts = host === DOCKER_HUB ? DOCKER_HUB_NAMES : [host];
  const helperKey = host === DOCKER_HUB ? DOCKER_HUB_KEY : host;
  for await (const file of authFiles(environment)) {
    for (const helper of file.helpers([...hosts, helperKey])) {
      const found = await readHelper(helper, helperKey, environment, signal);
      if (found !== undefined) return found;
    }
    const found = file.entry(hosts, repository);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function* authFiles(environment: Environment): AsyncGenerator<AuthFile> {
  const inline = environment["DOCKER_AUTH_CONFIG"];
  if (inline) yield AuthFile.parse(inline, "the environment variable DOCKER_AUTH_CONFIG");

  const named = environment["REGISTRY_AUTH_FILE"];
  if (named) yield await AuthFile.readNamed(named);

  for (const path of usualFiles(environment)) {
    const file = await AuthFile.readIfThere(path);
    if (file !== undefined) yield file;
  }
}

/** What neither a variable names nor a home has is not looked for. */
function usualFiles(environment: Environment): readonly string[] {
  const home = homeFolder(environment);
  const runtime = environment["XDG_RUNTIME_DIR"];
  const below = (named: string | undefined, usual: string, ...rest: readonly string[]): readonly string[] => {
    const folder = named || (home && join(home, usual));
    return folder ? [join(folder, ...rest)] : [];
  };
  return [
    ...below(environment["DOCKER_CONFIG"], ".docker", "config.json"),
    ...(runtime ? [join(runtime, "containers", "auth.json")] : []),
    ...below(environment["XDG_CONFIG_HOME"], ".config", "containers", "auth.json"),
  ];
}
