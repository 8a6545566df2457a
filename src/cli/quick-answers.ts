/** What is asked of every program, answered without what its commands need. */
import { readFileSync, writeSync } from "node:fs";
import manifest from "../../package.json" with { type: "json" };
import { systemErrorCode } from "../errors.ts";

const STANDARD_OUTPUT = 1;
const PAUSE_MILLISECONDS = 5;

/**
 * Answers `--version` and `--help`, alone or behind one word, as `run` does, whose tables of options take longer to load
 * than all else. False for any other line, and where it cannot be answered so: `run` knows what is to be said of a word
 * that is no command, and of a disk that is full.
 */
export function answerQuickly(args: readonly string[]): boolean {
  const [word, ...more] = args.length === 1 ? ["", ...args] : args;
  const [question, ...others] = more;
  if (word === undefined || others.length > 0 || !/^[a-z\d-]*$/.test(word) || word.startsWith("-"))
    return false;
  if (question === "--version") return written(`${manifest.version}\n`);
  return (question === "--help" || question === "-h") && written(helpOf(word));
}

/** As the build has made it of the same tables; undefined where there is none, as among the sources. */
function helpOf(command: string): string | undefined {
  try {
    return readFileSync(new URL(`help/${command || "docker2vm"}.txt`, import.meta.url), "utf8");
  } catch {
    return undefined;
  }
}

/**
 * Past the runtime's streams, which take a runtime longer to load than to begin. False where a write fails: `run` tries
 * again, and nobody sees the first lines twice whose disk is full, or who has gone away.
 */
function written(text: string | undefined): boolean {
  if (text === undefined) return false;
  const bytes = Buffer.from(text);
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(STANDARD_OUTPUT, bytes, done);
    } catch (error) {
      if (systemErrorCode(error) !== "EAGAIN") return false;
      // A pipe that does not block, and is full.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MILLISECONDS);
    }
  }
  return true;
}
