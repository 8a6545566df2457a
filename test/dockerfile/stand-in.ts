/** Builders that build nothing: they note how they were called and do what a test says. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { entriesOf, tarOf } from "../source/support.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { tar } from "../support/tar-builder.ts";

export interface Place {
  /** A path in the place's folder. */
  path(...parts: readonly string[]): string;
  /** An OCI archive of an image with the file /hello. */
  readonly archive: string;
  /** A build context with a Dockerfile. */
  readonly context: string;
  /** A PATH on which nothing is but the stand-ins. */
  readonly environment: Readonly<Record<string, string>>;
  /** Puts a program on the PATH: a shell pattern for its first two words, and the commands to be run for it. */
  program(name: string, cases: Readonly<Record<string, string>>): void;
  /** Whether the process whose number is in the file is there; a zombie is not. */
  runs(file: string): boolean;
  /** How the programs were called, in order: name and arguments. */
  calls(): string[][];
}

/** A folder with all that a build needs but a builder, for the duration of `use`. */
export async function inPlace(use: (place: Place) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "docker2vm-build-"));
  const path = (...parts: readonly string[]): string => join(folder, ...parts);
  for (const name of ["bin", "calls", "context"]) mkdirSync(path(name));
  writeFileSync(path("context/Dockerfile"), "FROM scratch\n");
  await writeArchive(path("image.tar"));
  try {
    await use({
      path,
      archive: path("image.tar"),
      context: path("context"),
      environment: { PATH: path("bin") },
      runs: (file) => runs(path(file)),
      program: (name, cases) => writeProgram(folder, name, cases),
      calls: () =>
        readdirSync(path("calls"))
          .sort()
          .map((file) => readFileSync(path("calls", file), "utf8").split("\0").slice(0, -1)),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runs(file: string): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${readFileSync(file, "utf8").trim()}/status`, "utf8"));
  } catch {
    return false;
  }
}

async function writeArchive(path: string): Promise<void> {
  const layer = tar([{ path: "hello", data: "hello\n" }]);
  buildLayout(`${path}.layout`, { layers: [layer], config: { Cmd: ["/hello"] } });
  writeFileSync(path, await tarOf(entriesOf(`${path}.layout`)));
}

function writeProgram(folder: string, name: string, cases: Readonly<Record<string, string>>): void {
  const lines = [
    "#!/bin/sh",
    "PATH=/usr/bin:/bin",
    `cd '${folder}' || exit 99`,
    `n=$(ls calls | wc -l)`,
    `printf '%s\\0' ${name} "$@" > "calls/$(printf %03d "$n")"`,
    'case "$1 $2" in',
    ...Object.entries(cases).map(([pattern, script]) => `${pattern})\n${script}\n;;`),
    "*) echo unexpected: >&2; exit 98;;",
    "esac",
  ];
  const path = join(folder, "bin", name);
  writeFileSync(path, `${lines.join("\n")}\n`);
  chmodSync(path, 0o755);
}

/** Docker with a builder of the driver docker-container, which writes archives; `build` is what it does then. */
export function dockerContainer(place: Place, build = "cat image.tar"): void {
  place.program("docker", {
    '"buildx inspect"': "printf 'Name: mine\\nDriver: docker-container\\nNodes:\\n'",
    '"buildx build"': build,
  });
}
