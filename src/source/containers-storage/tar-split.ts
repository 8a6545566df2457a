/**
 * tar-split's account of a tar (vbatts/tar-split, tar/storage/entry.go): lines of JSON, each either bytes of the tar, or a
 * file whose contents stand there.
 */
import { Docker2vmError } from "../../errors.ts";
import { decompress, SNIFFED, sniffCompression } from "../compression.ts";
import { NOT_WHOLE } from "./store.ts";

const FILE = 1;
const SEGMENT = 2;
/** Characters of a line: headers, or what somebody has put behind the tar's end. */
const LINE_LIMIT = 64 << 20;

export type TarPiece = TarBytes | TarFile;

export interface TarBytes {
  readonly bytes: Uint8Array;
}

export interface TarFile {
  /** Bytes, one character each. */
  readonly name: string;
  readonly size: number;
}

/** The pieces of a tar in order, as many at once as come at once. Throws E_BAD_ARCHIVE, and what the input throws. */
export async function* readTarSplit(
  input: AsyncIterable<Uint8Array>,
  where: string,
): AsyncGenerator<readonly TarPiece[]> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of inflated(input, where)) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > LINE_LIMIT) throw broken(where, "a line has no end");
    yield lines.filter((line) => line !== "").map((line) => readLine(line, where));
  }
  if (rest !== "") yield [readLine(rest, where)];
}

async function* inflated(input: AsyncIterable<Uint8Array>, where: string): AsyncGenerator<Uint8Array> {
  const iterator = input[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done === true) return;
  const chunks = (async function* () {
    yield first.value;
    yield* { [Symbol.asyncIterator]: () => iterator };
  })();
  yield* decompress(chunks, sniffCompression(first.value.subarray(0, SNIFFED)), where);
}

function readLine(line: string, where: string): TarPiece {
  const entry = parse(line);
  const { type, payload, name, name_raw: raw, size = 0 } = entry ?? {};
  if (type === SEGMENT && (typeof payload === "string" || payload === null)) {
    return { bytes: Buffer.from(payload ?? "", "base64") };
  }
  const bytes =
    typeof raw === "string" ? Buffer.from(raw, "base64") : Buffer.from(typeof name === "string" ? name : "");
  if (
    type === FILE &&
    bytes.length > 0 &&
    typeof size === "number" &&
    Number.isSafeInteger(size) &&
    size >= 0
  ) {
    return { name: bytes.toString("latin1"), size };
  }
  throw broken(where, "a line is neither bytes nor a file");
}

function parse(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function broken(where: string, how: string): Docker2vmError {
  return new Docker2vmError("E_BAD_ARCHIVE", `${where}: is no account of a tar: ${how}`, { hint: NOT_WHOLE });
}
