/** A static ELF executable of one segment: System V ABI, "Object Files" and "Program Loading" (uapi/linux/elf.h). */

const ELF_HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const PROGRAM_HEADERS = 2;
const HEADER_BYTES = ELF_HEADER_BYTES + PROGRAM_HEADERS * PROGRAM_HEADER_BYTES;

const ET_EXEC = 2;
const EV_CURRENT = 1;
const PT_LOAD = 1;
const PT_GNU_STACK = 0x6474e551;
const PF_X = 1;
const PF_W = 2;
const PF_R = 4;

/** Where linkers put executables by default: anywhere above vm.mmap_min_addr does. */
const LOAD_ADDRESS = 0x400000;
/** Pages of arm64 kernels may have 64 KiB. */
const SEGMENT_ALIGN = 0x10000;

/** Values of e_machine. */
export const ELF_MACHINE = { EM_X86_64: 62, EM_AARCH64: 183 } as const;

/**
 * An executable that starts at the first byte of `program`, which is mapped readable and executable, never writable;
 * the stack is not executable. `program` may lie anywhere: it must not depend on its own address.
 */
export function elfImage(machine: number, program: Uint8Array): Uint8Array {
  const image = Buffer.alloc(HEADER_BYTES + program.length);
  writeElfHeader(image, machine);
  writeSegment(image.subarray(ELF_HEADER_BYTES), image.length);
  writeStack(image.subarray(ELF_HEADER_BYTES + PROGRAM_HEADER_BYTES));
  image.set(program, HEADER_BYTES);
  return image;
}

/** struct elf64_hdr. */
function writeElfHeader(header: Buffer, machine: number): void {
  header.write("\x7fELF", 0, "latin1");
  header.writeUInt8(2, 4); // EI_CLASS: ELFCLASS64
  header.writeUInt8(1, 5); // EI_DATA: ELFDATA2LSB
  header.writeUInt8(EV_CURRENT, 6); // EI_VERSION
  header.writeUInt16LE(ET_EXEC, 16); // e_type
  header.writeUInt16LE(machine, 18); // e_machine
  header.writeUInt32LE(EV_CURRENT, 20); // e_version
  header.writeUInt32LE(LOAD_ADDRESS + HEADER_BYTES, 24); // e_entry
  header.writeUInt32LE(ELF_HEADER_BYTES, 32); // e_phoff
  header.writeUInt16LE(ELF_HEADER_BYTES, 52); // e_ehsize
  header.writeUInt16LE(PROGRAM_HEADER_BYTES, 54); // e_phentsize
  header.writeUInt16LE(PROGRAM_HEADERS, 56); // e_phnum
}

/** struct elf64_phdr of the whole file. */
function writeSegment(header: Buffer, bytes: number): void {
  header.writeUInt32LE(PT_LOAD, 0); // p_type
  header.writeUInt32LE(PF_R | PF_X, 4); // p_flags
  header.writeUInt32LE(LOAD_ADDRESS, 16); // p_vaddr
  header.writeUInt32LE(LOAD_ADDRESS, 24); // p_paddr
  header.writeUInt32LE(bytes, 32); // p_filesz
  header.writeUInt32LE(bytes, 40); // p_memsz
  header.writeUInt32LE(SEGMENT_ALIGN, 48); // p_align
}

/** struct elf64_phdr whose flags alone mean something. */
function writeStack(header: Buffer): void {
  header.writeUInt32LE(PT_GNU_STACK, 0); // p_type
  header.writeUInt32LE(PF_R | PF_W, 4); // p_flags
  header.writeUInt32LE(16, 48); // p_align
}
