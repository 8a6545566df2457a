import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ProgressEvent } from "../convert/progress.ts";
import type { DockerfileResult } from "../dockerfile/convert-dockerfile.ts";
import type { DockerfilePlan } from "../dockerfile/dry-run.ts";
import type { BuildEvent, DockerfileOptions } from "../dockerfile/options.ts";
import { Docker2vmError } from "../errors.ts";
import { type CommandLine, choice, flag, listOption, stringOption } from "./arguments.ts";
import { editsOf } from "./edit-options.ts";
import type { Host } from "./host.ts";
import { type Manner, mannerOf } from "./manner.ts";
import { BUILD_OPTIONS } from "./options/build.ts";
import { progressReporter } from "./progress/reporter.ts";
import { type ConversionRequest, conversionRequest } from "./request.ts";
import { summaryJson, summaryText } from "./summary.ts";
import { madeImage, type Told, tell } from "./tell.ts";

/** `docker2vm dockerfile` */
export async function runDockerfile(line: CommandLine, host: Host): Promise<void> {
  const manner = mannerOf(line);
  const request = dockerfileRequest(line, host);
  const talk = talkOf(manner, host);
  const options = { ...request, environment: host.env, signal: host.signal, ...talk.listeners };
  let told: Told;
  try {
    told = flag(line, "dry-run")
      ? { text: `${JSON.stringify(await planDockerfile(options), null, 2)}\n` }
      : toldResult(await convertDockerfile(options), manner);
  } catch (error) {
    throw talk.unsaid(error);
  } finally {
    talk.finish();
  }
  await tell(host, told);
}

/** Loaded when it is wanted. */
export async function convertDockerfile(options: DockerfileOptions): Promise<DockerfileResult> {
  const engine = await import("../dockerfile/convert-dockerfile.ts");
  return engine.convertDockerfile(options);
}

export async function planDockerfile(options: DockerfileOptions): Promise<DockerfilePlan> {
  const engine = await import("../dockerfile/dry-run.ts");
  return engine.planDockerfile(options);
}

type DockerfileRequest = ConversionRequest &
  Pick<DockerfileOptions, "file" | "context" | "builder" | "target" | "buildArgs" | "secrets" | "noCache">;

/** Throws E_USAGE naming the option at fault. */
export function dockerfileRequest(line: CommandLine, host: Host): DockerfileRequest {
  const [, word] = line.words;
  if (word !== undefined) {
    throw new Docker2vmError("E_USAGE", `dockerfile does not take ${JSON.stringify(word)}`, {
      hint: existsSync(join(word, "Dockerfile"))
        ? `write --context ${word}`
        : "name the build's folder with --context, and the Dockerfile with --file",
    });
  }
  return {
    ...conversionRequest(line, host.env),
    edits: editsOf(line, host),
    file: stringOption(line, "file"),
    context: stringOption(line, "context"),
    builder: choice(line, "builder", BUILD_OPTIONS.builder.values),
    target: stringOption(line, "target"),
    buildArgs: listOption(line, "build-arg"),
    secrets: listOption(line, "secret"),
    noCache: flag(line, "no-cache"),
  };
}

/** Which builder it is, told once. */
export type BuilderEvent = Extract<BuildEvent, { readonly type: "builder" }>;

/** Progress, and the builder's own words among it; those are for people, not for a program that reads the events. */
export function talkOf(manner: Manner, host: Host) {
  const progress = progressReporter(manner, host.stderr, host.env);
  const json = manner.progress === "json";
  const passedOn = !json && !manner.quiet && manner.progress !== "none";
  const onBuild = (event: BuildEvent): void => {
    if (json && event.type === "builder") host.stderr.write(`${JSON.stringify(event)}\n`);
    if (!passedOn) return;
    // A line must not be written into bars that are drawn below it.
    progress.finish();
    host.stderr.write(event.type === "builder" ? `building with ${event.builder}\n` : event.text);
  };
  const onProgress = (event: ProgressEvent): void => progress.report(event);
  /** A failure without the builder's last lines where a reader has just seen them; a program gets all in one place. */
  const unsaid = (error: unknown): unknown => {
    const seen = passedOn && manner.format === "text";
    return seen && error instanceof Docker2vmError && error.output.length > 0 ? withoutOutput(error) : error;
  };
  return { listeners: { onBuild, onProgress }, unsaid, finish: () => progress.finish() };
}

function withoutOutput(error: Docker2vmError): Docker2vmError {
  return new Docker2vmError(error.code, error.message, { hint: error.hint, cause: error });
}

function toldResult(result: DockerfileResult, manner: Manner): Told {
  const quiet = manner.quiet ? "" : `Builder   ${result.builder}\n${summaryText(result)}`;
  return { text: manner.format === "json" ? summaryJson(result) : quiet, made: madeImage(result) };
}
