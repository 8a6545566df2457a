import type { KeyObject } from "node:crypto";
import { tmpdir } from "node:os";
import type { RootFilesystem } from "../rootfs/root-filesystem.ts";
import { openSource } from "../source/open.ts";
import { isRootfs } from "../source/reference.ts";
import type { ResolvedImage, RootfsSource, SourceOrigin } from "../source/source.ts";
import type { SpoolOptions } from "../source/spool.ts";
import type { ImageRequest } from "./image-request.ts";
import { checkKept } from "./limits.ts";
import type { RegistrySettings } from "./options.ts";

/** Where what has to be kept on disk meanwhile (an archive on standard input) is kept. */
export type Scratch = Pick<SpoolOptions, "scratchFolder" | "scratchElsewhere">;

/** The same, and how another is named. */
export interface NamedScratch extends Scratch {
  readonly scratchElsewhere: string;
}

export interface Opening extends Scratch {
  /** Demand a signature of the image by this key. */
  readonly verifyKey: KeyObject | undefined;
  /** See ImageSource.resolve. */
  readonly toRead?: boolean;
}

/** For what makes no output. Nothing is made there beforehand: most images need no scratch folder at all. */
export function temporaryScratch(): NamedScratch {
  return {
    scratchFolder: tmpdir(),
    scratchElsewhere: "the environment variable TMPDIR names another folder",
  };
}

/**
 * The key of the signature that is demanded, if one is; to be asked for before all else. `kind` is that of the source.
 * Throws as demandedKey does.
 */
export async function readVerifyKey(
  { verifyKeyFile: file }: RegistrySettings,
  kind: SourceOrigin["kind"],
): Promise<KeyObject | undefined> {
  if (file === undefined) return undefined;
  // Loaded when it is wanted: few conversions demand a signature.
  const { demandedKey } = await import("../source/signature-demand.ts");
  return demandedKey(file, kind);
}

/** The key for the image of a request. Throws as demandedKey does. */
export function keyFor({ registry, source }: ImageRequest): Promise<KeyObject | undefined> {
  return readVerifyKey(registry, source.kind === "made" ? source.origin.kind : source.kind);
}

/**
 * Makes the image if that is to be done, opens the source, chooses and verifies the image in it, hands it over and closes
 * the source, whatever happens.
 */
export async function withImage<Result>(
  request: ImageRequest,
  { toRead = false, ...opening }: Opening,
  use: (image: ResolvedImage | RootFilesystem, origin: SourceOrigin) => Promise<Result>,
): Promise<Result> {
  const { source: asked, signal, report } = request;
  const toMake = asked.kind === "made" ? asked : undefined;
  const spec = asked.kind === "made" ? await asked.make(opening.scratchFolder) : asked;
  if (isRootfs(spec)) return withRootFilesystem(spec, request, use);
  const registry = { ...request.registry, onEvent: report };
  const onSpool = (bytes: number): void => {
    checkKept(bytes, request.limits);
    report({ type: "spooling", bytes });
  };
  const source = await openSource(spec, { ...opening, signal, onSpool, registry });
  let result: Result;
  try {
    const image = await source.resolve(request.platform, toRead);
    for (const message of image.warnings) report({ type: "warning", message });
    result = await use(image, toMake?.origin ?? source.origin);
  } finally {
    await source.close();
  }
  for (const message of (await toMake?.release?.()) ?? []) report({ type: "warning", message });
  return result;
}

async function withRootFilesystem<Result>(
  spec: RootfsSource,
  { report, signal }: ImageRequest,
  use: (image: RootFilesystem, origin: SourceOrigin) => Promise<Result>,
): Promise<Result> {
  // Loaded only here: most conversions are of images in layers.
  const { openRootFilesystem } = await import("../rootfs/open.ts");
  const source = await openRootFilesystem(spec, signal);
  try {
    for (const message of source.warnings) report({ type: "warning", message });
    return await use(source, source.origin);
  } finally {
    await source.close();
  }
}
