import { readFileSync } from "node:fs";
import { Docker2vmError } from "../errors.ts";
import { whyUnreadable } from "../system-errors.ts";

/**
 * The entries of a file of environment variables as Docker reads it (cli, pkg/kvfile): a line each, `NAME=VALUE` to the
 * line's end or `NAME` alone; blanks before a name, empty lines and those that begin with # mean nothing. Throws E_USAGE
 * naming the line at fault.
 */
export function readVariablesFile(path: string): readonly string[] {
  return textOf(path)
    .replace(/^\ufeff/, "")
    .split("\n")
    .flatMap((line, index) => entryOf(line.replace(/\r$/, "").trimStart(), path, index + 1));
}

function textOf(path: string): string {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw unusable(path, whyUnreadable(cause), "--env-file takes a file of lines NAME=VALUE", cause);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw unusable(path, "it is not UTF-8", "write it anew in that encoding", cause);
  }
}

function entryOf(line: string, path: string, number: number): readonly string[] {
  if (line === "" || line.startsWith("#")) return [];
  const [name = ""] = line.split("=", 1);
  if (name !== "" && !/\s/.test(name)) return [line];
  throw unusable(
    path,
    `line ${number} is no NAME=VALUE`,
    "a name has no blanks: mend the line, or begin it with #",
  );
}

function unusable(path: string, what: string, hint: string, cause?: unknown): Docker2vmError {
  return new Docker2vmError("E_USAGE", `the environment file ${path}: ${what}`, { hint, cause });
}
