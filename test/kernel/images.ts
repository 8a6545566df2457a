/** Kernels that hold nothing but what is read of them. */
import { gzipSync } from "node:zlib";
import { encode, viewOf } from "../../src/blocks/field.ts";
import {
  IMAGE_HEADER,
  IMAGE_MAGIC,
  ZBOOT_BYTES,
  ZBOOT_HEADER,
  ZBOOT_SIGNATURE,
} from "../../src/kernel/format/arm64-image.ts";
import { BOOT_FLAG, HEADER_MAGIC, SECTOR, SETUP_HEADER } from "../../src/kernel/format/bzimage.ts";
import { EHDR, EHDR_SIZE, EM_X86_64, SHDR, SHDR_SIZE } from "../../src/kernel/format/elf-sections.ts";

/** The kernel's version, and its configuration as CONFIG_IKCONFIG keeps it. */
export function configWithin(version: string, config: string): Buffer {
  const banner = Buffer.from(`\0Linux version ${version} (somebody) #1\n\0`);
  const kept = ["IKCFG_ST", gzipSync(config), "IKCFG_ED"].map((part) => Buffer.from(part));
  return Buffer.concat([Buffer.alloc(500), banner, ...kept, Buffer.alloc(100)]);
}

export function vmlinux(kind: "amd64" | "Image", body: Uint8Array): Buffer {
  const head = Buffer.alloc(EHDR_SIZE);
  if (kind === "Image") encode(IMAGE_HEADER, viewOf(head), 0, { magic: IMAGE_MAGIC });
  else {
    const ei_mag = Buffer.from("\x7fELF", "latin1");
    encode(EHDR, viewOf(head), 0, { ei_mag, ei_class: 2, ei_data: 1, e_machine: EM_X86_64 });
  }
  return Buffer.concat([head, body]);
}

/** Behind what is compressed stands its length, if it is not in gzip, which has that itself (scripts/Makefile.lib). */
export function bzImage(version: string, compressed: Uint8Array): Buffer {
  const isGzip = compressed[0] === 0x1f;
  const payload = Buffer.concat([compressed, Buffer.from(isGzip ? [] : [1, 2, 3, 4])]);
  const setup = Buffer.alloc(3 * SECTOR);
  encode(SETUP_HEADER, viewOf(setup), 0, {
    setup_sects: 2,
    boot_flag: BOOT_FLAG,
    header: HEADER_MAGIC,
    version: 0x020f,
    kernel_version: SECTOR,
    payload_offset: 16,
    payload_length: payload.length,
  });
  setup.write(`${version} (somebody) #1\0`, 2 * SECTOR, "latin1");
  return Buffer.concat([setup, Buffer.alloc(16), payload]);
}

export function zboot(payload: Uint8Array): Buffer {
  const head = Buffer.alloc(ZBOOT_BYTES);
  encode(ZBOOT_HEADER, viewOf(head), 0, {
    signature: ZBOOT_SIGNATURE,
    type: Buffer.from("zimg"),
    payload_offset: ZBOOT_BYTES,
    payload_size: payload.length,
    comp_type: Buffer.from("gzip"),
  });
  return Buffer.concat([head, payload]);
}

/** A module that says this of itself (modinfo(8)). */
export function kernelModule(entries: readonly string[]): Buffer {
  const names = Buffer.from(".modinfo\0");
  const info = Buffer.from(entries.map((entry) => `${entry}\0`).join(""));
  const head = Buffer.alloc(EHDR_SIZE + 2 * SHDR_SIZE);
  const view = viewOf(head);
  const at = head.length + names.length;
  encode(EHDR, view, 0, {
    ei_mag: Buffer.from("\x7fELF", "latin1"),
    ei_class: 2,
    e_shoff: EHDR_SIZE,
    e_shentsize: SHDR_SIZE,
    e_shnum: 2,
    e_shstrndx: 1,
  });
  encode(SHDR, view, EHDR_SIZE, { sh_name: 0, sh_offset: at, sh_size: info.length });
  encode(SHDR, view, EHDR_SIZE + SHDR_SIZE, { sh_name: 0, sh_offset: head.length, sh_size: names.length });
  return Buffer.concat([head, names, info]);
}
