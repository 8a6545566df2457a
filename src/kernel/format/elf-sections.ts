/** ELF64's headers of sections (the generic ABI, chapter 4), as far as kernels and their modules need them. */
import { bytes, le16, le32, le64, u8 } from "../../blocks/field.ts";

export const EHDR = {
  ei_mag: bytes(0, 4),
  ei_class: u8(4),
  ei_data: u8(5),
  e_machine: le16(18),
  e_shoff: le64(40),
  e_shentsize: le16(58),
  e_shnum: le16(60),
  e_shstrndx: le16(62),
} as const;
export const EHDR_SIZE = 64;
export const ELF_MAGIC = "\x7fELF";
export const ELFCLASS64 = 2;
export const ELFDATA2LSB = 1;

/** e_machine (linux/elf-em.h). */
export const EM_X86_64 = 62;
export const EM_AARCH64 = 183;

export const SHDR = { sh_name: le32(0), sh_offset: le64(24), sh_size: le64(32) } as const;
export const SHDR_SIZE = 64;
