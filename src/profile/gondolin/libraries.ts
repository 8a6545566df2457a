/** The files that a program is loaded with. */
import { dirname } from "node:path/posix";
import { Docker2vmError } from "../../errors.ts";
import type { RegularFile } from "../../tree/inode.ts";
import type { BaseFilesystem } from "./base-filesystem.ts";
import { type ElfFile, readElf } from "./elf.ts";

/** A loader or a library: where it is looked for, and what is there once symlinks are followed. */
export interface Library {
  readonly path: string;
  readonly file: RegularFile;
}

/** What musl's loader has in itself, under whatever name (ldso/dynlink.c, "reserved"). */
const IN_MUSL = /^lib(?:c|pthread|rt|m|dl|util|xnet)\./;

/** Where loaders look by themselves: musl's, glibc's, and glibc's as Fedora and Debian build it. */
const FOLDERS = ["/lib", "/usr/lib", "/usr/local/lib", "/lib64", "/usr/lib64"];
/** Debian's names of architectures, by e_machine. */
const DEBIAN_NAMES: Readonly<Record<number, string>> = { 62: "x86_64-linux-gnu", 183: "aarch64-linux-gnu" };

/**
 * The loader, the libraries that the program's header names, and those that they name. None for a static program.
 * Throws E_UNSUPPORTED for one that the base does not have.
 */
export function librariesOf(base: BaseFilesystem, program: ElfFile, path: string): Library[] {
  if (program.interpreter === undefined) return [];
  const loader = base.findFile(program.interpreter);
  if (loader === undefined) throw missing(path, program.interpreter);
  const found = new Map<string, Library>();
  found.set(program.interpreter, { path: program.interpreter, file: loader.file });
  const musl = loader.path.includes("/ld-musl-") || program.interpreter.includes("/ld-musl-");
  const waiting = [{ elf: program, path }];
  for (let user = waiting.pop(); user !== undefined; user = waiting.pop()) {
    for (const name of user.elf.needed) {
      if (found.has(name) || (musl && IN_MUSL.test(name))) continue;
      const library = findLibrary(base, name, user.elf, user.path);
      if (library === undefined) throw missing(user.path, name);
      found.set(name, { path: library.path, file: library.file });
      waiting.push({ elf: library.elf, path: library.realPath });
    }
  }
  return [...found.values()];
}

interface FoundLibrary extends Library {
  readonly realPath: string;
  readonly elf: ElfFile;
}

function findLibrary(
  base: BaseFilesystem,
  name: string,
  user: ElfFile,
  userPath: string,
): FoundLibrary | undefined {
  if (name.includes("/")) return libraryAt(base, name, user.machine);
  const debian = DEBIAN_NAMES[user.machine];
  const folders = [
    ...user.runPath.map((folder) => withOrigin(folder, userPath)),
    ...FOLDERS,
    ...(debian === undefined ? [] : [`/lib/${debian}`, `/usr/lib/${debian}`]),
  ];
  for (const folder of folders) {
    const library = libraryAt(base, `${folder}/${name}`, user.machine);
    if (library !== undefined) return library;
  }
  return undefined;
}

/** Undefined also for a library of another kind of machine: /lib may hold those of 32 bits. */
function libraryAt(base: BaseFilesystem, path: string, machine: number): FoundLibrary | undefined {
  const found = base.findFile(path);
  if (found === undefined) return undefined;
  try {
    const elf = readElf(base.read(found.file), found.path);
    return elf.machine === machine ? { path, file: found.file, realPath: found.path, elf } : undefined;
  } catch (error) {
    if (error instanceof Docker2vmError && error.code === "E_UNSUPPORTED") return undefined;
    throw error;
  }
}

/** $ORIGIN is the folder of the file that asks (ld.so(8)). */
function withOrigin(folder: string, userPath: string): string {
  return folder.replace(/\$ORIGIN\b|\$\{ORIGIN\}/g, () => dirname(userPath));
}

function missing(user: string, name: string): Docker2vmError {
  return new Docker2vmError(
    "E_UNSUPPORTED",
    `the Gondolin guest assets are not complete: ${user} needs ${name}, which they do not have`,
    { hint: "fetch them again, or name others with --guest-assets" },
  );
}
