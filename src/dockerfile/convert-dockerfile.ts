import { type ConvertResult, convert } from "../convert/convert.ts";
import type { ConvertOptions } from "../convert/options.ts";
import { assert } from "../errors.ts";
import { Build } from "./build.ts";
import { checkBuild } from "./build-request.ts";
import { chooseBuilder } from "./choose-builder.ts";
import type { BuilderName, DockerfileOptions } from "./options.ts";
import { Tools } from "./probe.ts";

export interface DockerfileResult extends ConvertResult {
  /** Who has built the image. */
  readonly builder: BuilderName;
}

/**
 * Builds an image from a Dockerfile and converts it, as `convert` does. The build begins when the options are checked
 * and the output may be written; of image and build nothing is left but the builder's own cache.
 * Throws as `convert` does, E_NO_BUILDER, and E_BUILD_FAILED with the builder's last lines.
 */
export async function convertDockerfile(options: DockerfileOptions): Promise<DockerfileResult> {
  const { environment = process.env, signal, onBuild, onProgress } = options;
  const request = await checkBuild(options);
  const build = new Build({ environment, signal, onBuild });
  const conversion: ConvertOptions = {
    ...options,
    environment,
    source: "-",
    makeSource: async (scratchFolder) => {
      const builder = await chooseBuilder(options.builder, new Tools(environment, signal));
      return build.make(builder, request, scratchFolder);
    },
  };
  let result: ConvertResult;
  const trouble: string[] = [];
  try {
    result = await convert(conversion);
  } catch (error) {
    throw (await build.failure()) ?? error;
  } finally {
    trouble.push(...(await build.end()));
    for (const message of trouble) onProgress?.({ type: "warning", message });
  }
  const { builder } = build;
  assert(builder !== undefined, "the image was converted without being built");
  return { ...result, warnings: [...result.warnings, ...trouble], builder };
}
