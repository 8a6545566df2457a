import { join } from "node:path";
import { labelOf } from "../convert/identity.ts";
import {
  type PlannedFilesystem,
  type PlannedSize,
  plannedFilesystem,
  plannedSize,
} from "../convert/planned-filesystem.ts";
import { checkFolderConversion, type FolderConversion } from "../convert/request.ts";
import { checkBuild } from "./build-request.ts";
import type { Command } from "./builder.ts";
import { chooseBuilder } from "./choose-builder.ts";
import type { BuilderName, DockerfileOptions } from "./options.ts";
import { Tools } from "./probe.ts";

/** What a build and conversion would do, as far as it can be told without building. */
export interface DockerfilePlan extends PlannedSize {
  readonly dryRun: true;
  readonly source: { readonly kind: "dockerfile"; readonly reference: string };
  readonly builder: BuilderName;
  /** What would be run, one after another; UNIQUE and IMAGE-ID stand for what is not known before. */
  readonly commands: readonly Command[];
  readonly platform: string;
  readonly mode: string;
  readonly profile: string;
  readonly filesystem: PlannedFilesystem;
  /** What the file of the empty disk beside it would be called, where one is asked for. */
  readonly writableDisk?: string;
  /** The folder that would be written to; the file, where the output is one. */
  readonly out: string;
}

/**
 * Checks the options, looks for a builder and tells what `convertDockerfile` would run. Writes nothing. Throws as
 * `convertDockerfile` does before it builds. The example is that of `convertDockerfile`.
 */
export async function planDockerfile(options: DockerfileOptions): Promise<DockerfilePlan> {
  const conversion = checkFolderConversion(options);
  return conversion.caller.serve(() => planAsAsked(options, conversion));
}

async function planAsAsked(
  options: DockerfileOptions,
  conversion: FolderConversion,
): Promise<DockerfilePlan> {
  const { environment = process.env, signal } = options;
  const request = await checkBuild(options);
  const builder = await chooseBuilder(options.builder, new Tools(environment, signal));
  const {
    place: { folder, file },
    writableDisk,
  } = conversion;
  const scratch = { scratchFolder: join(folder, ".docker2vm-UNIQUE"), unique: "UNIQUE" };
  const { build, fetch, image, cleanup } = builder.plan(request, scratch);
  const commands = [
    build,
    fetch?.command("IMAGE-ID"),
    image.from === "output" ? image.command : undefined,
    cleanup,
  ];
  return {
    dryRun: true,
    source: { kind: "dockerfile", reference: request.reference },
    builder: builder.name,
    commands: commands.filter((command) => command !== undefined),
    platform: request.platform,
    mode: conversion.profile.mode,
    profile: conversion.profile.name,
    ...plannedSize(conversion),
    filesystem: plannedFilesystem(labelOf({}, conversion), conversion),
    ...(writableDisk === undefined ? {} : { writableDisk: writableDisk.fileName }),
    out: file === undefined ? folder : join(folder, file.name),
  };
}
