/** Extended attributes of files on this machine: Node has no call for them. */
import { spawn } from "node:child_process";
import { Docker2vmError, reasonOf, systemErrorCode } from "../errors.ts";
import { parseGetfattr } from "./getfattr.ts";

/** Names and values as getxattr(2) has them: bytes, one character each. */
export type HostXattrs = readonly (readonly [name: string, value: string])[];

export interface XattrSource {
  /** Of the file itself, if it is a symlink. `path` is that below the folder. */
  of(fullPath: Buffer, path: string): HostXattrs;
}

const NONE: HostXattrs = [];
/** Whoever asks for none. */
export const NO_XATTR_SOURCE: XattrSource = { of: () => NONE };

/** include/uapi/linux/limits.h: XATTR_LIST_MAX and XATTR_SIZE_MAX. */
const MOST_BYTES = 65536;
/** Where the C library is, whichever it is. */
const C_LIBRARIES = ["libc.so.6", `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`];
/** errno-base.h, errno.h */
const ENODATA = 61;
const EOPNOTSUPP = 95;

/**
 * The calls of the system where the runtime can make them (Bun), else what getfattr(1) says of the whole folder before
 * anything of it is read; `only`: of this file in it. Throws E_UNSUPPORTED where there is neither.
 */
export async function xattrSource(folder: string, signal: AbortSignal, only?: string): Promise<XattrSource> {
  return (await systemCalls()) ?? (await getfattrSource(folder, signal, only));
}

async function systemCalls(): Promise<XattrSource | undefined> {
  if (process.versions["bun"] === undefined || process.platform !== "linux") return undefined;
  // Not a module to whoever bundles this for Node.
  const name = "bun:ffi";
  const ffi = (await import(name)) as ForeignFunctions;
  for (const library of C_LIBRARIES) {
    try {
      const { symbols } = ffi.dlopen(library, SYMBOLS);
      return new SystemCalls(symbols, (pointer) => ffi.read.i32(pointer, 0));
    } catch {
      // Another C library.
    }
  }
  return undefined;
}

const SYMBOLS = {
  llistxattr: { args: ["ptr", "ptr", "u64"], returns: "i64_fast" },
  lgetxattr: { args: ["ptr", "ptr", "ptr", "u64"], returns: "i64_fast" },
  __errno_location: { args: [], returns: "ptr" },
} as const;

/** What is used of bun:ffi. */
interface ForeignFunctions {
  dlopen(library: string, symbols: typeof SYMBOLS): { readonly symbols: CFunctions };
  readonly read: { i32(pointer: number, offset: number): number };
}

interface CFunctions {
  llistxattr(path: Uint8Array, list: Uint8Array, size: number): number | bigint;
  lgetxattr(path: Uint8Array, name: Uint8Array, value: Uint8Array, size: number): number | bigint;
  __errno_location(): number;
}

class SystemCalls implements XattrSource {
  readonly #calls: CFunctions;
  readonly #readNumber: (pointer: number) => number;
  readonly #list = Buffer.alloc(MOST_BYTES);
  readonly #value = Buffer.alloc(MOST_BYTES);

  constructor(calls: CFunctions, readNumber: (pointer: number) => number) {
    this.#calls = calls;
    this.#readNumber = readNumber;
  }

  of(fullPath: Buffer): HostXattrs {
    const path = Buffer.concat([fullPath, Buffer.of(0)]);
    const length = Number(this.#calls.llistxattr(path, this.#list, MOST_BYTES));
    if (length === 0) return NONE;
    if (length < 0) return this.#failed(fullPath);
    const names = this.#list.toString("latin1", 0, length - 1).split("\0");
    return names.flatMap((name) => {
      const size = this.#calls.lgetxattr(path, Buffer.from(`${name}\0`, "latin1"), this.#value, MOST_BYTES);
      if (size < 0) return this.#failed(fullPath);
      return [[name, this.#value.toString("latin1", 0, Number(size))] as const];
    });
  }

  #failed(fullPath: Buffer): HostXattrs {
    const code = this.#readNumber(this.#calls.__errno_location());
    if (code === EOPNOTSUPP || code === ENODATA) return NONE;
    throw new Docker2vmError("E_IO", `${fullPath}: its extended attributes cannot be read (error ${code})`, {
      hint: "the disk fails, or the file went while it was read: try again, or leave them out with --no-xattrs",
    });
  }
}

const GETFATTR = ["-R", "-P", "-h", "-d", "-m", "-", "-e", "base64"];

/** As `xattrSource` has it, by the program. */
export async function getfattrSource(
  folder: string,
  signal: AbortSignal,
  only?: string,
): Promise<XattrSource> {
  const found = parseGetfattr(await runGetfattr(folder, signal, only === undefined ? "." : `./${only}`));
  return { of: (_, path) => found.get(path) ?? NONE };
}

function runGetfattr(folder: string, signal: AbortSignal, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const program = spawn("getfattr", [...GETFATTR, path], {
      cwd: folder,
      signal,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, LC_ALL: "C" },
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    program.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    program.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    program.on("error", (error) => reject(signal.aborted ? signal.reason : noGetfattr(error)));
    program.on("close", (status) => {
      if (status === 0) resolve(Buffer.concat(out).toString("latin1"));
      else reject(getfattrFailed(folder, Buffer.concat(err).toString()));
    });
  });
}

function noGetfattr(error: Error): Docker2vmError {
  const why = systemErrorCode(error) === "ENOENT" ? "there is no getfattr" : reasonOf(error);
  return new Docker2vmError(
    "E_UNSUPPORTED",
    `extended attributes cannot be read by Node itself, and ${why}`,
    {
      hint: "install it (the Debian package attr), run under Bun, or leave the attributes out with --no-xattrs",
      cause: error,
    },
  );
}

function getfattrFailed(folder: string, said: string): Docker2vmError {
  return new Docker2vmError("E_IO", `${folder}: getfattr cannot read all extended attributes`, {
    hint: "a file may be unreadable, or gone meanwhile: try again as root, or leave the attributes out with --no-xattrs",
    output: said.trim().split("\n").slice(-5),
  });
}
