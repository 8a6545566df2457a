/** ELF files with headers and nothing to run. */

export interface ElfFacts {
  /** x86-64 unless given. */
  readonly machine?: number;
  readonly interpreter?: string;
  readonly needed?: readonly string[];
  readonly runPath?: string;
  /** Written as DT_RPATH, the older tag. */
  readonly rPath?: string;
}

const HEADER = 64;
const SEGMENT = 56;
const SEGMENTS = 3;
/** Where the file is mapped; not its offset, so that a reader must translate. */
const ADDRESS = 0x400000;

export function elf({ machine = 62, interpreter, needed = [], runPath, rPath }: ElfFacts = {}): Buffer {
  const strings = new Strings();
  const interpreterAt = interpreter === undefined ? undefined : strings.add(interpreter);
  const dynamic: [number, number][] = needed.map((name) => [1, strings.add(name)]);
  if (runPath !== undefined) dynamic.push([29, strings.add(runPath)]);
  if (rPath !== undefined) dynamic.push([15, strings.add(rPath)]);
  const stringsAt = HEADER + SEGMENTS * SEGMENT;
  const dynamicAt = stringsAt + strings.bytes.length;
  const entries = [...dynamic, [5, ADDRESS + stringsAt] as const, [0, 0] as const];
  const size = dynamicAt + entries.length * 16;
  const bytes = Buffer.alloc(size);
  bytes.write("\x7fELF\x02\x01\x01", 0, "latin1");
  bytes.writeUInt16LE(3, 16);
  bytes.writeUInt16LE(machine, 18);
  bytes.writeBigUInt64LE(BigInt(HEADER), 32);
  bytes.writeUInt16LE(SEGMENT, 54);
  const segments = [[1, 0, size]];
  if (interpreterAt !== undefined) {
    segments.push([3, stringsAt + interpreterAt, (interpreter ?? "").length + 1]);
  }
  if (needed.length > 0 || interpreter !== undefined) segments.push([2, dynamicAt, entries.length * 16]);
  bytes.writeUInt16LE(segments.length, 56);
  segments.forEach(([type = 0, offset = 0, length = 0], i) => {
    const at = HEADER + i * SEGMENT;
    bytes.writeUInt32LE(type, at);
    bytes.writeBigUInt64LE(BigInt(offset), at + 8);
    bytes.writeBigUInt64LE(BigInt(ADDRESS + offset), at + 16);
    bytes.writeBigUInt64LE(BigInt(length), at + 32);
  });
  strings.bytes.copy(bytes, stringsAt);
  entries.forEach(([tag, value], i) => {
    bytes.writeBigUInt64LE(BigInt(tag), dynamicAt + i * 16);
    bytes.writeBigUInt64LE(BigInt(value), dynamicAt + i * 16 + 8);
  });
  return bytes;
}

class Strings {
  bytes = Buffer.from("\0");

  add(text: string): number {
    const at = this.bytes.length;
    this.bytes = Buffer.concat([this.bytes, Buffer.from(`${text}\0`, "latin1")]);
    return at;
  }
}
