/** What the commands around registries do, for programs: typed options, progress, a signal. */
import { Caller } from "../caller.ts";
import { given } from "../given.ts";
import {
  type SignatureReport,
  type SigningSettings,
  type SignResult,
  signReference,
  verifyReference,
} from "../referrer/sign-image.ts";
import { ACCESS_SHAPES, type RegistryAccess } from "../registry/access.ts";
import type { ConnectionOptions } from "../registry/connection.ts";
import type { Attachment } from "./attachments.ts";
import type { TransferEvent } from "./progress.ts";
import { type PullResult, pullArtifact } from "./pull.ts";
import { type PushResult, pushArtifact } from "./push.ts";

/** How the registry is reached that an image is in. */
export interface RegistryConnection extends Omit<RegistryAccess, "allowForeign"> {
  /** Where proxies and credentials are named: HTTPS_PROXY, DOCKER_CONFIG, HOME, PATH and their like; none if absent. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
}

/** What every job around a registry takes. */
export interface RegistryJobOptions {
  readonly registry?: RegistryConnection | undefined;
  /** Ends the job, with E_INTERRUPTED unless its reason is a Docker2vmError. */
  readonly signal?: AbortSignal | undefined;
  /** Is told what happens. What it throws ends the job, and is what that rejects with. */
  readonly onProgress?: ((event: TransferEvent) => void) | undefined;
}

/** What is pushed, and where to. */
export interface PushImageOptions extends RegistryJobOptions {
  /** A folder that `convert` has made, or an image's file. */
  readonly image: string;
  /** The name and tag that it gets: "ghcr.io/owner/vm:1". */
  readonly reference: string;
  /** Other repositories of the registry that may have the pieces already. */
  readonly mountFrom?: readonly string[] | undefined;
  /** Pieces that are compressed and sent at once; 2 if absent. */
  readonly concurrency?: number | undefined;
  /** Files that are hung at the image: a list of its packages, a report. */
  readonly attachments?: readonly Attachment[] | undefined;
  /** Hang a statement there of what the image was made of, and how: SLSA provenance, without any time. */
  readonly provenance?: boolean | undefined;
  /** Sign the image, and all that is hung at it, before it gets its tag. */
  readonly signing?: SigningSettings | undefined;
}

/** What is pulled, and where to. */
export interface PullImageOptions extends RegistryJobOptions {
  readonly reference: string;
  /** Folder for the files; made if it is not there. */
  readonly out: string;
  /** Replace files that are there. */
  readonly force?: boolean | undefined;
  /** Pieces that are fetched at once; 4 if absent. */
  readonly concurrency?: number | undefined;
  /** A PEM file: demand a signature by this key, of the image and of each document. */
  readonly verifyKeyFile?: string | undefined;
  /** Folder for the documents that hang at the image; absent: they are not fetched. */
  readonly attachments?: string | undefined;
}

/** What is signed, and with which key. */
export interface SignImageOptions extends RegistryJobOptions, SigningSettings {
  /** Any image or index in a registry, by tag or digest. */
  readonly reference: string;
  /** Sign the manifests that an index lists as well. */
  readonly recursive?: boolean | undefined;
}

/** Whose signature is looked for, and where. */
export interface VerifySignatureOptions extends RegistryJobOptions {
  readonly reference: string;
  /** A PEM file of a public key, ECDSA on P-256, as cosign.pub. */
  readonly keyFile: string;
}

const SHAPES = { registry: "object", signal: "signal", onProgress: "function" } as const;

/**
 * Puts what was converted into a registry as an OCI artifact, and what is said of it beside it. The tag comes last. Throws
 * E_USAGE, E_IMAGE_NOT_FOUND, E_IO, E_LIMIT, E_DENIED, E_NETWORK and E_RATE_LIMITED.
 *
 * @example
 * ```ts
 * import { pushImage } from "docker2vm";
 *
 * export async function publish(reference: string, keyPassword: string): Promise<string> {
 *   const { digest } = await pushImage({
 *     image: "./vm",
 *     reference,
 *     attachments: [{ file: "./sbom.spdx.json", mediaType: "application/spdx+json" }],
 *     provenance: true,
 *     signing: { keyFile: "./cosign.key", keyPassword },
 *     registry: { environment: process.env },
 *     onProgress: (event) => {
 *       if (event.type === "piece-done") console.log(`piece ${event.index} is there`);
 *     },
 *   });
 *   return digest;
 * }
 * ```
 */
export async function pushImage(options: PushImageOptions): Promise<PushResult> {
  given(
    options,
    { image: "text", reference: "text" },
    { ...SHAPES, mountFrom: "texts", attachments: "list", signing: "object" },
  );
  const { image, reference, registry, signal, onProgress, ...rest } = options;
  return job({ registry, signal, onProgress }, (connection, tell) =>
    pushArtifact(image, reference, { ...rest, ...connection, onProgress: tell }),
  );
}

/**
 * Brings back the files that `pushImage` has put there, all of them or none, each byte checked. Throws E_USAGE, E_UNSUPPORTED,
 * E_BAD_MANIFEST, E_SIGNATURE, E_DIGEST_MISMATCH, E_SIZE_MISMATCH, E_OUTPUT_EXISTS, E_NO_SPACE, E_IO, E_IMAGE_NOT_FOUND,
 * E_LIMIT, E_DENIED, E_NETWORK and E_RATE_LIMITED.
 *
 * @example
 * ```ts
 * import { pullImage } from "docker2vm";
 *
 * export async function fetch(reference: string): Promise<readonly string[]> {
 *   const { paths, documents, refused } = await pullImage({
 *     reference,
 *     out: "./pulled",
 *     attachments: "./pulled/documents",
 *     verifyKeyFile: "./cosign.pub",
 *     signal: AbortSignal.timeout(600_000),
 *   });
 *   for (const { path, mediaType } of documents) console.log(path, mediaType);
 *   for (const { digest, reason } of refused) console.error(digest, reason);
 *   return paths;
 * }
 * ```
 */
export async function pullImage(options: PullImageOptions): Promise<PullResult> {
  const others = { ...SHAPES, verifyKeyFile: "text", attachments: "text" } as const;
  given(options, { reference: "text", out: "text" }, others);
  const { reference, registry, signal, onProgress, ...rest } = options;
  return job({ registry, signal, onProgress }, (connection, tell) =>
    pullArtifact(reference, { ...rest, ...connection, onProgress: tell }),
  );
}

/**
 * Signs any image in a registry as cosign does with a key. What a tag stands for is looked up once; what the key has signed
 * already is not signed again. Throws E_USAGE, E_IMAGE_NOT_FOUND, E_BAD_MANIFEST, E_LIMIT, E_DENIED, E_NETWORK and
 * E_RATE_LIMITED.
 *
 * @example
 * ```ts
 * import { signImage, verifySignature } from "docker2vm";
 *
 * export async function approve(reference: string): Promise<void> {
 *   const { digest } = await signImage({ reference, keyFile: "./cosign.key", keyPassword: "secret" });
 *   const { signatures } = await verifySignature({ reference, keyFile: "./cosign.pub" });
 *   for (const { format, verdict } of signatures) console.log(digest, format, verdict);
 * }
 * ```
 */
export async function signImage(options: SignImageOptions): Promise<SignResult> {
  given(options, { reference: "text", keyFile: "text" }, { ...SHAPES, formats: "texts" });
  const { reference, recursive = false, registry, signal, onProgress, ...signing } = options;
  return job({ registry, signal, onProgress }, (connection) =>
    signReference(reference, signing, recursive, connection),
  );
}

/**
 * Tells which signatures an image in a registry bears, and what they are worth by a key. Throws E_SIGNATURE where none is
 * valid, E_USAGE, E_IMAGE_NOT_FOUND, E_DENIED, E_NETWORK and E_RATE_LIMITED. The example is that of `signImage`.
 */
export async function verifySignature(options: VerifySignatureOptions): Promise<SignatureReport> {
  given(options, { reference: "text", keyFile: "text" }, SHAPES);
  const { reference, keyFile, registry, signal, onProgress } = options;
  return job({ registry, signal, onProgress }, (connection) =>
    verifyReference(reference, keyFile, connection),
  );
}

/** Runs a job for somebody who listens. */
function job<Result>(
  { registry = {}, signal, onProgress }: RegistryJobOptions,
  run: (connection: ConnectionOptions, tell: (event: TransferEvent) => void) => Promise<Result>,
): Promise<Result> {
  given(registry, {}, ACCESS_SHAPES);
  const caller = new Caller(signal);
  const tell = caller.listener((event: TransferEvent) => onProgress?.(event));
  const environment = registry.environment ?? {};
  return caller.serve(() => run({ ...registry, environment, signal: caller.signal, onEvent: tell }, tell));
}
