import { Docker2vmError } from "../../errors.ts";
import { type AnyFacts, readerOf } from "../../filesystem/open.ts";
import { inFile } from "../../filesystem/reading/broken.ts";
import type { ReadableFilesystem } from "../../filesystem/reading/filesystem.ts";
import { ImageFile } from "../../filesystem/reading/image.ts";
import { inTurns } from "../../waiting/steps.ts";
import { type CommandLine, flag } from "../arguments.ts";
import type { Host } from "../host.ts";
import { replayLine } from "./replayed.ts";

/** The words after the command: as many as it names, those from `required` on may be missing. */
export function wordsOf(line: CommandLine, names: readonly string[], required: number): readonly string[] {
  const words = line.words.slice(1);
  const missing = names[words.length];
  if (words.length < required && missing !== undefined) {
    throw new Docker2vmError("E_USAGE", `no ${missing} given`, {
      hint: `docker2vm ${line.words[0]} ${names.join(" ")}`,
    });
  }
  if (words.length > names.length) {
    throw new Docker2vmError("E_USAGE", `${JSON.stringify(words[names.length])} is one word too many`, {
      hint: `docker2vm ${line.words[0]} ${names.join(" ")}`,
    });
  }
  return words;
}

/** A path as the shell gave it, as the bytes a filesystem knows it by. */
export function pathBytes(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/**
 * Opens an image file, hands its filesystem over and closes it, whatever happens. That a journal was replayed is told
 * on standard error, unless the command's result tells it.
 */
export async function withFilesystem<Result>(
  line: CommandLine,
  host: Host,
  image: string,
  use: (filesystem: ReadableFilesystem, facts: () => AnyFacts) => Result | Promise<Result>,
  { resultTells = false }: { readonly resultTells?: boolean } = {},
): Promise<Result> {
  const file = new ImageFile(image);
  try {
    const reader = await readerOf(file);
    const opening = reader.open(file, { ignoreJournal: flag(line, "ignore-journal") });
    const { filesystem, facts } = await inTurns(opening, host.signal);
    const { replay } = filesystem;
    if (replay !== undefined && !resultTells) host.stderr.write(replayLine(replay));
    return await use(filesystem, facts);
  } catch (error) {
    throw inFile(image, error);
  } finally {
    file.close();
  }
}
