/** Of what the root filesystem must have for the process to start. */
import { posix } from "node:path";
import { quote } from "../../../oci/quote.ts";
import type { BundleFiles, FileKind } from "../files.ts";
import type { Report } from "../finding.ts";
import { type Fields, fieldOf, itemsOf, textOf, textsOf } from "../reading.ts";

const SECTION = "config.md, Process";

export function checkProgram({ process, mounts }: Fields, files: BundleFiles, report: Report): void {
  const cwd = textOf(fieldOf(process, "cwd")) ?? "/";
  if (!cwd.startsWith("/")) return;
  const kind = files.inContainer(cwd);
  if (kind !== undefined && kind !== "directory") {
    const spec = `${SECTION}: cwd (string, REQUIRED) is the working directory`;
    report("error", "/process/cwd", `${quote(cwd)} is no directory in the root filesystem`, spec);
  }
  const [, program] = textsOf(fieldOf(process, "args"))[0] ?? [];
  if (program === undefined || program === "") return;
  const places = placesOf(program, cwd, fieldOf(process, "env"));
  // What else is mounted there is known when it is.
  if (places.some((place) => isCovered(place, mounts))) return;
  const found = places.map((place) => files.inContainer(place));
  if (found.includes("executable")) return;
  const spec = `${SECTION}: that entry is used with the same semantics as execvp's file`;
  report("error", "/process/args/0", `${quote(program)} ${whyNot(found, places)}`, spec);
}

function whyNot(found: readonly (FileKind | undefined)[], places: readonly string[]): string {
  const isThere = found.some((kind) => kind === "file" || kind === "directory" || kind === "other");
  if (isThere) return "cannot be executed";
  return places.length === 1
    ? "is not in the root filesystem"
    : "is in no folder of PATH in the root filesystem";
}

function placesOf(program: string, cwd: string, env: unknown): readonly string[] {
  if (program.startsWith("/")) return [program];
  if (program.includes("/")) return [`${cwd}/${program}`];
  const paths = textsOf(env).flatMap(([, entry]) =>
    entry.startsWith("PATH=") ? [entry.slice("PATH=".length)] : [],
  );
  const [path = ""] = paths.slice(-1);
  return path
    .split(":")
    .map((folder) => `${folder.startsWith("/") ? folder : `${cwd}/${folder}`}/${program}`);
}

function isCovered(place: string, mounts: unknown): boolean {
  const path = posix.normalize(place);
  return itemsOf(mounts).some(([, mount]) => {
    const destination = posix.resolve("/", textOf(fieldOf(mount, "destination")) ?? "");
    return path === destination || path.startsWith(`${destination}/`);
  });
}
