import type { Ext4Plan } from "../ext4/plan.ts";
import type { ExecutionParameters } from "../oci/config.ts";
import { formatPlatform } from "../oci/platform.ts";
import { BLOCK_SIZE } from "../output/blocks.ts";
import type { Injection } from "../profile/profile.ts";
import type { LayerBlob, ResolvedImage, SourceOrigin } from "../source/source.ts";
import { type FilesystemIdentity, formatUuid } from "./identity.ts";
import type {
  FilesystemMetadata,
  ImageMetadata,
  InjectionMetadata,
  LayerMetadata,
  RuntimeMetadata,
  VerityMetadata,
} from "./meta.ts";
import type { Request } from "./request.ts";

/** `meta.json`, but for what only the finished file can tell. */
export function describeImage(
  origin: SourceOrigin,
  image: ResolvedImage,
  filesystem: FilesystemMetadata,
  injection: Injection | undefined,
  request: Request,
): ImageMetadata {
  return {
    schemaVersion: 1,
    source: { kind: origin.kind, reference: origin.reference },
    sourceDigest: image.manifestDigest,
    platform: formatPlatform(image.platform),
    mode: request.profile.mode,
    profile: request.profile.name,
    runtime: describeRuntime(image.config.config),
    layers: image.layers.map(describeLayer),
    filesystem,
    ...(injection === undefined ? {} : { injection: describeInjection(injection) }),
  };
}

function describeInjection({ paths, metadata }: Injection): InjectionMetadata {
  return { ...metadata, paths: paths.map((path) => Buffer.from(path, "latin1").toString("utf8")) };
}

export function describeFilesystem(
  identity: FilesystemIdentity,
  request: Request,
  plan: Ext4Plan,
  verity: VerityMetadata | undefined,
): FilesystemMetadata {
  return {
    type: plan.variant.name,
    uuid: formatUuid(identity.uuid),
    label: Buffer.from(request.label, "latin1").toString("utf8"),
    blockSize: BLOCK_SIZE,
    blocks: plan.blocks,
    freeBlocks: plan.freeBlocks,
    inodes: plan.inodes,
    ...(verity === undefined ? {} : { verity }),
  };
}

export function describeRuntime(parameters: ExecutionParameters): RuntimeMetadata {
  return {
    entrypoint: parameters.Entrypoint,
    cmd: parameters.Cmd,
    env: parameters.Env,
    workdir: parameters.WorkingDir,
    user: parameters.User,
    exposedPorts: parameters.ExposedPorts,
    labels: parameters.Labels,
    stopSignal: parameters.StopSignal,
    volumes: parameters.Volumes,
  };
}

export function describeLayer({
  digest,
  diffId,
  size,
}: Pick<LayerBlob, "digest" | "diffId" | "size">): LayerMetadata {
  return digest === undefined ? { diffId, size } : { digest, diffId, size };
}

/**
 * How a filesystem's size comes about. "fixed": as asked for; "min": nothing spare; "auto": what is used and `free`
 * bytes, by default a quarter of what is used and at least 64 MiB.
 */
export type Sizing =
  | { readonly kind: "fixed" | "min" }
  | { readonly kind: "auto"; readonly free: number | "default" };

export function describeSizing({ filesystem: { size, readOnly } }: Request): Sizing {
  if (size.kind !== "auto") return { kind: size.kind };
  if (typeof size.free === "number") return { kind: "auto", free: size.free * BLOCK_SIZE };
  return readOnly ? { kind: "min" } : { kind: "auto", free: "default" };
}

/** Stored bytes of all layers. */
export function storedBytes(layers: readonly Pick<LayerBlob, "size">[]): number {
  return layers.reduce((sum, layer) => sum + layer.size, 0);
}
