import { stat } from "node:fs/promises";
import { join } from "node:path";
import { type Conversion, checkConversion } from "../convert/request.ts";
import { readVerifyKey } from "../convert/with-image.ts";
import { Docker2vmError, isAbsence } from "../errors.ts";
import { given } from "../given.ts";
import { absolutePath } from "../machine.ts";
import { formatPlatform } from "../oci/platform.ts";
import type { DockerfileOptions } from "./options.ts";

/** What a builder is asked for. Paths are absolute, so that none of them can pass for an option. */
export interface BuildRequest {
  readonly file: string;
  readonly context: string;
  /** The Dockerfile as the user wrote it. */
  readonly reference: string;
  /** "linux/arm64/v8" */
  readonly platform: string;
  readonly target: string | undefined;
  /** "NAME=VALUE", or "NAME" for a value from the environment. */
  readonly buildArgs: readonly string[];
  readonly secrets: readonly string[];
  readonly noCache: boolean;
}

/** Throws E_USAGE for options nothing could be built with, E_IMAGE_NOT_FOUND where there is no such file or folder. */
export async function checkBuild(options: DockerfileOptions): Promise<BuildRequest> {
  const conversion = checkConversion(options);
  await refusePullDemands(conversion);
  given(
    options,
    {},
    {
      context: "text",
      file: "text",
      target: "text",
      buildArgs: "texts",
      secrets: "texts",
    },
  );
  const { context = "." } = options;
  const file = options.file ?? join(context, "Dockerfile");
  await demand("folder", context, "the build context", "name a folder with --context");
  await demand(
    "file",
    file,
    "the Dockerfile",
    "name it with --file: it is looked for from the current folder",
  );
  return {
    file: absolutePath(file),
    context: absolutePath(context),
    reference: file,
    platform: formatPlatform(conversion.platform),
    target: options.target,
    buildArgs: (options.buildArgs ?? []).map(namedArgument),
    secrets: options.secrets ?? [],
    noCache: options.noCache ?? false,
  };
}

/**
 * The types leave no room for `registry`, and whoever gives it nevertheless is not hindered: but a demand that is in it
 * must not go unheard. A builder pulls by itself, and what it builds nobody has signed.
 */
async function refusePullDemands(conversion: Conversion): Promise<void> {
  await readVerifyKey(conversion.registry, "dockerfile");
  if (conversion.registry.offline !== true) return;
  throw new Docker2vmError("E_USAGE", "a build cannot be kept from asking servers", {
    hint: "leave out the option offline, or build first and convert what was built",
  });
}

function namedArgument(text: string): string {
  if (!text.startsWith("=")) return text;
  throw new Docker2vmError("E_USAGE", `the build argument ${JSON.stringify(text)} has no name`, {
    hint: "write --build-arg NAME=VALUE, or --build-arg NAME to take the value from the environment",
  });
}

async function demand(kind: "file" | "folder", path: string, what: string, hint: string): Promise<void> {
  try {
    const stats = await stat(path);
    if (kind === "folder" ? stats.isDirectory() : stats.isFile()) return;
  } catch (error) {
    if (!isAbsence(error))
      throw new Docker2vmError("E_IO", `${what} ${path} cannot be read`, { cause: error });
    throw new Docker2vmError("E_IMAGE_NOT_FOUND", `${what} ${path} is not there`, { hint, cause: error });
  }
  throw new Docker2vmError("E_IMAGE_NOT_FOUND", `${what} ${path} is no ${kind}`, { hint });
}
