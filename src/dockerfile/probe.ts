import { spawn } from "node:child_process";
import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";
import type { Builder, Command } from "./builder.ts";
import { LastLines } from "./lines.ts";
import type { Environment } from "./options.ts";

const TIMEOUT_MS = 30_000;

/** Whether a builder is there and works. */
export type Probe = (tools: Tools) => Promise<Builder | Unusable>;

export interface Unusable {
  readonly unusable: string;
}

export function unusable(reason: string): Unusable {
  return { unusable: reason };
}

export interface Answer {
  /** Undefined where the program did not come to its own end. */
  readonly status: number | undefined;
  readonly stdout: string;
  /** Its last line on standard error, or what else is to be said of a failure. */
  readonly complaint: string;
}

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
        const errors = new LastLines(1);
        errors.add(stderr);
        const [complaint = status === null ? `killed by ${killedBy}` : `exit code ${status}`] = errors.lines;
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
