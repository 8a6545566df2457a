import { existsSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { Docker2vmError } from "../errors.ts";
import { type CommandLine, stringOption } from "./arguments.ts";

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
  return chooseSource(command, options, words);
}

/**
 * The one source of the command line as a reference ("oci:PATH", "docker-archive:PATH", "-", ...). Throws E_USAGE for
 * none, for several, and for the bare path of something that is there.
 */
export function chooseSource(
  command: SourceCommand,
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
  if (source === undefined)
    throw new Docker2vmError("E_USAGE", "no image given", { hint: `give ${FORMS[command]}` });
  if (sources.length > 1) {
    throw new Docker2vmError("E_USAGE", `more than one image given: ${given.join(" and ")}`, {
      hint: `${command} takes exactly one source`,
    });
  }
  refuseBarePath(command, source);
  return source;
}

const PREFIXED =
  /^(oci:|oci-archive:|docker-archive:|docker:\/\/|docker-daemon:|containers-storage:|containerd:|rootfs-tar:|dir:|image:)/;

/** A path without a prefix is never guessed at: the same word may be the name of an image. */
function refuseBarePath(command: SourceCommand, source: string): void {
  if (source === "-" || PREFIXED.test(source)) return;
  if (!existsSync(source)) return;
  const isFolder = statSync(source).isDirectory();
  throw new Docker2vmError(
    "E_USAGE",
    `${source} is ${isFolder ? "a folder" : "a file"}, but does not say what is in it`,
    { hint: isFolder ? folderHint(source) : fileHint(command, source) },
  );
}

function folderHint(folder: string): string {
  if (existsSync(join(folder, "index.json"))) return `write oci:${folder}`;
  return existsSync(join(folder, "Dockerfile"))
    ? `build it: docker2vm dockerfile --context ${folder} --out DIR`
    : `write oci:${folder} if it holds an image, dir:${folder} if it holds files alone`;
}

function fileHint(command: SourceCommand, file: string): string {
  if (/dockerfile|containerfile/i.test(basename(file))) {
    return `build it: docker2vm dockerfile --file ${file} --out DIR`;
  }
  const forms = `write docker-archive:${file}, oci-archive:${file}, rootfs-tar:${file} or image:${file}`;
  return command === "inspect-image" ? `${forms}; a filesystem is looked at by docker2vm inspect` : forms;
}
