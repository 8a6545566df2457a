/**
 * docker2vm as a library: what the command does, with typed options, progress events, an AbortSignal and typed
 * errors.
 */
export { type ConvertResult, convert } from "./convert/convert.ts";
export { type ConversionPlan, planConversion } from "./convert/dry-run.ts";
export { type ImageInspection, type InspectedImage, inspectImage } from "./convert/inspect-image.ts";
export type { Limits } from "./convert/limits.ts";
export type {
  FilesystemMetadata,
  ImageMetadata,
  LayerMetadata,
  RuntimeMetadata,
} from "./convert/meta.ts";
export type { ConvertOptions } from "./convert/options.ts";
export type { ProgressEvent } from "./convert/progress.ts";
export { convertDockerfile, type DockerfileResult } from "./dockerfile/convert-dockerfile.ts";
export { type DockerfilePlan, planDockerfile } from "./dockerfile/dry-run.ts";
export type { BuildEvent, BuilderName, DockerfileOptions } from "./dockerfile/options.ts";
export { Docker2vmError, ERROR_CODES, type ErrorCode, EXIT } from "./errors.ts";
export type { InflateChoice } from "./layer/decompress.ts";
export type { SourceSpec } from "./source/source.ts";
