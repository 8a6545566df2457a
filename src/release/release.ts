/** All that is shipped, in one folder. */
import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { Docker2vmError } from "../errors.ts";
import { compile } from "./compile.ts";
import { baseSource } from "./container/base.ts";
import { type Chosen, chooseTargets, writeContainerImage } from "./container/image.ts";
import { billOfMaterials, dependencyList } from "./dependencies.ts";
import { executableArchive } from "./executable-archive.ts";
import { packNpmPackage } from "./npm-package.ts";
import { bunVersion, readLock } from "./repository.ts";
import { runtimeOf } from "./runtime.ts";
import type { Target } from "./targets.ts";

export const SUMS = "SHA256SUMS";

export interface ReleaseOptions {
  /** A folder that is made, and must not be there. */
  readonly out: string;
  readonly targets: readonly Target[];
  /** Of the container image, as `docker2vm convert` takes it; undefined for no container image. */
  readonly base: string | undefined;
  /** Where what is fetched is kept. */
  readonly cache: string;
  /** Of all files, since 1970. */
  readonly seconds: number;
  readonly onStep: (what: string) => void;
}

/**
 * Makes a release: all of it or, where something fails, nothing. Throws E_OUTPUT_EXISTS, and what making the parts throws.
 */
export async function release(options: ReleaseOptions): Promise<void> {
  const { out } = options;
  if (options.base !== undefined) baseSource(options.base);
  const parent = dirname(out);
  mkdirSync(parent, { recursive: true });
  if (readdirSync(parent).includes(basename(out))) {
    throw new Docker2vmError("E_OUTPUT_EXISTS", `${out} is there already`, {
      hint: "remove it, or name another folder by --out",
    });
  }
  const unfinished = join(parent, `.${basename(out)}-${randomUUID()}`);
  const remove = (): void => rmSync(unfinished, { recursive: true, force: true });
  // A signal ends the process without coming back here.
  process.once("exit", remove);
  mkdirSync(unfinished);
  try {
    await fill(unfinished, options);
    writeFileSync(join(unfinished, SUMS), sumsOf(unfinished));
    renameSync(unfinished, out);
  } finally {
    remove();
    process.off("exit", remove);
  }
}

async function fill(
  folder: string,
  { targets, base, cache, seconds, onStep }: ReleaseOptions,
): Promise<void> {
  const lock = readLock();
  const bun = bunVersion(lock);
  // All are asked for before the first is used: what cannot be had is told at once.
  const runtimes = new Map<Target, string>();
  for (const target of targets) {
    onStep(`Bun ${bun} for ${target.name}`);
    runtimes.set(target, runtimeOf(target, lock, cache));
  }
  const onBase = base === undefined ? undefined : { reference: base, cache: join(cache, "layers") };
  if (onBase !== undefined) onStep(`the base ${base}`);
  const chosen: Chosen = onBase === undefined ? new Map() : await chooseTargets(onBase, targets);
  const name = `${manifest.name}-${manifest.version}`;
  const papers = { dependencies: dependencyList(lock, bun), seconds };
  writeFileSync(join(folder, `${name}-dependencies.txt`), papers.dependencies);
  writeFileSync(join(folder, `${name}.cdx.json`), billOfMaterials(bun, seconds));
  onStep("the package for npm");
  packNpmPackage(folder, seconds);
  const contained = new Map<Target, Uint8Array>();
  for (const [target, runtime] of runtimes) {
    onStep(`the executable for ${target.name}`);
    const executable = compile(target, runtime, folder);
    const archive = await executableArchive(target, executable, papers);
    writeFileSync(join(folder, archive.name), archive.bytes);
    if ([...chosen.values()].includes(target)) contained.set(target, executable);
  }
  if (onBase === undefined || chosen.size === 0) return;
  onStep("the container image");
  await writeContainerImage(join(folder, `${name}-container`), chosen, contained, onBase, papers);
}

/** As sha256sum(1) writes and checks them. */
function sumsOf(folder: string): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
  const line = (path: string): string => {
    const hash = createHash("sha256").update(readFileSync(join(folder, path)));
    return `${hash.digest("hex")}  ${path}\n`;
  };
  return files.map(line).join("");
}
