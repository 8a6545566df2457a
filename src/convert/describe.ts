import { BLOCK_SIZE } from "../blocks/blocks.ts";
import type { FilesystemIdentity, FilesystemPlan } from "../filesystem/kind/kind.ts";
import type { Packing } from "../filesystem/kind/packing.ts";
import type { ExecutionParameters } from "../oci/config.ts";
import { formatPlatform } from "../oci/platform.ts";
import type { Injection } from "../profile/profile.ts";
import type { LayerBlob, ResolvedImage, SourceOrigin } from "../source/source.ts";
import type { EditedContents } from "./edit-image.ts";
import { formatUuid } from "./identity.ts";
import type {
  CompressionMetadata,
  FilesystemMetadata,
  ImageMetadata,
  InjectionMetadata,
  LayerMetadata,
  RuntimeMetadata,
  VerityMetadata,
} from "./meta.ts";
import type { Conversion } from "./request.ts";

interface DescribedContents {
  readonly injection: Injection | undefined;
  readonly edited: EditedContents | undefined;
}

/** `meta.json`, but for what only the finished file can tell. */
export function describeImage(
  origin: SourceOrigin,
  image: ResolvedImage,
  filesystem: FilesystemMetadata,
  { injection, edited }: DescribedContents,
  request: Conversion,
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
    ...(edited === undefined ? {} : { edits: edited.metadata }),
    ...(injection === undefined ? {} : { injection: describeInjection(injection) }),
  };
}

function describeInjection({ paths, metadata, bootstrap }: Injection): InjectionMetadata {
  const settled = bootstrap === undefined ? {} : { bootstrap };
  return {
    ...metadata,
    ...settled,
    paths: paths.map((path) => Buffer.from(path, "latin1").toString("utf8")),
  };
}

export function describeFilesystem(
  identity: FilesystemIdentity,
  { filesystem: { name, packing }, readOnly = false }: Pick<Conversion, "filesystem"> & Partial<Conversion>,
  plan: FilesystemPlan,
  verity: VerityMetadata | undefined,
): FilesystemMetadata {
  return {
    type: name,
    uuid: formatUuid(identity.uuid),
    label: Buffer.from(identity.label, "latin1").toString("utf8"),
    blockSize: BLOCK_SIZE,
    blocks: plan.blocks,
    freeBlocks: plan.freeBlocks,
    inodes: plan.inodes,
    ...(readOnly ? { readOnly } : {}),
    ...(packing === undefined ? {} : { compression: describeCompression(packing) }),
    ...(verity === undefined ? {} : { verity }),
  };
}

function describeCompression({ algorithm, level, clusterBlocks }: Packing): CompressionMetadata {
  return { algorithm, level, clusterSize: clusterBlocks * BLOCK_SIZE };
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

/** Stored bytes of all layers. */
export function storedBytes(layers: readonly Pick<LayerBlob, "size">[]): number {
  return layers.reduce((sum, layer) => sum + layer.size, 0);
}
