/** The header of an arm64 Image (Documentation/arch/arm64/booting.rst), and of one that unpacks itself under EFI. */
import { bytes, le32 } from "../../blocks/field.ts";

export const IMAGE_HEADER = { magic: le32(56) } as const;
export const IMAGE_BYTES = 64;
/** "ARM\x64" */
export const IMAGE_MAGIC = 0x644d5241;

/** drivers/firmware/efi/libstub/zboot-header.S */
export const ZBOOT_HEADER = {
  signature: le32(0),
  type: bytes(4, 4),
  payload_offset: le32(8),
  payload_size: le32(12),
  comp_type: bytes(24, 32),
} as const;
export const ZBOOT_BYTES = 56;
/** "MZ" */
export const ZBOOT_SIGNATURE = 0x5a4d;
export const ZBOOT_TYPE = "zimg";
