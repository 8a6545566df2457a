import { rmSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Docker2vmError } from "../errors.ts";
import { meaningOf, writeError } from "../system-errors.ts";

/** A folder for what only QEMU is to see: gone with the machine, and with a process that is ended at once. */
export class ScratchFolder {
  readonly #path: string;
  readonly #onExit = (): void => rmSync(this.#path, { recursive: true, force: true });

  private constructor(path: string) {
    this.#path = path;
    process.once("exit", this.#onExit);
  }

  /** Throws E_NO_SPACE and E_IO. */
  static async make(): Promise<ScratchFolder> {
    try {
      return new ScratchFolder(await mkdtemp(join(tmpdir(), "docker2vm-boot-")));
    } catch (error) {
      throw unwritable(error);
    }
  }

  path(name: string): string {
    return join(this.#path, name);
  }

  /** Makes a file and returns its path. Throws E_NO_SPACE and E_IO. */
  async write(name: string, bytes: Uint8Array): Promise<string> {
    try {
      await writeFile(this.path(name), bytes);
    } catch (error) {
      throw unwritable(error);
    }
    return this.path(name);
  }

  async remove(): Promise<void> {
    await rm(this.#path, { recursive: true, force: true });
    process.off("exit", this.#onExit);
  }
}

function unwritable(error: unknown): Docker2vmError {
  const { writing } = meaningOf(error);
  const hint = `${writing === undefined ? "" : `${writing}; `}TMPDIR names another folder`;
  return writeError(error, `what QEMU is to start with cannot be kept in ${tmpdir()}`, hint);
}
