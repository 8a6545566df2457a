import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { Docker2vmError } from "../errors.ts";
import { parseImageReference } from "../registry/reference.ts";
import { type CommandLine, stringOption } from "./arguments.ts";
import type { Recognised } from "./recognised.ts";
import { recogniseFolder } from "./recognised-folder.ts";
import { hasPrefix } from "./source-prefixes.ts";
import { nearest } from "./suggest.ts";

/** The source options and the prefix that says the same in front of a path. */
const PREFIXES = {
  "oci-layout": "oci",
  "oci-tar": "oci-archive",
  "docker-archive": "docker-archive",
  image: "docker",
} as const;

type SourceOption = keyof typeof PREFIXES;

/** The commands that take an image, and how they take it. */
const FORMS = {
  convert:
    "an image's name, --oci-layout PATH, --oci-tar PATH, --docker-archive PATH, - for standard input, docker-daemon:NAME, containers-storage:NAME, containerd:NAME, or rootfs-tar:FILE, dir:PATH or image:FILE",
  "bundle create":
    "an image's name, --oci-layout PATH, --oci-tar PATH, --docker-archive PATH, - for standard input, docker-daemon:NAME, containers-storage:NAME, containerd:NAME, rootfs-tar:FILE, dir:PATH or image:FILE, or --rootfs DIR",
  "inspect-image":
    "an image's name, oci:PATH, oci-archive:PATH, docker-archive:PATH, - for standard input, docker-daemon:NAME, containers-storage:NAME, containerd:NAME, or rootfs-tar:FILE, dir:PATH or image:FILE",
  oci2gondolin: "--image NAME, --oci-layout PATH or --oci-tar PATH",
} as const;

export type SourceCommand = keyof typeof FORMS;

/** The same by the command's options. */
export function sourceOfOptions(command: SourceCommand, line: CommandLine, words: readonly string[]): string {
  const options = {
    image: stringOption(line, "image"),
    "oci-layout": stringOption(line, "oci-layout"),
    "oci-tar": stringOption(line, "oci-tar"),
    "docker-archive": stringOption(line, "docker-archive"),
  };
  const hasOutput = ["out", "output"].some((name) => line.values.has(name));
  return chooseSource(command, options, words, hasOutput);
}

/**
 * The one source of the command line as a reference ("oci:PATH", "docker-archive:PATH", "-", ...). Throws E_USAGE for
 * none, for several, and for the bare path of something that is there.
 */
export function chooseSource(
  command: SourceCommand,
  options: Readonly<Partial<Record<SourceOption, string | undefined>>>,
  words: readonly string[],
  hasOutput = true,
): string {
  const given: string[] = [];
  const sources: string[] = [];
  for (const name of ["image", "oci-layout", "oci-tar", "docker-archive"] as const) {
    const path = options[name];
    if (path === undefined) continue;
    if (name === "image" && /^[./~]/.test(path)) throw noName(path);
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
  if (source === undefined)
    throw new Docker2vmError("E_USAGE", "no image given", { hint: `give ${FORMS[command]}` });
  if (sources.length > 1) {
    throw new Docker2vmError("E_USAGE", `more than one image given: ${given.join(" and ")}`, {
      hint: severalHint(command, words, hasOutput),
    });
  }
  return source;
}

function noName(path: string): Docker2vmError {
  return new Docker2vmError("E_USAGE", `--image ${JSON.stringify(path)} is a path, and no image's name`, {
    hint: "a folder in OCI layout is given with --oci-layout, a tar of one with --oci-tar",
  });
}

function severalHint(command: SourceCommand, words: readonly string[], hasOutput: boolean): string {
  const one = `${command} takes exactly one source`;
  const last = words.at(-1) ?? "";
  if (/^[KMGT](i?B)?$/i.test(last)) return `${one}; a size is one word, as 2G`;
  return words.length === 2 && !hasOutput ? `${one}; the output is given with --out ${last}` : one;
}

/**
 * The source with a prefix, where it is a bare path: of what is in it, which `say` is told. What could be the name of an
 * image as well is never guessed at. Throws E_USAGE for that, and for what is no source.
 */
export async function settledSource(
  source: string,
  say: (text: string, settled: string) => void,
): Promise<string> {
  if (source === "-" || hasPrefix(source)) return source;
  if (!existsSync(source)) return withChoice(source, say);
  try {
    const { source: settled, what } = await recognise(source);
    if (!isPath(source)) {
      const message = `${source} is ${what}, and may be the name of an image as well`;
      throw new Docker2vmError("E_USAGE", message, { hint: `write ${settled}` });
    }
    say(`${source}: taken for ${what}: ${settled}`, settled);
    return settled;
  } catch (error) {
    throw isPath(source) || !(error instanceof Docker2vmError) ? error : orByName(error, source);
  }
}

async function recognise(path: string): Promise<Recognised> {
  if (statSync(path).isDirectory()) return recogniseFolder(path);
  // Loaded for files alone: with it come all filesystems' readers.
  const { recogniseFile } = await import("./recognised-file.ts");
  return recogniseFile(path);
}

/** A layout's path with the tag or digest of one of its images; else the source as it is. */
async function withChoice(source: string, say: Parameters<typeof settledSource>[1]): Promise<string> {
  const [, path = "", choice = ""] = /^([./~].*?)((?::[\w.-]+)?(?:@sha\d+:[0-9a-f]+)?)$/s.exec(source) ?? [];
  if (choice !== "" && existsSync(path)) return `${await settledSource(path, say)}${choice}`;
  const name = basename(source);
  const names = path === "" ? [] : namesBeside(source);
  if (names.includes(name)) {
    throw new Docker2vmError("E_IMAGE_NOT_FOUND", `${source}: it leads to nothing that is there`, {
      hint: `'readlink -f ${source}' tells what it names`,
    });
  }
  const near = nearest(name, names);
  if (near === undefined) return source;
  throw new Docker2vmError("E_IMAGE_NOT_FOUND", `${source}: there is no such file or folder`, {
    hint: `did you mean ${source.slice(0, source.length - name.length)}${near}?`,
  });
}

function namesBeside(path: string): readonly string[] {
  try {
    return readdirSync(dirname(path));
  } catch {
    return [];
  }
}

function orByName({ code, message, hint, cause }: Docker2vmError, source: string): Docker2vmError {
  const other = `write docker://${source} for the image of that name`;
  return new Docker2vmError(code, message, {
    hint: hint === undefined ? other : `${hint}; or ${other}`,
    cause,
  });
}

function isPath(word: string): boolean {
  if (/^[./~]/.test(word)) return true;
  try {
    parseImageReference(word);
    return false;
  } catch {
    return true;
  }
}
