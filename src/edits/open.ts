/** What edits take from this machine, found before anything is made. */
import { accessSync, constants, createReadStream, realpathSync, type Stats, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { Docker2vmError } from "../errors.ts";
import { openStoredTar, type StoredTar } from "../rootfs/stored-tar.ts";
import { readSequentially } from "../source/file-reading.ts";
import { inputError } from "../source/system-errors.ts";
import { whyUnreadable } from "../system-errors.ts";
import { publicKeys } from "./authorized-keys.ts";
import { editName } from "./describe.ts";
import type { AddEdit, AddTarEdit, Edit, EditSource, SshKeyEdit } from "./edit.ts";

/** Bytes of a file of keys, at most: some thousand have room. */
const KEYS_LIMIT = 1 << 20;

/** Bytes that are no file here. */
export type LooseBytes =
  | { readonly kind: "stream"; readonly name: string; readonly bytes: AsyncIterable<Uint8Array> }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array };

/** Where what is added comes from. */
export type AddSource = { readonly kind: "file" | "folder"; readonly path: string } | LooseBytes;

/** An edit with what it needs. */
export type OpenEdit =
  | { readonly edit: AddEdit; readonly source: AddSource; readonly fileName: string | undefined }
  | { readonly edit: AddTarEdit; readonly tar: StoredTar; readonly name: string }
  | { readonly edit: SshKeyEdit; readonly keys: string }
  | { readonly edit: Exclude<Edit, AddEdit | AddTarEdit | SshKeyEdit> };

export interface OpenEdits {
  readonly list: readonly OpenEdit[];
  close(): Promise<void>;
}

/** Throws E_USAGE, naming the edit, for what is not there, or not what it has to be; E_BAD_ARCHIVE for what is no tar. */
export async function openEdits(edits: readonly Edit[]): Promise<OpenEdits> {
  const list: OpenEdit[] = [];
  const close = async (): Promise<void> => {
    for (const open of list) if ("tar" in open) await open.tar.close();
  };
  try {
    for (const [index, edit] of edits.entries()) list.push(await openEdit(edit, editName(index, edit)));
  } catch (error) {
    await close();
    throw error;
  }
  return { list, close };
}

async function openEdit(edit: Edit, name: string): Promise<OpenEdit> {
  switch (edit.type) {
    case "add":
      return openAdd(edit, name);
    case "add-tar":
      return openTar(edit, name);
    case "ssh-key":
      return { edit, keys: await openKeys(edit, name) };
    default:
      return { edit };
  }
}

function openAdd(edit: AddEdit, name: string): OpenEdit {
  const { source, mode } = edit;
  if (typeof source !== "string") return { edit, source: looseBytes(source, name), fileName: undefined };
  const { path, stats } = found(source, name);
  const fileName = lastName(source) ?? lastName(path);
  if (stats.isFile()) return { edit, source: { kind: "file", path }, fileName };
  if (!stats.isDirectory()) {
    return { edit, source: looseBytes(readPipe(path), source), fileName: undefined };
  }
  if (mode === undefined) return { edit, source: { kind: "folder", path }, fileName };
  throw new Docker2vmError("E_USAGE", `${name}: ${source} is a folder, and a mode is that of one file`, {
    hint: "name a file; a folder is added without a mode, as its files keep theirs",
  });
}

function looseBytes(bytes: Exclude<EditSource, string>, name: string): LooseBytes {
  if (bytes instanceof Uint8Array) return { kind: "bytes", bytes };
  return { kind: "stream", name, bytes: translated(bytes, name) };
}

async function* translated(bytes: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes;
  } catch (error) {
    throw inputError(error, name);
  }
}

/** Undefined for what has no name of its own. */
function lastName(path: string): string | undefined {
  const name = path.split("/").findLast((part) => part !== "" && part !== ".");
  return name === ".." ? undefined : name;
}

/** A pipe, or a device. */
async function* readPipe(path: string): AsyncGenerator<Uint8Array> {
  const file = await open(path, constants.O_RDONLY);
  try {
    yield* readSequentially(file.fd, path);
  } finally {
    // Not awaited: after an abort a read of a silent pipe may still hold the handle.
    void file.close().catch(() => undefined);
  }
}

async function openTar(edit: AddTarEdit, name: string): Promise<OpenEdit> {
  const { source } = edit;
  if (typeof source === "string") {
    const { stats } = found(source, name);
    if (stats.isDirectory()) {
      throw new Docker2vmError("E_USAGE", `${name}: ${source} is a folder, not a tar`, {
        hint: "what a folder holds is added by an edit of the type add",
      });
    }
    return { edit, tar: await openStoredTar({ kind: "rootfs-tar", path: source }, source), name: source };
  }
  const tar = await openStoredTar({ kind: "rootfs-tar", bytes: source }, name);
  return { edit, tar, name };
}

/** The file itself, if the path is a symlink to it. Throws E_USAGE for what cannot be read. */
function found(source: string, name: string): { readonly path: string; readonly stats: Stats } {
  try {
    const stats = statSync(source);
    accessSync(source, constants.R_OK);
    // A pipe that a shell has opened has no other path.
    return { path: stats.isFile() || stats.isDirectory() ? realpathSync(source) : source, stats };
  } catch (cause) {
    throw unreadable(source, name, cause);
  }
}

async function openKeys({ keys }: SshKeyEdit, name: string): Promise<string> {
  if (typeof keys !== "string") return publicKeys(keys, name);
  return publicKeys(await keyBytes(keys, name), `${name}: ${keys}`);
}

/** What a file of keys begins with: a stream, for a pipe has no size, and a device no end. */
async function keyBytes(path: string, name: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of createReadStream(path, { end: KEYS_LIMIT })) chunks.push(chunk);
  } catch (cause) {
    throw unreadable(path, name, cause);
  }
  const bytes = Buffer.concat(chunks);
  if (bytes.length <= KEYS_LIMIT) return bytes;
  throw new Docker2vmError("E_USAGE", `${name}: ${path}: has more than ${KEYS_LIMIT} bytes`, {
    hint: "name a file of public keys",
  });
}

function unreadable(path: string, name: string, cause: unknown): Docker2vmError {
  return new Docker2vmError("E_USAGE", `${name}: ${path}: ${whyUnreadable(cause)}`, {
    hint: "name a file or folder on this machine that can be read",
    cause,
  });
}
