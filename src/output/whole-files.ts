import { randomUUID } from "node:crypto";
import { link, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Docker2vmError, systemErrorCode } from "../errors.ts";
import { absolutePath } from "../machine.ts";
import { meaningOf, writeError } from "../system-errors.ts";
import { SYSTEM } from "./file-calls.ts";
import { kindOf, refuseInTheWay } from "./in-the-way.ts";

export interface WholeFile {
  /** Where it is to be, in a folder that is there. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * What writeWholeFiles refuses of such paths, for whoever has long work before it. Throws E_OUTPUT_EXISTS, and E_IO where
 * there is no folder.
 */
export async function checkFilesToBe(paths: readonly string[], force: boolean): Promise<void> {
  for (const path of paths) {
    await refuseInTheWay(path, "file", force, SYSTEM);
    const folder = dirname(absolutePath(path));
    if ((await kindOf(folder, SYSTEM)) === "folder") continue;
    throw new Docker2vmError("E_IO", `cannot write ${path}: there is no folder ${folder}`, {
      hint: "make it first, or name a file elsewhere",
    });
  }
}

/**
 * Writes files that are there whole or not at all: none gets its name before the bytes of all are on the disk. Throws
 * E_USAGE for two of one path, E_OUTPUT_EXISTS where there is one already and `force` is not set, or something that is
 * no file, E_NO_SPACE and E_IO.
 */
export async function writeWholeFiles(
  files: readonly WholeFile[],
  force: boolean,
  linkFile: typeof link = link,
): Promise<void> {
  const staged = files.map((file) => ({ ...file, ...placesOf(file.path) }));
  for (const [index, { path, target }] of staged.entries()) {
    if (staged.findIndex((other) => other.target === target) === index) continue;
    throw new Docker2vmError("E_USAGE", `${path} is to be two files`, {
      hint: "give each a name of its own",
    });
  }
  await checkFilesToBe(
    staged.map(({ path }) => path),
    force,
  );
  const named: string[] = [];
  try {
    for (const file of staged) await writing(file, () => writeSynced(file.beside, file.bytes));
    for (const file of staged) {
      await writing(file, () => (force ? rename(file.beside, file.target) : takeFreeName(file, linkFile)));
      named.push(file.target);
    }
  } catch (error) {
    if (!force) for (const target of named) await discard(target);
    throw error;
  } finally {
    for (const { beside } of staged) await discard(beside);
  }
}

/** What cannot be taken away is not what went wrong: behind a file in place of a folder even that is an error. */
async function discard(path: string): Promise<void> {
  await rm(path, { force: true }).catch(() => undefined);
}

interface Places {
  readonly target: string;
  readonly beside: string;
}

function placesOf(path: string): Places {
  const target = absolutePath(path);
  return { target, beside: join(dirname(target), `.${basename(target)}.${randomUUID()}`) };
}

/** What filesystems without hard links say: FAT, and some of FUSE's and the network's. */
const NO_LINKS = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"];

/** A link takes no name that is taken, where a renamed file would. Without links an empty file holds the name first. */
async function takeFreeName({ beside, target }: Places, linkFile: typeof link): Promise<void> {
  try {
    await linkFile(beside, target);
  } catch (error) {
    if (!NO_LINKS.includes(systemErrorCode(error) ?? "")) throw error;
    await (await open(target, "wx")).close();
    try {
      await rename(beside, target);
    } catch (failure) {
      await discard(target);
      throw failure;
    }
  }
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "wx");
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function writing({ path }: WholeFile, step: () => Promise<void>) {
  try {
    await step();
  } catch (error) {
    // Somebody else was faster: said as it would have been before.
    if (systemErrorCode(error) === "EEXIST") await refuseInTheWay(path, "file", false, SYSTEM);
    throw writeError(error, `cannot write ${path}`, meaningOf(error).writing);
  }
}
