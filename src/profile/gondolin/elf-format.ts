/** ELF64 as the generic ABI's chapters 4 and 5 and Linux's elf.h lay it out: offset and width of each field. */

export const ELF_MAGIC = "\x7fELF";
export const ELFCLASS64 = 2;
export const ELFDATA2LSB = 1;

/** Elf64_Ehdr. */
export const EHDR = {
  ei_class: { offset: 4, width: 1 },
  ei_data: { offset: 5, width: 1 },
  e_type: { offset: 16, width: 2 },
  e_machine: { offset: 18, width: 2 },
  e_phoff: { offset: 32, width: 8 },
  e_phentsize: { offset: 54, width: 2 },
  e_phnum: { offset: 56, width: 2 },
} as const;
export const EHDR_SIZE = 64;

/** Elf64_Phdr. */
export const PHDR = {
  p_type: { offset: 0, width: 4 },
  p_offset: { offset: 8, width: 8 },
  p_vaddr: { offset: 16, width: 8 },
  p_filesz: { offset: 32, width: 8 },
} as const;
export const PHDR_SIZE = 56;

export const PT_LOAD = 1;
export const PT_DYNAMIC = 2;
export const PT_INTERP = 3;

/** Elf64_Dyn: d_tag and d_val, 8 bytes each. */
export const DYN = { d_tag: { offset: 0, width: 8 }, d_val: { offset: 8, width: 8 } } as const;
export const DYN_SIZE = 16;

export const DT_NULL = 0;
export const DT_NEEDED = 1;
export const DT_STRTAB = 5;
export const DT_RPATH = 15;
export const DT_RUNPATH = 29;
