/** A kernel's own file: which machine it is for, its version, and what it unpacks. */
import { decode, viewOf } from "../blocks/field.ts";
import { sniffCompression } from "../inflate/sniff.ts";
import {
  IMAGE_BYTES,
  IMAGE_HEADER,
  IMAGE_MAGIC,
  ZBOOT_BYTES,
  ZBOOT_HEADER,
  ZBOOT_SIGNATURE,
  ZBOOT_TYPE,
} from "./format/arm64-image.ts";
import {
  BOOT_FLAG,
  HEADER_MAGIC,
  SECTOR,
  SETUP_BYTES,
  SETUP_HEADER,
  VERSION_WITH_PAYLOAD,
} from "./format/bzimage.ts";
import { EHDR, EHDR_SIZE, ELF_MAGIC, ELFCLASS64, EM_AARCH64, EM_X86_64 } from "./format/elf-sections.ts";
import { unsuitable } from "./kernel-error.ts";
import { unpackPayload } from "./payload.ts";

export type Architecture = "amd64" | "arm64";

/** bzImage: x86, compressed. vmlinux: ELF, uncompressed. Image: arm64, uncompressed; vmlinuz.efi: the same, compressed. */
export type ImageFormat = "bzImage" | "vmlinux" | "Image" | "Image.gz" | "vmlinuz.efi";

export interface KernelImage {
  readonly format: ImageFormat;
  readonly architecture: Architecture;
  /** Such as 6.1.0-50-cloud-amd64; undefined where the image does not tell. */
  readonly version: string | undefined;
  /** The kernel itself, uncompressed; undefined where its compression is not known here. */
  unpacked(): Promise<Uint8Array | undefined>;
}

const LENGTH_BYTES = 4;
const BANNER = Buffer.from("Linux version ", "latin1");
const HINT =
  "name a kernel (vmlinuz, vmlinux, Image), a .deb or .apk with one, or a folder with boot and lib/modules";

/** Throws E_UNSUPPORTED for what is no kernel of a machine that images are made for. */
export async function readKernelImage(bytes: Uint8Array, where: string): Promise<KernelImage> {
  const image =
    bzImage(bytes, where) ?? vmlinux(bytes) ?? arm64Image(bytes) ?? (await packedArm64Image(bytes, where));
  if (image !== undefined) return image;
  throw unsuitable(where, "it is no kernel for amd64 or arm64 that is known here", HINT);
}

function bzImage(bytes: Uint8Array, where: string): KernelImage | undefined {
  if (bytes.length < SETUP_BYTES) return undefined;
  const header = decode(SETUP_HEADER, viewOf(bytes), 0);
  if (header.boot_flag !== BOOT_FLAG || header.header !== HEADER_MAGIC) return undefined;
  const text = textAt(bytes, header.kernel_version + SECTOR);
  const start = ((header.setup_sects || 4) + 1) * SECTOR + header.payload_offset;
  const payload = withoutLength(bytes.subarray(start, start + header.payload_length));
  return {
    format: "bzImage",
    architecture: "amd64",
    version: header.kernel_version === 0 ? undefined : firstWord(text),
    unpacked: async () =>
      header.version < VERSION_WITH_PAYLOAD ? undefined : await unpackPayload(payload, where),
  };
}

/** Behind what is compressed stands the length of what it makes, but in gzip, which says it itself (scripts/Makefile.lib). */
function withoutLength(payload: Uint8Array): Uint8Array {
  return sniffCompression(payload) === "gzip" ? payload : payload.subarray(0, -LENGTH_BYTES);
}

function vmlinux(bytes: Uint8Array): KernelImage | undefined {
  if (bytes.length < EHDR_SIZE) return undefined;
  const header = decode(EHDR, viewOf(bytes), 0);
  if (Buffer.from(header.ei_mag).toString("latin1") !== ELF_MAGIC) return undefined;
  const machine = header.ei_class === ELFCLASS64 ? header.e_machine : 0;
  if (machine !== EM_X86_64 && machine !== EM_AARCH64) return undefined;
  const image = uncompressed("vmlinux", machine === EM_X86_64 ? "amd64" : "arm64", bytes);
  // Any other program is an ELF file, too.
  return image.version === undefined ? undefined : image;
}

function arm64Image(bytes: Uint8Array): KernelImage | undefined {
  if (bytes.length < IMAGE_BYTES) return undefined;
  const { magic } = decode(IMAGE_HEADER, viewOf(bytes), 0);
  return magic === IMAGE_MAGIC ? uncompressed("Image", "arm64", bytes) : undefined;
}

/** One in gzip, or one that has its own decompressor before it. */
async function packedArm64Image(bytes: Uint8Array, where: string): Promise<KernelImage | undefined> {
  const zboot = zbootPayload(bytes);
  const unpacked = await unpackPayload(zboot ?? bytes, where);
  const inner = unpacked === undefined ? undefined : arm64Image(unpacked);
  return inner && { ...inner, format: zboot === undefined ? "Image.gz" : "vmlinuz.efi" };
}

function zbootPayload(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length < ZBOOT_BYTES) return undefined;
  const header = decode(ZBOOT_HEADER, viewOf(bytes), 0);
  const type = Buffer.from(header.type).toString("latin1");
  if ((header.signature & 0xffff) !== ZBOOT_SIGNATURE || type !== ZBOOT_TYPE) return undefined;
  return bytes.subarray(header.payload_offset, header.payload_offset + header.payload_size);
}

function uncompressed(format: ImageFormat, architecture: Architecture, bytes: Uint8Array): KernelImage {
  const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(BANNER);
  const version = at === -1 ? undefined : firstWord(textAt(bytes, at + BANNER.length));
  return { format, architecture, version, unpacked: async () => bytes };
}

/** As far as no version goes. */
function textAt(bytes: Uint8Array, at: number): string {
  return Buffer.from(bytes.subarray(at, at + 256)).toString("latin1");
}

/** Undefined for what cannot be the name of a folder with modules. */
function firstWord(text: string): string | undefined {
  return /^[\w.+~-]+/.exec(text)?.[0];
}
