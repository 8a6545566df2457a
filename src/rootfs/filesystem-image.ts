/** The filesystem in an image, whoever made it, to be made anew. */
import { statSync } from "node:fs";
import { readerOf } from "../filesystem/open.ts";
import { inFile } from "../filesystem/reading/broken.ts";
import type { FilesystemFacts } from "../filesystem/reading/facts.ts";
import type { Replay } from "../filesystem/reading/filesystem.ts";
import { ImageFile } from "../filesystem/reading/image.ts";
import type { FilesystemNames, FilesystemSource, SourceOrigin } from "../source/source.ts";
import { changedError } from "../source/system-errors.ts";
import type { EntryPart } from "../tree/entry.ts";
import type { Timestamp } from "../tree/inode.ts";
import { inTurns, itemsInTurns } from "../waiting/steps.ts";
import { FilesystemWalk } from "./filesystem-walk.ts";
import type { ReadOptions, RootFilesystem } from "./root-filesystem.ts";

/**
 * Throws E_IMAGE_NOT_FOUND, E_INVALID_FILESYSTEM if there is none that can be read, E_UNSUPPORTED for what this program
 * does not know, E_NEEDS_RECOVERY for a journal that cannot be replayed, E_IO.
 */
export async function openFilesystemImage(
  { path }: FilesystemSource,
  origin: SourceOrigin,
  signal: AbortSignal,
): Promise<RootFilesystem> {
  const file = new ImageFile(path);
  try {
    const before = stampOf(path);
    const reader = await readerOf(file);
    const { filesystem, facts } = await inTurns(reader.open(file), signal);
    const told = facts();
    async function* read(options: ReadOptions): AsyncGenerator<readonly EntryPart[]> {
      try {
        yield* itemsInTurns(new FilesystemWalk(filesystem, options).parts(), options.signal);
      } catch (error) {
        throw inFile(path, error);
      }
      if (stampOf(path) !== before) throw changedError(path, "changed");
    }
    return {
      origin,
      name: path,
      size: file.size,
      names: namesOf(told),
      created: told.created && rfc3339(told.created),
      warnings: filesystem.replay === undefined ? [] : [replayed(path, filesystem.replay)],
      read,
      close: async () => file.close(),
    };
  } catch (error) {
    file.close();
    throw inFile(path, error);
  }
}

/** What is another one once somebody has written to the file. */
function stampOf(path: string): string {
  const { size, mtimeNs } = statSync(path, { bigint: true });
  return `${size} ${mtimeNs}`;
}

function namesOf({ uuid, label }: FilesystemFacts): FilesystemNames {
  const bytes = Buffer.from(uuid.replaceAll("-", ""), "hex");
  return { uuid: bytes.some((byte) => byte !== 0) ? bytes : undefined, label };
}

function replayed(path: string, { transactions, blocks }: Replay): string {
  return `${path}: was not unmounted: its journal is replayed in memory, ${blocks} blocks of ${transactions} transactions`;
}

/** What a Date can be, and a year of four digits says. */
const LATEST = Date.parse("9999-12-31T23:59:59Z") / 1000;

function rfc3339({ seconds }: Timestamp): string {
  return new Date(Math.min(Math.max(seconds, 0), LATEST) * 1000).toISOString();
}
