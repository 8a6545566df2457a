/** What machine the programs of a tree are for: nothing else says so where there is no image config. */
import type { StatedPlatform } from "../oci/platform.ts";
import type { EntryPart } from "../tree/entry.ts";

/** e_machine (elf.h), by the class of 32 or 64 bits and the byte order where that matters. */
const MACHINES: Readonly<Record<string, StatedPlatform>> = {
  "3/1/1": { architecture: "386" },
  "40/1/1": { architecture: "arm", variant: "v7" },
  "62/2/1": { architecture: "amd64" },
  "183/2/1": { architecture: "arm64" },
  "21/2/1": { architecture: "ppc64le" },
  "21/2/2": { architecture: "ppc64" },
  "22/2/2": { architecture: "s390x" },
  "243/2/1": { architecture: "riscv64" },
  "258/2/1": { architecture: "loong64" },
  "8/2/1": { architecture: "mips64le" },
  "8/2/2": { architecture: "mips64" },
};

/** Of an ELF header, as far as e_machine. */
const HEADER_BYTES = 20;
const ET_EXEC = 2;
const ET_DYN = 3;
const BIG_ENDIAN = 2;
const ANY_EXECUTE = 0o111;
/** Where a distribution has its own programs, whatever lies elsewhere. */
const PROGRAMS = /^[./]*(?:usr\/)?s?bin\/[^/]+$/;

export interface ProgramPlatform {
  readonly platform: StatedPlatform;
  /** The program that says so. */
  readonly path: string;
}

/** Looks at files as they come: the first program in a folder for those counts, else the first there is. */
export class ProgramSearch {
  #found: ProgramPlatform | undefined;
  #isSure = false;
  /** The program whose header is coming. */
  #path: string | undefined;
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #filled = 0;

  get found(): ProgramPlatform | undefined {
    return this.#found;
  }

  /** Whether nothing that comes can change what was found. */
  get isSure(): boolean {
    return this.#isSure;
  }

  take(part: EntryPart): void {
    if (this.#isSure) return;
    if (part.kind === "entry") {
      const { type, metadata, path, size } = part.entry;
      const isProgram = type === "file" && (metadata.mode & ANY_EXECUTE) !== 0 && size >= HEADER_BYTES;
      const isWanted = isProgram && (this.#found === undefined || PROGRAMS.test(path));
      this.#path = isWanted ? path : undefined;
      this.#filled = 0;
    } else if (this.#path !== undefined) this.#read(this.#path, part.offset, part.bytes);
  }

  #read(path: string, offset: number, bytes: Uint8Array): void {
    if (offset === this.#filled) {
      const head = bytes.subarray(0, HEADER_BYTES - offset);
      this.#header.set(head, offset);
      this.#filled += head.length;
      if (this.#filled < HEADER_BYTES) return;
      const platform = platformOf(this.#header);
      if (platform !== undefined) {
        this.#found = { platform, path };
        this.#isSure = PROGRAMS.test(path);
      }
    }
    this.#path = undefined;
  }
}

function platformOf(header: Buffer): StatedPlatform | undefined {
  if (header.toString("latin1", 0, 4) !== "\x7fELF") return undefined;
  const [bits, order] = [header[4], header[5]];
  const number = (at: number): number =>
    order === BIG_ENDIAN ? header.readUInt16BE(at) : header.readUInt16LE(at);
  const type = number(16);
  if (type !== ET_EXEC && type !== ET_DYN) return undefined;
  const machine = MACHINES[`${number(18)}/${bits}/${order}`];
  return machine && { os: "linux", ...machine };
}
