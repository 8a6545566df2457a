import { Docker2vmError } from "../errors.ts";
import type { FilePlace } from "./file-place.ts";

/** Files by name, whether in a folder or in a tar archive. */
export interface FileStore {
  /** What messages call it: the path the user gave. */
  readonly name: string;
  /** What to say of a file that should be there and is not. */
  readonly absenceHint: string | undefined;
  /** The regular file of that name ("blobs/sha256/…"), undefined if there is none. Throws for what is no file. */
  find(name: string): Promise<StoredFile | undefined>;
  /** Names of what is in a folder ("blobs/sha256"), in a stable order; none if there is no such folder. */
  list(folder: string): Promise<readonly string[]>;
}

export interface StoredFile {
  /** Bytes. */
  readonly size: number;
  /** Where it is, if its bytes lie in a row in some file. */
  readonly place?: FilePlace | undefined;
  /** As LayerBlob.open. */
  read(signal?: AbortSignal): AsyncIterable<Uint8Array>;
}

/**
 * The whole of a document. Throws E_BAD_MANIFEST, before reading, if it has more than `limit` bytes, and
 * E_BAD_MANIFEST if it is not there, with `ifAbsent` as the hint unless the store has a better one.
 */
export async function readDocument(
  store: FileStore,
  name: string,
  limit: number,
  ifAbsent?: string,
): Promise<Uint8Array> {
  const file = await store.find(name);
  if (file === undefined) {
    throw new Docker2vmError("E_BAD_MANIFEST", `${store.name}: there is no ${name}`, {
      hint: store.absenceHint ?? ifAbsent,
    });
  }
  return readWhole(file, limit, `${store.name}: ${name}`);
}

export async function readWhole(file: StoredFile, limit: number, where: string): Promise<Uint8Array> {
  if (file.size > limit) {
    throw new Docker2vmError(
      "E_BAD_MANIFEST",
      `${where}: ${file.size} bytes are more than the ${limit} a document may have`,
    );
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of file.read()) chunks.push(chunk);
  return Buffer.concat(chunks);
}
