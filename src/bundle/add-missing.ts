/** What neither Node nor Bun has a call for, device nodes, pipes and extended attributes, by the system's tar. */
import { spawn } from "node:child_process";
import { lstatSync } from "node:fs";
import type { Environment } from "../convert/options.ts";
import type { Extraction } from "../filesystem/reading/extract.ts";
import type { ReadableFilesystem } from "../filesystem/reading/filesystem.ts";
import { archive } from "../filesystem/reading/tar/archive.ts";
import { type Member, members } from "../filesystem/reading/tar/member.ts";
import { DEFAULT_PATH } from "../profile/image-variables.ts";
import { itemsInTurns } from "../waiting/steps.ts";

/**
 * GNU tar is on every distribution that has runc, but for those on BusyBox. It makes files anew that are there, so all
 * names of a file have to come, and gives folders their times back at its end.
 */
const COMMAND = [
  "--extract",
  "--same-permissions",
  "--same-owner",
  "--numeric-owner",
  "--delay-directory-restore",
  "--xattrs",
  "--xattrs-include=*",
];

/**
 * Has everything made that `extraction` has left out, in the folder that it was made in. What then is missing still, it
 * says in its turn: all of it, where there is no GNU tar. Throws the signal's reason.
 */
export async function addWhatIsMissing(
  filesystem: ReadableFilesystem,
  folder: string,
  extraction: Extraction,
  { signal, environment }: { readonly signal: AbortSignal; readonly environment: Environment },
): Promise<Extraction> {
  const env = { PATH: environment["PATH"] ?? DEFAULT_PATH, LC_ALL: "C" };
  const isWhole = extraction.leftOut.length === 0 && extraction.withoutXattrs === 0;
  if (isWhole || !(await isGnuTar(env))) return extraction;
  const wanted = await missingMembers(filesystem, extraction, signal);
  const include = ({ path }: Member): boolean => wanted.has(path);
  const tar = archive(filesystem, "/", () => undefined, { signal, include });
  const isDone = await runTar(folder, tar, env);
  const leftOut = extraction.leftOut.filter(({ path }) => !isThere(folder, path));
  return { ...extraction, leftOut, withoutXattrs: isDone ? 0 : extraction.withoutXattrs };
}

/** Their paths, and those of the folders whose times change with them. */
async function missingMembers(
  filesystem: ReadableFilesystem,
  { leftOut }: Extraction,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const absent = new Set(leftOut.map(({ path }) => path));
  const wanted = new Set<string>();
  for await (const member of itemsInTurns(
    members(filesystem, "/", () => undefined),
    signal,
  )) {
    const { path, inode } = member;
    if (!absent.has(path) && filesystem.xattrs(inode).length === 0) continue;
    wanted.add(path);
    const parent = path.replace(/[^/]+\/?$/, "");
    wanted.add(parent === "" ? "./" : parent);
  }
  return wanted;
}

function isThere(folder: string, path: string): boolean {
  const bytes = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(path, "latin1")]);
  return lstatSync(bytes, { throwIfNoEntry: false }) !== undefined;
}

async function isGnuTar(env: NodeJS.ProcessEnv): Promise<boolean> {
  const child = spawn("tar", ["--version"], { env, stdio: ["ignore", "pipe", "ignore"] });
  const said: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => said.push(chunk));
  const status = await ended(child);
  return status === 0 && Buffer.concat(said).toString().includes("GNU tar");
}

/** Whether it could do all of it. */
async function runTar(
  folder: string,
  bytes: AsyncIterable<Uint8Array>,
  env: NodeJS.ProcessEnv,
): Promise<boolean> {
  const args = [...COMMAND, `--directory=${folder}`, "--file=-"];
  const child = spawn("tar", args, { env, stdio: ["pipe", "ignore", "ignore"] });
  const end = ended(child);
  // Who ends early says so by its status.
  child.stdin.on("error", () => undefined);
  try {
    for await (const chunk of bytes) {
      if (child.stdin.destroyed) break;
      if (!child.stdin.write(chunk)) await Promise.race([drained(child.stdin), end]);
    }
  } finally {
    child.stdin.end();
    await end;
  }
  return (await end) === 0;
}

/** Unlike an event that is waited for, no error of the stream ends this. */
function drained(stream: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve) => stream.once("drain", resolve));
}

/** The exit status; undefined where it did not run, or was killed. */
function ended(child: ReturnType<typeof spawn>): Promise<number | undefined> {
  return new Promise((resolve) => {
    child.on("error", () => resolve(undefined));
    child.on("close", (status) => resolve(status ?? undefined));
  });
}
