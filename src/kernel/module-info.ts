/** What a kernel module says of itself in its section .modinfo: NAME=VALUE, each with a NUL behind it. */
import { decode, viewOf } from "../blocks/field.ts";
import { EHDR, EHDR_SIZE, ELF_MAGIC, ELFCLASS64, SHDR, SHDR_SIZE } from "./format/elf-sections.ts";
import { damaged } from "./kernel-error.ts";

export interface ModuleInfo {
  /** Names of modules that must be there before, as modpost has found them. */
  readonly depends: readonly string[];
  /** Names or aliases of what it asks for when it is loaded (MODULE_SOFTDEP, "pre:"). */
  readonly asksFor: readonly string[];
}

const SECTION = ".modinfo";

/** Throws E_UNSUPPORTED, naming `where`, for what is no module. */
export function readModuleInfo(module: Uint8Array, where: string): ModuleInfo {
  const values = modinfo(module, where);
  const of = (name: string): string[] =>
    values.filter((entry) => entry.startsWith(`${name}=`)).map((entry) => entry.slice(name.length + 1));
  return {
    depends: of("depends").flatMap((list) => list.split(",").filter((name) => name !== "")),
    asksFor: of("softdep").flatMap(preNames),
  };
}

/** "pre: a b post: c" */
function preNames(softdep: string): string[] {
  const words = softdep.split(/\s+/).filter((word) => word !== "");
  const start = words.indexOf("pre:");
  const end = words.indexOf("post:", start);
  return start === -1 ? [] : words.slice(start + 1, end === -1 ? undefined : end);
}

function modinfo(module: Uint8Array, where: string): string[] {
  try {
    return entriesOf(sectionOf(module));
  } catch (error) {
    throw damaged(where, error);
  }
}

function entriesOf(section: Uint8Array): string[] {
  return Buffer.from(section).toString("latin1").split("\0");
}

/** Reading past the end throws, too. */
function sectionOf(module: Uint8Array): Uint8Array {
  if (module.length < EHDR_SIZE) throw new Error("it is too short for a module");
  const view = viewOf(module);
  const header = decode(EHDR, view, 0);
  const isElf = Buffer.from(header.ei_mag).toString("latin1") === ELF_MAGIC;
  if (!isElf || header.ei_class !== ELFCLASS64 || header.e_shentsize !== SHDR_SIZE) {
    throw new Error("it is no module of 64 bits");
  }
  const section = (index: number) => decode(SHDR, view, header.e_shoff + index * SHDR_SIZE);
  const names = section(header.e_shstrndx);
  for (let index = 0; index < header.e_shnum; index++) {
    const { sh_name, sh_offset, sh_size } = section(index);
    const name = module.subarray(names.sh_offset + sh_name, names.sh_offset + sh_name + SECTION.length + 1);
    if (Buffer.from(name).toString("latin1") !== `${SECTION}\0`) continue;
    if (sh_offset + sh_size > module.length) throw new Error("it is cut off");
    return module.subarray(sh_offset, sh_offset + sh_size);
  }
  return new Uint8Array();
}
