/** The setup header of x86 (Documentation/arch/x86/boot.rst): what a bzImage says of itself. */
import { le16, le32, u8 } from "../../blocks/field.ts";

export const SETUP_HEADER = {
  setup_sects: u8(0x1f1),
  boot_flag: le16(0x1fe),
  header: le32(0x202),
  version: le16(0x206),
  /** Of the text, less 0x200; 0: there is none. */
  kernel_version: le16(0x20e),
  xloadflags: le16(0x236),
  /** From the end of the setup code on, where the compressed kernel begins. */
  payload_offset: le32(0x248),
  payload_length: le32(0x24c),
} as const;

/** Bytes up to the end of the fields above. */
export const SETUP_BYTES = 0x250;
export const BOOT_FLAG = 0xaa55;
/** "HdrS" */
export const HEADER_MAGIC = 0x53726448;
/** From which payload_offset is there. */
export const VERSION_WITH_PAYLOAD = 0x0208;
/** XLF_KERNEL_64: it has an entry of 64 bits. */
export const XLF_KERNEL_64 = 1;
export const SECTOR = 512;
