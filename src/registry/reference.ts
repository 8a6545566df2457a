/** Image names: the grammar of the distribution project (reference/reference.go) and Docker's short forms. */
import { Docker2vmError } from "../errors.ts";
import { type Digest, isDigest } from "../oci/digest.ts";
import { quote } from "../oci/quote.ts";

/** `registry` is a host with its port, if any; `docker.io` for Docker Hub under whichever of its names. */
export interface ImageReference {
  readonly registry: string;
  /** Path of the image in the registry: "library/alpine". */
  readonly repository: string;
  /** Only what names the image is left out where a digest is given; the tag then is for display. */
  readonly tag: string | undefined;
  readonly digest: Digest | undefined;
}

export const DOCKER_HUB = "docker.io";
/** Names that Docker Hub has had; all mean the same images. */
export const DOCKER_HUB_NAMES: readonly string[] = [DOCKER_HUB, "index.docker.io", "registry-1.docker.io"];

const DOMAIN_COMPONENT = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?";
const HOST = `(?:${DOMAIN_COMPONENT}(?:\\.${DOMAIN_COMPONENT})*|\\[[a-fA-F0-9:]+\\])`;
const PATH_COMPONENT = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";

const REGISTRY = new RegExp(`^${HOST}(?::[0-9]{1,5})?$`);
const REPOSITORY = new RegExp(`^${PATH_COMPONENT}(?:/${PATH_COMPONENT})*$`);
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
/** Characters of registry, slash and repository together. */
const NAME_LIMIT = 255;

/**
 * Parses `[docker://][REGISTRY/]REPOSITORY[:TAG][@DIGEST]`, with Docker's defaults: docker.io, library/, latest.
 * Throws E_USAGE.
 */
export function parseImageReference(text: string): ImageReference {
  const bare = text.replace(/^docker:\/\//, "");
  const at = bare.indexOf("@");
  const digest = at === -1 ? undefined : parseReferenceDigest(bare.slice(at + 1), text);
  const { name, tag } = splitTag(at === -1 ? bare : bare.slice(0, at));
  if (tag !== undefined && !TAG.test(tag)) {
    throw malformed(text, `${quote(tag)} is not a tag`, "letters, digits, and . _ - within, at most 128");
  }
  const { registry, path } = splitRegistry(name);
  if (!REGISTRY.test(registry))
    throw malformed(
      text,
      `${quote(registry)} is not a registry`,
      /^https?:$/.test(registry) ? `leave the scheme out: ${path.replace(/^\/+/, "")}` : "HOST or HOST:PORT",
    );
  const hub = DOCKER_HUB_NAMES.includes(registry.toLowerCase());
  const repository = hub && !path.includes("/") ? `library/${path}` : path;
  checkRepository(repository, text);
  if (registry.length + 1 + repository.length > NAME_LIMIT) {
    throw malformed(text, "the name is too long", `at most ${NAME_LIMIT} characters without tag and digest`);
  }
  return {
    registry: hub ? DOCKER_HUB : lowerCaseHost(registry),
    repository,
    tag: tag ?? (digest === undefined ? "latest" : undefined),
    digest,
  };
}

/** The full form: "docker.io/library/alpine:3.20", with a digest where there is one. */
export function formatImageReference({ registry, repository, tag, digest }: ImageReference): string {
  const after = `${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
  return `${registry}/${repository}${after}`;
}

function splitTag(text: string): { name: string; tag: string | undefined } {
  const colon = text.lastIndexOf(":");
  // A colon before the last slash belongs to the port.
  if (colon === -1 || colon < text.lastIndexOf("/")) return { name: text, tag: undefined };
  return { name: text.slice(0, colon), tag: text.slice(colon + 1) };
}

/** The first part is a registry only if it cannot be the name of a Docker Hub user. */
function splitRegistry(name: string): { registry: string; path: string } {
  const slash = name.indexOf("/");
  const first = name.slice(0, Math.max(slash, 0));
  return isHost(first) || first !== first.toLowerCase()
    ? { registry: first, path: name.slice(slash + 1) }
    : { registry: DOCKER_HUB, path: name };
}

/** Whether the text can be nothing but a host. */
function isHost(text: string): boolean {
  return /[.:]/.test(text) || text === "localhost";
}

/** Of a host that only its capitals tell from a user of Docker Hub, they are kept. */
function lowerCaseHost(registry: string): string {
  const lower = registry.toLowerCase();
  return isHost(lower) ? lower : registry;
}

function checkRepository(repository: string, text: string): void {
  if (REPOSITORY.test(repository)) return;
  const lower = repository.toLowerCase();
  throw malformed(
    text,
    `${quote(repository)} is not the name of an image`,
    REPOSITORY.test(lower) ? `names are lower-case: ${lower}` : "[REGISTRY/]NAME[:TAG][@DIGEST]",
  );
}

function parseReferenceDigest(digest: string, text: string): Digest {
  if (isDigest(digest)) return digest;
  throw malformed(text, `${quote(digest)} is not a digest`, '"sha256:" and 64 lower-case hexadecimal digits');
}

function malformed(text: string, what: string, form: string): Docker2vmError {
  return new Docker2vmError("E_USAGE", `the image reference ${quote(text)}: ${what}`, { hint: form });
}
