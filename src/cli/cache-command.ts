import { defaultCacheFolder, LAYERS_LIMIT } from "../cache/layout.ts";
import { RESULTS_LIMIT } from "../cache/results.ts";
import { type CacheListing, listCache, pruneCache, type VerifyResult, verifyCache } from "../cache/upkeep.ts";
import { Docker2vmError } from "../errors.ts";
import { type CommandLine, flag, stringOption } from "./arguments.ts";
import { formatBytes, parseSize } from "./bytes.ts";
import { parseDuration } from "./duration.ts";
import type { Host } from "./host.ts";
import type { CACHE_ACTIONS } from "./options/upkeep.ts";
import { printable } from "./printable.ts";
import { type Told, tell } from "./tell.ts";

type Action = (folder: string, line: CommandLine, host: Host) => Promise<Outcome>;

interface Outcome extends Told {
  readonly facts: CacheListDocument | CachePruneDocument | CacheVerifyDocument;
  /** What the command ends with once it is told. */
  readonly failure?: Docker2vmError;
}

const ACTIONS: Readonly<Record<keyof typeof CACHE_ACTIONS, Action>> = { ls, prune, verify };

/** `docker2vm cache ls|prune|verify` */
export async function runCache(line: CommandLine, host: Host): Promise<void> {
  const [, name = "", ...rest] = line.words;
  const action = new Map<string, Action>(Object.entries(ACTIONS)).get(name);
  if (action === undefined || rest.length > 0) {
    const word = action === undefined ? name : rest[0];
    throw new Docker2vmError(
      "E_USAGE",
      word === "" ? "no action given" : `cache does not take ${JSON.stringify(word)}`,
      {
        hint: "docker2vm cache ls, docker2vm cache prune or docker2vm cache verify",
      },
    );
  }
  const folder = stringOption(line, "cache-dir") ?? defaultCacheFolder(host.env);
  if (folder === undefined) {
    throw new Docker2vmError("E_USAGE", "this user has no home folder for a cache", {
      hint: "name the cache's folder with --cache-dir, or set XDG_CACHE_HOME",
    });
  }
  const { facts, failure, ...told } = await action(folder, line, host);
  const text = flag(line, "json") ? `${JSON.stringify(facts, null, 2)}\n` : told.text;
  await tell(host, { ...told, text });
  if (failure !== undefined) throw failure;
}

/** Something in the cache, for a program. */
export interface CacheListingDocument extends Omit<CacheListing, "lastUsed"> {
  /** RFC 3339. */
  readonly lastUsed: string;
}

/** What is in the cache; of each kind the most recently used first. */
export interface CacheListDocument {
  readonly folder: string;
  readonly blobs: readonly CacheListingDocument[];
  readonly layers: readonly CacheListingDocument[];
  readonly results: readonly CacheListingDocument[];
  /** Bytes that results may take. */
  readonly resultsLimit: number;
}

/** What was removed of the cache, and what is there still; the most recently used first. */
export interface CachePruneDocument {
  readonly folder: string;
  readonly removed: readonly CacheListingDocument[];
  readonly kept: readonly CacheListingDocument[];
}

/** How what is in the cache was found. */
export interface CacheVerifyDocument extends VerifyResult {
  readonly folder: string;
}

function inJson(found: readonly CacheListing[]): readonly CacheListingDocument[] {
  return found.map(({ lastUsed, ...rest }) => ({ ...rest, lastUsed: lastUsed.toISOString() }));
}

async function ls(folder: string) {
  const found = await listCache(folder);
  const lines = found.map(
    ({ kind, digest, size, lastUsed, unreadable }) =>
      `${lastUsed.toISOString()} ${formatBytes(size).padStart(10)} ${kind.padEnd(6)} ${digest}\n${cannotBeRead(unreadable)}`,
  );
  const of = (kind: CacheListing["kind"]) => found.filter((each) => each.kind === kind);
  return {
    facts: {
      folder,
      blobs: inJson(of("blob")),
      layers: inJson(of("layer")),
      results: inJson(of("result")),
      resultsLimit: RESULTS_LIMIT,
    },
    text: `${lines.join("")}${total(found)} in ${folder}; results may take ${formatBytes(RESULTS_LIMIT)}, layers ${formatBytes(LAYERS_LIMIT)} or what --layer-store says\n`,
  };
}

/** A line for what cannot be looked at. */
function cannotBeRead(reason: string | undefined): string {
  return reason === undefined ? "" : `cannot be read: ${printable(reason)}\n`;
}

async function prune(folder: string, line: CommandLine) {
  const keep = stringOption(line, "keep-bytes");
  const age = stringOption(line, "older-than");
  const { removed, kept } = await pruneCache(folder, {
    keepBytes: keep === undefined ? undefined : parseSize(keep, "--keep-bytes"),
    olderThan:
      age === undefined ? undefined : new Date(Date.now() - parseDuration(age, "--older-than", "an age")),
  });
  return {
    facts: { folder, removed: inJson(removed), kept: inJson(kept) },
    text: `${kept.map(({ unreadable }) => cannotBeRead(unreadable)).join("")}removed ${total(removed)}, kept ${total(kept)}\n`,
    made: "the cache is pruned",
  };
}

async function verify(folder: string, _line: CommandLine, host: Host) {
  const { sound, damaged, failed } = await verifyCache(folder, host.signal);
  const lines = [
    ...damaged.map((digest) => `damaged, removed: ${digest}\n`),
    ...failed.map(({ digest, reason }) => `not checked: ${digest}: ${reason}\n`),
  ];
  const counts = `${sound} sound, ${damaged.length} damaged`;
  const rest = failed.length === 0 ? "" : `, ${failed.length} not checked`;
  return {
    facts: { folder, sound, damaged, failed },
    text: `${lines.join("")}${counts}${rest}\n`,
    ...(damaged.length === 0 ? {} : { made: "what was damaged is removed" }),
    ...(failed.length === 0 ? {} : { failure: notChecked(folder, failed.length) }),
  };
}

function notChecked(folder: string, count: number): Docker2vmError {
  const what = count === 1 ? "one thing" : `${count} things`;
  return new Docker2vmError("E_IO", `${folder}: ${what} could not be read, or not be removed`, {
    hint: "the disk may be failing, or the files another user's: docker2vm cache prune removes all that can be",
  });
}

/** "3 blobs, 1.0 MiB", and layers and results where there are any. */
function total(found: readonly CacheListing[]): string {
  const of = (kind: CacheListing["kind"]) => {
    const some = found.filter((each) => each.kind === kind);
    return `${some.length} ${kind}s, ${formatBytes(some.reduce((sum, { size }) => sum + size, 0))}`;
  };
  const kinds = (["layer", "result"] as const).filter((each) => found.some(({ kind }) => kind === each));
  return ["blob" as const, ...kinds].map(of).join("; ");
}
