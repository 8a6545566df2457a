/** As much of an ELF header as tells the machine. */
const HEADERS = {
  amd64: [2, 1, 62],
  arm64: [2, 1, 183],
  riscv64: [2, 1, 243],
  s390x: [2, 2, 22],
} as const;

/** What begins as a program for the machine does. */
export function programFor(architecture: keyof typeof HEADERS): Buffer {
  const [bits, order, machine] = HEADERS[architecture];
  const header = Buffer.alloc(64);
  header.write("\x7fELF", "latin1");
  header[4] = bits;
  header[5] = order;
  for (const [at, value] of [
    [16, 3],
    [18, machine],
  ] as const) {
    if (order === 1) header.writeUInt16LE(value, at);
    else header.writeUInt16BE(value, at);
  }
  return header;
}
