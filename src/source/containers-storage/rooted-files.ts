import { constants, lstatSync, openSync, readlinkSync } from "node:fs";

const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** As the kernel has it. */
const LINK_LIMIT = 40;

/**
 * Files below a folder by the names that a layer's tar gives them: bytes, one character each. Symlinks on the way are
 * followed as in a machine whose root the folder is; so no name leads out of it.
 */
export class RootedFiles {
  readonly #root: Buffer;
  /** The folder that the last file was in, by its name, and where it really is. */
  #last: { readonly folder: string; readonly path: string } | undefined;

  constructor(root: string) {
    this.#root = Buffer.from(`${root}/`, "utf8");
  }

  /** A descriptor to read from. Throws the system's errors; ELOOP if the file itself is a symlink. */
  open(name: string): number {
    const slash = name.lastIndexOf("/");
    const folder = name.slice(0, slash + 1);
    if (this.#last?.folder !== folder) this.#last = { folder, path: this.#resolve(folder) };
    return openSync(this.#path(`${this.#last.path}${name.slice(slash + 1)}`), OPEN_FLAGS);
  }

  /** The folder without symlinks and dots, with a slash behind it. */
  #resolve(folder: string): string {
    const ahead = folder.split("/").reverse();
    const path: string[] = [];
    for (let links = 0; ahead.length > 0; ) {
      const part = ahead.pop() ?? "";
      if (part === "..") path.pop();
      if (part === "" || part === "." || part === "..") continue;
      const whole = this.#path([...path, part].join("/"));
      if (!lstatSync(whole).isSymbolicLink()) {
        path.push(part);
        continue;
      }
      if (++links > LINK_LIMIT) throw Object.assign(new Error("too many symbolic links"), { code: "ELOOP" });
      const target = readlinkSync(whole, "buffer").toString("latin1");
      if (target.startsWith("/")) path.length = 0;
      ahead.push(...target.split("/").reverse());
    }
    return path.map((part) => `${part}/`).join("");
  }

  #path(name: string): Buffer {
    return Buffer.concat([this.#root, Buffer.from(name, "latin1")]);
  }
}
