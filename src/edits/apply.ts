/** Edits, made one after another. */
import { createHash } from "node:crypto";
import { Docker2vmError } from "../errors.ts";
import { asBytes } from "../profile/shell-words.ts";
import { changeMetadata, type Inode, type RegularFile, writtenSlot } from "../tree/inode.ts";
import { inTurns, itemsInTurns } from "../waiting/steps.ts";
import { groupId, userId } from "./accounts.ts";
import { add, addTar } from "./add.ts";
import { conflict, existing } from "./conflict.ts";
import { describeEdit, editName } from "./describe.ts";
import type { AddEdit, AddTarEdit, ChmodEdit, ChownEdit, Edit, SshKeyEdit, SymlinkEdit } from "./edit.ts";
import type { EditedImage } from "./edited-image.ts";
import type { OpenEdit, OpenEdits } from "./open.ts";
import { allBelow, owned, substitute, withMode } from "./owners-and-modes.ts";
import { placeForName } from "./places.ts";
import { fileOf, madeBy } from "./stream-in.ts";
import { addHost, addKeys } from "./text-files.ts";

/**
 * Makes all edits, in order. Returns sha256, hex, of what they are and add. Throws, naming the edit, E_EDIT_CONFLICT for
 * what does not go together with the image, and what reading a file, a folder or a tar throws; the signal's reason.
 */
export async function applyEdits({ list }: OpenEdits, image: EditedImage): Promise<string> {
  const digest = createHash("sha256");
  for (const [index, open] of list.entries()) {
    image.signal.throwIfAborted();
    const name = editName(index, open.edit);
    try {
      const facts = await apply(open, image, name);
      digest.update(`${JSON.stringify([describeEdit(open.edit), ...facts])}\n`);
    } catch (error) {
      throw image.signal.aborted ? error : named(error, name);
    }
  }
  return digest.digest("hex");
}

/** Returns what tells the edit from others beside what is said of it. */
async function apply(open: OpenEdit, image: EditedImage, name: string): Promise<readonly unknown[]> {
  if ("source" in open) return add(image, open, name);
  if ("tar" in open) return addTar(image, open);
  if ("keys" in open) {
    await addKeys(image, open.keys, open.edit.user ?? "root");
    return [open.keys];
  }
  await change(open.edit, image);
  return [];
}

async function change(
  edit: Exclude<Edit, AddEdit | AddTarEdit | SshKeyEdit>,
  image: EditedImage,
): Promise<void> {
  switch (edit.type) {
    case "remove":
      return remove(image, asBytes(edit.path));
    case "chown":
      return chown(image, edit);
    case "chmod":
      return chmod(image, edit);
    case "symlink":
      return symlink(image, edit);
    case "host":
      return addHost(image, edit);
  }
}

function remove({ root }: EditedImage, path: string): void {
  const { parent, name } = existing(root, path, false);
  if (name === "") throw conflict("that is the root", "remove what is in it, one by one");
  parent.entries.delete(name);
}

function symlink(image: EditedImage, { path, target }: SymlinkEdit): void {
  const { parent, name } = placeForName(image, asBytes(path).replace(/\/+$/, ""));
  image.memory.spend(target.length);
  parent.entries.set(name, { type: "symlink", metadata: madeBy(image, 0o777), target: asBytes(target) });
}

function chmod({ root }: EditedImage, { path, mode }: ChmodEdit): void {
  const { inode } = existing(root, asBytes(path), true);
  changeMetadata(inode, withMode(inode, mode));
}

async function chown(image: EditedImage, { path, user, group, recursive = false }: ChownEdit): Promise<void> {
  const owner = {
    uid: user === undefined ? undefined : await userId(image, user),
    gid: group === undefined ? undefined : await groupId(image, group),
  };
  const { inode: top } = existing(image.root, asBytes(path), true);
  const others = new Map<Inode, RegularFile>();
  for await (const inode of itemsInTurns(recursive ? allBelow(top) : one(top), image.signal)) {
    const metadata = owned(inode, owner);
    const isSmaller = metadata.xattrs.length < inode.metadata.xattrs.length;
    if (inode.type !== "file" || !isSmaller || writtenSlot(inode) === undefined)
      changeMetadata(inode, metadata);
    // What was written behind its attributes stays there only if these are as long.
    else if (!others.has(inode)) others.set(inode, await fileOf(image, await image.read(inode), metadata));
  }
  if (others.size > 0) await inTurns(substitute(image.root, others), image.signal);
}

function* one(inode: Inode): Generator<Inode, void> {
  yield inode;
}

function named(error: unknown, name: string): unknown {
  if (!(error instanceof Docker2vmError) || error.message.startsWith(name)) return error;
  const { code, hint, message } = error;
  return new Docker2vmError(code, `${name}: ${message}`, { hint, cause: error });
}
