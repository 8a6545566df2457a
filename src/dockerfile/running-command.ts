import { type ChildProcess, spawn } from "node:child_process";
import { finished } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { Environment } from "../convert/options.ts";
import { Docker2vmError } from "../errors.ts";
import { buildFailure, commandName, type Exit } from "./build-error.ts";
import type { Command } from "./builder.ts";
import { LastLines, LineSplitter } from "./lines.ts";

const LAST_LINES = 20;
/** How long a builder may take to end by itself before it is killed: it tells its daemon, it removes containers. */
const GRACE_MS = 10_000;
/** How long the last words of a command that has ended are waited for; its children may keep its pipes open. */
const LAST_WORDS_MS = 1000;

export interface CommandOptions {
  readonly environment: Environment;
  /** "archive": its standard output is read as `stdout`; "messages": as standard error is. */
  readonly output: "archive" | "messages";
  /** Whole lines of its messages. */
  readonly onMessages?: ((text: string) => void) | undefined;
  readonly graceMs?: number | undefined;
}

/** A command in a process group of its own, so that all its processes can be ended together. */
export class RunningCommand {
  /** Resolves when the command and its last messages are there. Throws E_NO_BUILDER where it cannot be started. */
  readonly exited: Promise<Exit>;
  readonly #command: Command;
  readonly #child: ChildProcess;
  readonly #last = new LastLines(LAST_LINES);
  readonly #options: CommandOptions;
  #exit: Exit | undefined;
  #stopping: Promise<void> | undefined;

  constructor(command: Command, options: CommandOptions) {
    this.#command = command;
    this.#options = options;
    const [program, ...args] = command;
    this.#child = spawn(program, args, {
      detached: true,
      env: { ...options.environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const { stdout, stderr } = this.#child;
    const messages = options.output === "messages" ? [stdout, stderr] : [stderr];
    this.exited = this.#whenExited(Promise.all(messages.map((stream) => this.#listen(stream))));
    // Whoever waits hears of a failure; nobody has to.
    this.exited.catch(() => undefined);
  }

  /**
   * What the command writes, where its output is the archive. Whoever stops reading leaves the pipe open: a command
   * that finds it closed would seem to have failed of itself.
   */
  async *stdout(): AsyncGenerator<Uint8Array> {
    const { stdout } = this.#child;
    if (stdout !== null) yield* stdout.iterator({ destroyOnReturn: false });
  }

  /** Reads on without keeping anything, so that the command can come to its end. */
  drain(): void {
    this.#child.stdout?.resume();
  }

  /** Its last lines. */
  get lastLines(): readonly string[] {
    return this.#last.lines;
  }

  /** E_BUILD_FAILED if the command has failed of itself, not because it was stopped. */
  get failure(): Docker2vmError | undefined {
    if (this.#exit === undefined) return undefined;
    return buildFailure(this.#command, this.#exit, this.lastLines);
  }

  /** Ends a command that still runs with all its processes, gently at first, and waits for that. Never fails. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    if (this.#exit !== undefined) return;
    this.drain();
    this.#kill("SIGTERM");
    const ended = this.exited.catch(() => undefined);
    const timer = new AbortController();
    const patience = delay(this.#options.graceMs ?? GRACE_MS, undefined, { signal: timer.signal });
    await Promise.race([ended, patience.catch(() => undefined)]);
    timer.abort();
    this.#kill("SIGKILL");
    await ended;
  }

  #whenExited(lastWords: Promise<unknown>): Promise<Exit> {
    const onProcessExit = (): void => this.#kill("SIGKILL");
    // A process that ends in haste takes the builder along: nobody else would end it.
    process.once("exit", onProcessExit);
    return new Promise<Exit>((resolve, reject) => {
      this.#child.once("error", (error) => {
        process.off("exit", onProcessExit);
        reject(cannotRun(this.#command, error));
      });
      this.#child.once("exit", async (code, signal) => {
        process.off("exit", onProcessExit);
        if (this.#stopping === undefined) this.#exit = { code, signal };
        else this.#kill("SIGKILL");
        await Promise.race([lastWords, delay(LAST_WORDS_MS, undefined, { ref: false })]);
        resolve({ code, signal });
      });
    });
  }

  /** Resolves when the stream has come to its end. */
  async #listen(stream: ChildProcess["stdout"]): Promise<void> {
    if (stream === null) return;
    const splitter = new LineSplitter();
    const tell = (text: string): void => {
      if (text === "") return;
      this.#last.add(text);
      this.#options.onMessages?.(text);
    };
    stream.on("data", (bytes: Uint8Array) => tell(splitter.push(bytes)));
    await finished(stream).catch(() => undefined);
    tell(splitter.end());
  }

  #kill(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // None of the group is left.
    }
  }
}

function cannotRun(command: Command, error: Error): Docker2vmError {
  const name = commandName(command);
  return new Docker2vmError("E_NO_BUILDER", `${name} cannot be run: ${error.message}`, { cause: error });
}
