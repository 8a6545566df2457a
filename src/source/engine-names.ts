/** What an image may be called where an engine keeps it, by what a user calls it. */
import { quote } from "../oci/quote.ts";
import { DOCKER_HUB, formatImageReference, parseImageReference } from "../registry/reference.ts";

const SHOWN = 20;
/** What is abbreviated further may well be a name. */
const IMAGE_ID = /^(?:sha256:)?([a-f0-9]{64})$|^([a-f0-9]{12,63})$/;

/**
 * In the order in which they are looked for: the full name, with a registry and a tag or digest; and of one without a
 * registry that of an image built on this machine, as Podman and Buildah call it. Throws E_USAGE for what is no name.
 */
export function fullNames(name: string): readonly string[] {
  const { tag, digest, ...image } = parseImageReference(name);
  const version = { digest, tag: digest === undefined ? tag : undefined };
  const full = formatImageReference({ ...image, ...version });
  if (image.registry !== DOCKER_HUB || /^[^/]*[.:][^/]*\//.test(name)) return [full];
  const repository = image.repository.replace(/^library\//, "");
  return [full, formatImageReference({ registry: "localhost", repository, ...version })];
}

/** The hexadecimal digits of an image ID, or its first 12 or more; undefined for what is none. */
export function imageIdOf(name: string): string | undefined {
  const [, whole, beginning] = IMAGE_ID.exec(name) ?? [];
  return whole ?? beginning;
}

/** The names for a message. */
export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN).map(quote).join(", ");
  return names.length > SHOWN ? `${shown}, …` : shown;
}
