import { Caller } from "../caller.ts";
import { type ConvertResult, convertMade } from "../convert/convert.ts";
import type { ProgressEvent } from "../convert/progress.ts";
import type { SourceToMake } from "../convert/source-to-make.ts";
import { assert } from "../errors.ts";
import { given } from "../given.ts";
import { Build } from "./build.ts";
import { checkBuild } from "./build-request.ts";
import { chooseBuilder } from "./choose-builder.ts";
import type { BuildEvent, BuilderName, DockerfileOptions } from "./options.ts";
import { Tools } from "./probe.ts";

/** What a build and its conversion made. */
export interface DockerfileResult extends ConvertResult {
  /** Who has built the image. */
  readonly builder: BuilderName;
}

/**
 * Builds an image from a Dockerfile and converts it, as `convert` does. The build begins when the options are checked
 * and the output may be written; of image and build nothing is left but the builder's own cache.
 * Throws as `convert` does, also what `onBuild` has thrown, E_NO_BUILDER, and E_BUILD_FAILED with the builder's last
 * lines.
 *
 * @example
 * ```ts
 * import { writeFile } from "node:fs/promises";
 * import { convertDockerfile, Docker2vmError, planDockerfile } from "docker2vm";
 *
 * await writeFile("Dockerfile", "FROM scratch\nCOPY package.json /\n");
 * const options = { out: "./built", force: true, environment: { PATH: "/opt/builders/bin" } };
 * try {
 *   console.log((await planDockerfile(options)).commands);
 *   const { builder, rootfsPath } = await convertDockerfile(options);
 *   console.log(builder, rootfsPath);
 * } catch (error) {
 *   if (!(error instanceof Docker2vmError) || error.code !== "E_NO_BUILDER") throw error;
 *   console.error(error.hint);
 * }
 * ```
 */
export async function convertDockerfile(options: DockerfileOptions): Promise<DockerfileResult> {
  given(
    options,
    {},
    { signal: "signal", onBuild: "function", onProgress: "function", environment: "object" },
  );
  const caller = new Caller(options.signal);
  const onBuild = caller.listener((event: BuildEvent) => options.onBuild?.(event));
  const onProgress = caller.listener((event: ProgressEvent) => options.onProgress?.(event));
  return caller.serve(() => buildAndConvert({ ...options, signal: caller.signal, onBuild, onProgress }));
}

async function buildAndConvert(options: DockerfileOptions): Promise<DockerfileResult> {
  const { environment = process.env, signal, onBuild, onProgress } = options;
  const request = await checkBuild(options);
  const build = new Build({ environment, signal, onBuild });
  const source: SourceToMake = {
    kind: "made",
    origin: { kind: "dockerfile", reference: request.reference },
    make: async (scratchFolder) => {
      const builder = await chooseBuilder(options.builder, new Tools(environment, signal));
      return build.make(builder, request, scratchFolder);
    },
    release: () => build.end(),
  };
  try {
    const result = await convertMade(source, {
      ...options,
      profile: { environment, ...options.profile },
    });
    const { builder } = build;
    assert(builder !== undefined, "the image was converted without being built");
    return { ...result, builder };
  } catch (error) {
    const failure = await build.failure();
    for (const message of await build.end()) onProgress?.({ type: "warning", message });
    throw failure ?? error;
  }
}
