import { spawn } from "node:child_process";
import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";
import type { Environment } from "../convert/options.ts";
import type { Builder, Command } from "./builder.ts";
import { LastLines } from "./lines.ts";

const TIMEOUT_MS = 30_000;
/** Lines of a failure among which is the one that says what is wrong. */
const LAST_LINES = 4;

/** Whether a builder is there and works. */
export type Probe = (tools: Tools) => Promise<Builder | Unusable>;

export interface Unusable {
  /** What is wrong, naming the program. */
  readonly unusable: string;
  /** Whether the program is on this machine, though it does not work. */
  readonly installed: boolean;
  /** What makes it work: one sentence for a hint. */
  readonly remedy: string;
}

export function notInstalled(program: string, remedy: string): Unusable {
  return { unusable: `${program} is not on the PATH`, installed: false, remedy };
}

export function notWorking(unusable: string, remedy: string): Unusable {
  return { unusable, installed: true, remedy };
}

export interface Answer {
  /** Undefined where the program did not come to its own end. */
  readonly status: number | undefined;
  readonly stdout: string;
  /** Its last line on standard error that does not point to its help, or what else is to be said of a failure. */
  readonly complaint: string;
}

/** "See 'docker --help'", "Run 'docker --help' for more information": what programs say after what is wrong. */
const POINTS_TO_HELP = /^(see|run|try)\b.*--help\b/i;

/** How builders are looked for. */
export class Tools {
  readonly environment: Environment;
  readonly #signal: AbortSignal | undefined;

  constructor(environment: Environment, signal: AbortSignal | undefined) {
    this.environment = environment;
    this.#signal = signal;
  }

  /** The path of a program; only absolute folders of PATH count, so none that a project brings along. */
  async find(name: string): Promise<string | undefined> {
    for (const folder of (this.environment["PATH"] ?? "").split(delimiter).filter(isAbsolute)) {
      const path = join(folder, name);
      if (await isProgram(path)) return path;
    }
    return undefined;
  }

  /** Runs a command that only tells something. Throws the signal's reason. */
  ask([program, ...args]: Command): Promise<Answer> {
    const signal = this.#signal;
    signal?.throwIfAborted();
    return new Promise((resolve, reject) => {
      const child = spawn(program, args, {
        env: { ...this.environment },
        stdio: ["ignore", "pipe", "pipe"],
        timeout: TIMEOUT_MS,
        ...(signal === undefined ? {} : { signal }),
      });
      let stdout = "";
      let stderr = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        stdout += text;
      });
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        stderr += text;
      });
      child.on("error", (error) => {
        if (signal?.aborted) reject(signal.reason);
        else resolve({ status: undefined, stdout, complaint: error.message });
      });
      child.on("close", (status, killedBy) => {
        const errors = new LastLines(LAST_LINES);
        errors.add(stderr);
        const end = status === null ? `killed by ${killedBy}` : `exit code ${status}`;
        const complaint = errors.lines.findLast((line) => !POINTS_TO_HELP.test(line)) ?? end;
        resolve({ status: status ?? undefined, stdout, complaint });
      });
    });
  }
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
