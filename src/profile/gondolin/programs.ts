/** Programs of the base, put where an image can run them. */
import type { RegularFile } from "../../tree/inode.ts";
import { type Additions, isExecutable, type Need } from "../additions.ts";
import type { BaseFile, BaseFilesystem } from "./base-filesystem.ts";
import { OWN_FOLDER } from "./contract.ts";
import { type ElfFile, isElf, readElf } from "./elf.ts";
import { librariesOf } from "./libraries.ts";

export class Programs {
  readonly #additions: Additions;
  readonly #base: BaseFilesystem;
  /** Programs and libraries that are in the image by now. */
  readonly #done = new Set<RegularFile>();

  constructor(additions: Additions, base: BaseFilesystem) {
    this.#additions = additions;
    this.#base = base;
  }

  /**
   * Makes the base's command `source` run at `path`: a symlink to a copy of the program, which may be one for many
   * commands, and with it the loader and the libraries that it names, at their own paths where the image has none.
   */
  async add(source: BaseFile, path: string, need: Need): Promise<void> {
    const bytes = this.#base.read(source.file);
    if (!isElf(bytes)) {
      await this.#put(path, source.file, need);
      return;
    }
    const copy = OWN_FOLDER + source.path;
    if (!(await this.#additions.put(path, { type: "symlink", target: copy }, need))) return;
    if (this.#done.has(source.file)) return;
    this.#done.add(source.file);
    await this.#put(copy, source.file, "required");
    await this.#addLibraries(readElf(bytes, source.path), source.path);
  }

  /** An image with files of its own there keeps them, and the program runs with those. */
  async #addLibraries(elf: ElfFile, path: string): Promise<void> {
    for (const { path: at, file } of librariesOf(this.#base, elf, path)) {
      await this.#put(at, file, "optional");
    }
  }

  #put(path: string, file: RegularFile, need: Need): Promise<boolean> {
    const source = this.#base.source(file);
    return this.#additions.put(path, { type: "file", executable: isExecutable(file), source }, need);
  }
}
