/** What an ELF executable or library says of the files it needs to run. */
import { Docker2vmError } from "../../errors.ts";
import * as elf from "./elf-format.ts";

export interface ElfFile {
  /** e_machine. */
  readonly machine: number;
  /** The loader's path (PT_INTERP), bytes; undefined for a static executable and for a library. */
  readonly interpreter: string | undefined;
  /** DT_NEEDED: names of libraries, or paths where there is a slash in them. */
  readonly needed: readonly string[];
  /** DT_RUNPATH, or DT_RPATH where there is none, each folder apart. */
  readonly runPath: readonly string[];
}

interface Field {
  readonly offset: number;
  readonly width: 1 | 2 | 4 | 8;
}

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

/** More than any linker makes; only a broken header asks for more. */
const MAXIMUM_STRING = 4096;

export function isElf(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, elf.ELF_MAGIC.length)).toString("latin1") === elf.ELF_MAGIC;
}

/** `name` is what messages call the file. Throws E_UNSUPPORTED unless it is a well-formed ELF64 of low byte order. */
export function readElf(bytes: Uint8Array, name: string): ElfFile {
  const file = new ElfBytes(bytes, name);
  if (!isElf(bytes)) throw file.broken("it is no ELF file");
  if (
    file.number(0, elf.EHDR.ei_class) !== elf.ELFCLASS64 ||
    file.number(0, elf.EHDR.ei_data) !== elf.ELFDATA2LSB
  ) {
    throw file.broken("it is not of 64 bits and low byte order");
  }
  const segments = readSegments(file);
  const interpreter = segments.find(({ type }) => type === elf.PT_INTERP);
  return {
    machine: file.number(0, elf.EHDR.e_machine),
    interpreter: interpreter && file.text(interpreter.offset),
    ...readDynamic(file, segments),
  };
}

function readSegments(file: ElfBytes): Segment[] {
  const start = file.number(0, elf.EHDR.e_phoff);
  const count = file.number(0, elf.EHDR.e_phnum);
  if (count > 0 && file.number(0, elf.EHDR.e_phentsize) !== elf.PHDR_SIZE) {
    throw file.broken("its program headers have another size");
  }
  return Array.from({ length: count }, (_, i) => {
    const at = start + i * elf.PHDR_SIZE;
    return {
      type: file.number(at, elf.PHDR.p_type),
      offset: file.number(at, elf.PHDR.p_offset),
      address: file.number(at, elf.PHDR.p_vaddr),
      size: file.number(at, elf.PHDR.p_filesz),
    };
  });
}

function readDynamic(file: ElfBytes, segments: readonly Segment[]): Pick<ElfFile, "needed" | "runPath"> {
  const dynamic = segments.find(({ type }) => type === elf.PT_DYNAMIC);
  if (dynamic === undefined) return { needed: [], runPath: [] };
  const values = new Map<number, number[]>();
  for (let at = dynamic.offset; at + elf.DYN_SIZE <= dynamic.offset + dynamic.size; at += elf.DYN_SIZE) {
    const tag = file.number(at, elf.DYN.d_tag);
    if (tag === elf.DT_NULL) break;
    const value = file.number(at, elf.DYN.d_val);
    const earlier = values.get(tag);
    if (earlier === undefined) values.set(tag, [value]);
    else earlier.push(value);
  }
  const strings = (tag: number): string[] => {
    const offsets = values.get(tag);
    if (offsets === undefined) return [];
    const table = values.get(elf.DT_STRTAB)?.[0];
    if (table === undefined) throw file.broken("it has no table of strings");
    const start = offsetOf(file, segments, table);
    return offsets.map((offset) => file.text(start + offset));
  };
  const runPath = values.has(elf.DT_RUNPATH) ? strings(elf.DT_RUNPATH) : strings(elf.DT_RPATH);
  return { needed: strings(elf.DT_NEEDED), runPath: runPath.flatMap((path) => path.split(":")) };
}

/** Where in the file lies what will be at `address`. */
function offsetOf(file: ElfBytes, segments: readonly Segment[], address: number): number {
  const segment = segments.find(
    (one) => one.type === elf.PT_LOAD && address >= one.address && address < one.address + one.size,
  );
  if (segment === undefined) throw file.broken("its table of strings is in no segment");
  return address - segment.address + segment.offset;
}

/** The bytes of a file, read within their bounds. */
class ElfBytes {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #name: string;

  constructor(bytes: Uint8Array, name: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#name = name;
  }

  /** The field of the structure at byte `start`. Values past 2^53 are none that a file could have. */
  number(start: number, { offset, width }: Field): number {
    const at = start + offset;
    if (at + width > this.#bytes.length) throw this.broken("its headers are cut short");
    switch (width) {
      case 1:
        return this.#view.getUint8(at);
      case 2:
        return this.#view.getUint16(at, true);
      case 4:
        return this.#view.getUint32(at, true);
      case 8:
        return Number(this.#view.getBigUint64(at, true));
    }
  }

  /** The string at byte `start`, up to its zero. */
  text(start: number): string {
    const end = start < this.#bytes.length ? this.#bytes.indexOf(0, start) : -1;
    if (end === -1 || end - start > MAXIMUM_STRING) throw this.broken("a string in it does not end");
    return Buffer.from(this.#bytes.subarray(start, end)).toString("latin1");
  }

  broken(what: string): Docker2vmError {
    return new Docker2vmError("E_UNSUPPORTED", `${this.#name}: cannot be read as a program: ${what}`);
  }
}
