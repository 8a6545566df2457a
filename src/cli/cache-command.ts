import { defaultCacheFolder } from "../cache/layout.ts";
import { type CacheListing, listCache, pruneCache, verifyCache } from "../cache/upkeep.ts";
import { Docker2vmError } from "../errors.ts";
import { type CommandLine, flag, stringOption } from "./arguments.ts";
import { formatBytes, parseSize } from "./bytes.ts";
import { parseDuration } from "./duration.ts";
import type { Host } from "./host.ts";
import { type Told, tell } from "./tell.ts";

type Action = (folder: string, line: CommandLine, host: Host) => Promise<Told & { readonly facts: object }>;

const ACTIONS: Readonly<Record<string, Action>> = { ls, prune, verify };

/** `docker2vm cache ls|prune|verify` */
export async function runCache(line: CommandLine, host: Host): Promise<void> {
  const [, name = "", ...rest] = line.words;
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
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
  const { facts, ...told } = await action(folder, line, host);
  const text = flag(line, "json") ? `${JSON.stringify(facts, null, 2)}\n` : told.text;
  await tell(host, { ...told, text });
}

async function ls(folder: string) {
  const blobs = await listCache(folder);
  const lines = blobs.map(
    ({ digest, size, lastUsed }) => `${lastUsed.toISOString()} ${formatBytes(size).padStart(10)} ${digest}\n`,
  );
  return { facts: { folder, blobs }, text: `${lines.join("")}${total(blobs)} in ${folder}\n` };
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
    facts: { folder, removed, kept },
    text: `removed ${total(removed)}, kept ${total(kept)}\n`,
    made: "the cache is pruned",
  };
}

async function verify(folder: string, _line: CommandLine, host: Host) {
  const { sound, damaged } = await verifyCache(folder, host.signal);
  const lines = damaged.map((digest) => `damaged, removed: ${digest}\n`);
  return {
    facts: { folder, sound, damaged },
    text: `${lines.join("")}${sound} sound, ${damaged.length} damaged\n`,
    ...(damaged.length === 0 ? {} : { made: "what was damaged is removed" }),
  };
}

function total(blobs: readonly CacheListing[]): string {
  return `${blobs.length} blobs, ${formatBytes(blobs.reduce((sum, blob) => sum + blob.size, 0))}`;
}
