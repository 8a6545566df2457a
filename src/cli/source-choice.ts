import { existsSync, statSync } from "node:fs";
import { Docker2vmError } from "../errors.ts";

/** The source options and the prefix that says the same in front of a path. */
const PREFIXES = {
  "oci-layout": "oci",
  "oci-tar": "oci-archive",
  "docker-archive": "docker-archive",
  image: "docker",
} as const;

type SourceOption = keyof typeof PREFIXES;

const FORMS =
  "an image's name, --oci-layout PATH, --oci-tar PATH, --docker-archive PATH, or - for standard input";

/**
 * The one source of the command line as a reference ("oci:PATH", "docker-archive:PATH", "-", ...). Throws E_USAGE for
 * none, for several, and for the bare path of something that is there.
 */
export function chooseSource(
  options: Readonly<Partial<Record<SourceOption, string | undefined>>>,
  words: readonly string[],
): string {
  const given: string[] = [];
  const sources: string[] = [];
  for (const name of ["image", "oci-layout", "oci-tar", "docker-archive"] as const) {
    const path = options[name];
    if (path === undefined) continue;
    given.push(`--${name}`);
    sources.push(
      name === "image" ? `docker://${path.replace(/^docker:\/\//, "")}` : `${PREFIXES[name]}:${path}`,
    );
  }
  for (const word of words) {
    given.push(JSON.stringify(word));
    sources.push(word);
  }
  const [source] = sources;
  if (source === undefined) throw new Docker2vmError("E_USAGE", "no image given", { hint: `give ${FORMS}` });
  if (sources.length > 1) {
    throw new Docker2vmError("E_USAGE", `more than one image given: ${given.join(" and ")}`, {
      hint: "convert takes exactly one source",
    });
  }
  refuseBarePath(source);
  return source;
}

/** A path without a prefix is never guessed at: the same word may be the name of an image. */
function refuseBarePath(source: string): void {
  if (source === "-" || /^(oci:|oci-archive:|docker-archive:|docker:\/\/)/.test(source)) return;
  if (!existsSync(source)) return;
  const [kind, form] = statSync(source).isDirectory()
    ? ["a folder", `oci:${source}`]
    : ["a file", `docker-archive:${source} or oci-archive:${source}`];
  throw new Docker2vmError("E_USAGE", `${source} is ${kind}, but does not say what is in it`, {
    hint: `write ${form}`,
  });
}
