/** Programs of macOS: mach-o/loader.h of its kernel (xnu, EXTERNAL_HEADERS). */
import { assert } from "../errors.ts";

const MH_MAGIC_64 = 0xfeedfacf;
const LC_SEGMENT_64 = 0x19;
const LC_CODE_SIGNATURE = 0x1d;
const LINKEDIT = "__LINKEDIT";

/** struct mach_header_64 */
const HEADER = { bytes: 32, ncmds: 16, sizeofcmds: 20 } as const;
/** struct segment_command_64 */
const SEGMENT = { segname: 8, fileoff: 40, filesize: 48 } as const;
/** struct linkedit_data_command */
const LINKEDIT_DATA = { dataoff: 8, datasize: 12 } as const;

export interface LoadCommand {
  readonly cmd: number;
  /** In the file. */
  readonly offset: number;
  readonly size: number;
}

export function loadCommands(file: Buffer): readonly LoadCommand[] {
  assert(file.readUInt32LE(0) === MH_MAGIC_64, "the executable is no Mach-O of 64 bits");
  const commands: LoadCommand[] = [];
  let offset: number = HEADER.bytes;
  for (let left = file.readUInt32LE(HEADER.ncmds); left > 0; left--) {
    const size = file.readUInt32LE(offset + 4);
    commands.push({ cmd: file.readUInt32LE(offset), offset, size });
    offset += size;
  }
  return commands;
}

/** Where the signature lies in the file; undefined for a program without one. */
export function signatureOf(
  file: Buffer,
): { readonly offset: number; readonly size: number; readonly command: LoadCommand } | undefined {
  const command = loadCommands(file).find(({ cmd }) => cmd === LC_CODE_SIGNATURE);
  if (command === undefined) return undefined;
  const offset = file.readUInt32LE(command.offset + LINKEDIT_DATA.dataoff);
  return { offset, size: file.readUInt32LE(command.offset + LINKEDIT_DATA.datasize), command };
}

/**
 * The program without its signature, which has to lie at the file's end: that of Bun's maker is in an executable for Intel
 * still, whose bytes it does not cover any more. A Mac with such a processor starts a program that is not signed, and none
 * whose signature is wrong. (For Apple's own processors, which start nothing unsigned, Bun signs anew.)
 */
export function withoutSignature(bytes: Uint8Array): Uint8Array {
  const file = Buffer.from(bytes);
  const signature = signatureOf(file);
  if (signature === undefined) return file;
  const { command, offset, size } = signature;
  assert(offset + size === file.length, "the signature is not the last of the executable");
  const linkedit = loadCommands(file).find((each) => each.cmd === LC_SEGMENT_64 && isLinkedit(file, each));
  assert(linkedit !== undefined, "the executable has no __LINKEDIT");
  const start = Number(file.readBigUInt64LE(linkedit.offset + SEGMENT.fileoff));
  file.writeBigUInt64LE(BigInt(offset - start), linkedit.offset + SEGMENT.filesize);
  removeCommand(file, command);
  return file.subarray(0, offset);
}

function isLinkedit(file: Buffer, { offset }: LoadCommand): boolean {
  const name = file.toString("latin1", offset + SEGMENT.segname, offset + SEGMENT.segname + 16);
  return name.replace(/\0+$/, "") === LINKEDIT;
}

function removeCommand(file: Buffer, { offset, size }: LoadCommand): void {
  const sizeOfAll = file.readUInt32LE(HEADER.sizeofcmds);
  const end = HEADER.bytes + sizeOfAll;
  file.copyWithin(offset, offset + size, end);
  file.fill(0, end - size, end);
  file.writeUInt32LE(file.readUInt32LE(HEADER.ncmds) - 1, HEADER.ncmds);
  file.writeUInt32LE(sizeOfAll - size, HEADER.sizeofcmds);
}
