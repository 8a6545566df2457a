import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { Environment } from "../convert/options.ts";
import type { Docker2vmError } from "../errors.ts";
import type { PathSource, StreamSource } from "../source/source.ts";
import { buildFailure, commandName, noImage } from "./build-error.ts";
import type { BuildRequest } from "./build-request.ts";
import type { Builder, BuildPlan, Command, ContainerCommands } from "./builder.ts";
import { listContainers, removeLeftContainers } from "./left-containers.ts";
import type { BuilderName, DockerfileOptions } from "./options.ts";
import { type CommandOptions, RunningCommand } from "./running-command.ts";

/** How long a builder that wrote something unreadable is given to say that it has failed. */
const CONFESSION_MS = 1000;

export interface BuildOptions {
  readonly environment: Environment;
  readonly signal: AbortSignal | undefined;
  readonly onBuild: DockerfileOptions["onBuild"];
}

/** One build, from its first command until nothing of it is left. */
export class Build {
  readonly #options: BuildOptions;
  readonly #warnings: string[] = [];
  #builder: BuilderName | undefined;
  #plan: BuildPlan | undefined;
  #built = false;
  #running: RunningCommand | undefined;

  constructor(options: BuildOptions) {
    this.#options = options;
  }

  /** Who builds, once that is decided. */
  get builder(): BuilderName | undefined {
    return this.#builder;
  }

  /** Builds. Throws E_BUILD_FAILED, and the signal's reason when everything of the build has been ended. */
  async make(
    builder: Builder,
    request: BuildRequest,
    scratchFolder: string,
  ): Promise<PathSource | StreamSource> {
    const plan = builder.plan(request, { scratchFolder, unique: randomBytes(8).toString("hex") });
    this.#builder = builder.name;
    this.#plan = plan;
    this.#options.onBuild?.({ type: "builder", builder: builder.name });
    const { build, fetch, image } = plan;
    if (build !== undefined) await this.#runToEnd(build, plan.containers);
    this.#built = true;
    if (fetch !== undefined) {
      await this.#runToEnd(fetch.command((await readFile(fetch.idFile, "latin1")).trim()));
    }
    if (image.from === "output") {
      const name = `what ${commandName(image.command)} wrote`;
      return { kind: "stream", bytes: this.#archive(image.command), name };
    }
    if (!existsSync(image.path)) {
      throw noImage(build ?? [builder.name], this.#running?.lastLines ?? []);
    }
    return { kind: "docker-archive", path: image.path };
  }

  /** After a failed conversion: the builder's own failure, which explains it, if there is one. */
  async failure(): Promise<Docker2vmError | undefined> {
    const running = this.#running;
    if (running === undefined || this.#options.signal?.aborted) return undefined;
    running.drain();
    const ended = running.exited.catch(() => undefined);
    await Promise.race([ended, delay(CONFESSION_MS, undefined, { ref: false })]);
    return running.failure;
  }

  /**
   * Ends what still runs and takes away what the builder keeps. Returns what did not work of that, each thing once;
   * never fails.
   */
  async end(): Promise<readonly string[]> {
    await this.#running?.stop();
    const cleanup = this.#plan?.cleanup;
    this.#plan = undefined;
    if (cleanup !== undefined) {
      const trouble = await this.#quietly(cleanup);
      // Where the build did not come to its end, there may be nothing to clean up.
      if (trouble !== undefined && this.#built) this.#warnings.push(trouble);
    }
    return this.#warnings.splice(0);
  }

  async #runToEnd(command: Command, containers?: ContainerCommands): Promise<void> {
    const { environment, signal } = this.#options;
    const before = containers === undefined ? [] : await listContainers(containers, environment);
    const running = this.#start(command, "messages");
    const stop = (): void => void running.stop();
    signal?.addEventListener("abort", stop);
    try {
      if (signal?.aborted) stop();
      const exit = await running.exited;
      if (signal?.aborted) await running.stop();
      if (containers !== undefined && (exit.signal !== null || signal?.aborted)) {
        this.#warnings.push(...(await removeLeftContainers(containers, before, environment)));
      }
      signal?.throwIfAborted();
      const failure = running.failure;
      if (failure !== undefined) throw failure;
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }

  async *#archive(command: Command): AsyncGenerator<Uint8Array> {
    const running = this.#start(command, "archive");
    let bytes = 0;
    for await (const chunk of running.stdout()) {
      bytes += chunk.length;
      yield chunk;
    }
    const exit = await running.exited;
    const failure = buildFailure(command, exit, running.lastLines);
    if (failure !== undefined) throw failure;
    if (bytes === 0) throw noImage(command, running.lastLines);
  }

  #start(command: Command, output: CommandOptions["output"]): RunningCommand {
    const { environment, onBuild } = this.#options;
    const onMessages = (text: string): void => onBuild?.({ type: "build-output", text });
    this.#running = new RunningCommand(command, { environment, output, onMessages });
    return this.#running;
  }

  /** Runs a command that must not disturb; returns what is to be said of its failure. */
  async #quietly(command: Command): Promise<string | undefined> {
    const running = new RunningCommand(command, {
      environment: this.#options.environment,
      output: "messages",
    });
    try {
      await running.exited;
      return running.failure === undefined
        ? undefined
        : `${running.failure.message}: ${running.lastLines.join("; ")}`;
    } catch (error) {
      return String(error);
    }
  }
}
