/** xz, which neither this program nor its runtime knows: another program does it. */
import { spawn } from "node:child_process";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { systemErrorCode } from "../errors.ts";
import { damaged, unsuitable } from "./kernel-error.ts";

/**
 * What the input is, decompressed by the program `xz`. `otherwise` says what to do where there is none. Throws
 * E_UNSUPPORTED where it is not there, or cannot make anything of the input.
 */
export async function* unxz(
  input: AsyncIterable<Uint8Array>,
  where: string,
  otherwise: string,
): AsyncGenerator<Uint8Array> {
  const child = spawn("xz", ["--decompress", "--stdout"], { stdio: ["pipe", "pipe", "pipe"] });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint += text;
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.on("error", (error) => {
      const missing = systemErrorCode(error) === "ENOENT";
      const hint = `install xz (Debian: apt-get install xz-utils), or ${otherwise}`;
      reject(
        missing
          ? unsuitable(where, "it is compressed with xz, and the program xz is not here", hint, error)
          : damaged(where, error),
      );
    });
    child.on("close", (status) => {
      if (status === 0) resolve();
      else reject(damaged(where, new Error(complaint.trim() || `xz ended with ${status}`)));
    });
  });
  ended.catch(() => undefined);
  let broken: { readonly error: unknown } | undefined;
  const readable = Readable.from(
    told(input, (error) => {
      broken = { error };
    }),
  );
  const fed = pipeline(readable, child.stdin).catch((error: unknown) => error);
  try {
    yield* child.stdout;
    await ended;
    const failure = await fed;
    if (failure !== undefined) throw failure;
  } catch (error) {
    // To the program an input that cannot be read is one that is cut off.
    if (broken !== undefined) throw broken.error;
    // What the program says of it goes before what its pipes do.
    await ended;
    throw error;
  } finally {
    child.kill();
  }
}

async function* told(
  input: AsyncIterable<Uint8Array>,
  onError: (error: unknown) => void,
): AsyncGenerator<Uint8Array> {
  try {
    yield* input;
  } catch (error) {
    onError(error);
    throw error;
  }
}

/** The same of bytes in memory, which may make `most` bytes: E_UNSUPPORTED else. */
export async function unxzWhole(
  bytes: Uint8Array,
  most: number,
  where: string,
  otherwise: string,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let total = 0;
  for await (const piece of unxz(one(bytes), where, otherwise)) {
    total += piece.length;
    if (total > most) throw damaged(where, new Error(`it makes more than ${most} bytes`));
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
