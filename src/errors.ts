/**
 * Errors as the program reports them: a stable code, a sentence that names what and where, a hint that says
 * what to do, and the cause. Exit codes come from the one table below; scripts may rely on both.
 */

/** Exit codes of the command, by meaning. The example is that of `Docker2vmError`. */
export const EXIT = {
  ok: 0,
  internal: 1,
  usage: 2,
  notFound: 3,
  denied: 4,
  network: 5,
  integrity: 6,
  badImage: 7,
  output: 8,
  invalid: 9,
  build: 10,
  machine: 125,
  interrupted: 130,
  terminated: 143,
} as const;

/** Every error code and the exit code it ends the command with. The example is that of `Docker2vmError`. */
export const ERROR_CODES = {
  E_INTERNAL: EXIT.internal,
  /** The command line or the options of the library call are wrong. */
  E_USAGE: EXIT.usage,
  /** What a profile takes from another program's installation is not on this machine. */
  E_GUEST_ASSETS_NOT_FOUND: EXIT.notFound,
  /** The path, tag or digest that was asked for is not there. */
  E_IMAGE_NOT_FOUND: EXIT.notFound,
  /** The image is there, but not for the platform asked for. */
  E_PLATFORM_NOT_FOUND: EXIT.notFound,
  /** The registry refuses: no or wrong credentials, or no right to the image. So does the socket of an engine. */
  E_DENIED: EXIT.denied,
  /** A server cannot be reached, breaks off, keeps failing or answers nonsense: trying again later may help. */
  E_NETWORK: EXIT.network,
  /** The registry serves no more for now. */
  E_RATE_LIMITED: EXIT.network,
  /** The image bears no valid signature by the key asked for. */
  E_SIGNATURE: EXIT.integrity,
  /** Bytes do not hash to the digest that names them. */
  E_DIGEST_MISMATCH: EXIT.integrity,
  /** More or fewer bytes than the descriptor says. */
  E_SIZE_MISMATCH: EXIT.integrity,
  /** The uncompressed layer does not hash to the config's diff_id. */
  E_DIFF_ID_MISMATCH: EXIT.integrity,
  /** index.json, a manifest, a config or an archive's own list is malformed. */
  E_BAD_MANIFEST: EXIT.badImage,
  /** Well-formed, but of a kind this program does not take. */
  E_UNSUPPORTED: EXIT.badImage,
  /** The archive that holds the image (not a layer in it) is broken. */
  E_BAD_ARCHIVE: EXIT.badImage,
  /** A layer's compression is broken. */
  E_BAD_COMPRESSION: EXIT.badImage,
  /** A layer's tar is broken, or asks for something no filesystem can hold. */
  E_BAD_LAYER: EXIT.badImage,
  /** The image has other files where a profile must put its own. */
  E_PROFILE_CONFLICT: EXIT.badImage,
  /** An edit does not go together with the image's files: what it is about is not there, or something else is. */
  E_EDIT_CONFLICT: EXIT.badImage,
  /** The filesystem image that is read has no superblock or a broken structure. */
  E_INVALID_FILESYSTEM: EXIT.badImage,
  /** The filesystem's journal or log holds changes that are not in place yet, and this program cannot replay it. */
  E_NEEDS_RECOVERY: EXIT.badImage,
  /** The path is not in the filesystem that is read. */
  E_PATH_NOT_FOUND: EXIT.notFound,
  /** The check of a filesystem found something. */
  E_VERIFICATION_FAILED: EXIT.invalid,
  /** The tree does not fit the filesystem's own limits (link counts, xattr space, ...). */
  E_FILESYSTEM_LIMIT: EXIT.badImage,
  /** The program that builds from a Dockerfile failed, or wrote no image. */
  E_BUILD_FAILED: EXIT.build,
  /** No program that builds from a Dockerfile is there, or it cannot work. */
  E_NO_BUILDER: EXIT.build,
  /** A virtual machine cannot be started, or ended without telling how its workload did. */
  E_MACHINE: EXIT.machine,
  /** The size asked for is too small for the image. */
  E_SIZE_TOO_SMALL: EXIT.output,
  /** The image is larger, or takes longer, than it may: nothing is wrong with it, and its rest is not looked at. */
  E_LIMIT: EXIT.output,
  /** The output exists, or another conversion is making it, and --force was not given. */
  E_OUTPUT_EXISTS: EXIT.output,
  /** The disk is full, or a quota or file size limit is reached. */
  E_NO_SPACE: EXIT.output,
  /** Reading the source or writing the output failed in the operating system. */
  E_IO: EXIT.output,
  E_INTERRUPTED: EXIT.interrupted,
  E_TERMINATED: EXIT.terminated,
} as const;

/** What kind of error it is; ERROR_CODES says when each is thrown. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** What an error says beside its code and message. */
export interface ErrorDetails {
  /** What the reader can do about it: one sentence, no full stop needed. */
  readonly hint?: string | undefined;
  /** The last lines of another program that failed, as it wrote them; or what was found, a line for each. */
  readonly output?: readonly string[] | undefined;
  readonly cause?: unknown;
}

/**
 * The one error class of the program and the library.
 *
 * @example
 * ```ts
 * import { convert, Docker2vmError, ERROR_CODES, EXIT } from "docker2vm";
 *
 * try {
 *   await convert({ source: "oci:./nowhere", out: "./vm" });
 * } catch (error) {
 *   if (!(error instanceof Docker2vmError)) throw error;
 *   console.error(error.code, error.message, error.hint);
 *   // E_NETWORK and E_RATE_LIMITED: what may be there the next time.
 *   if (ERROR_CODES[error.code] === EXIT.network) console.error("try again later");
 * }
 * ```
 */
export class Docker2vmError extends Error {
  override readonly name = "Docker2vmError";
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly output: readonly string[];

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
    this.output = details.output ?? [];
  }

  /** The exit code the command ends with. */
  get exitCode(): number {
    return ERROR_CODES[this.code];
  }
}

/** The `code` of a Node system error ("ENOENT", "ENOSPC", ...), or undefined for anything else. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** Whether the error says that there is no such file or folder. */
export function isAbsence(error: unknown): boolean {
  const code = systemErrorCode(error);
  return code === "ENOENT" || code === "ENOTDIR";
}

/** What the error says, whatever was thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Throws E_INTERNAL unless the condition holds. For what only a mistake in this program can break; what a user's
 * input can break gets an error of its own.
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Docker2vmError("E_INTERNAL", `internal error: ${message}`);
}
