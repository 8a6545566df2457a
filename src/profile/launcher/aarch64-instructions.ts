import { MachineCode } from "./machine-code.ts";

/** Registers by their number in instructions. */
export const X = {
  x0: 0,
  x1: 1,
  x2: 2,
  x8: 8,
  x9: 9,
  x10: 10,
  x11: 11,
  x12: 12,
  x19: 19,
  x20: 20,
  x21: 21,
  x22: 22,
  /** The stack pointer, where an instruction takes it; 16-byte aligned whenever memory is reached by it. */
  sp: 31,
} as const;

export type Register = (typeof X)[keyof typeof X];

/** The number that names the zero register where an instruction does not take the stack pointer. */
const XZR = 31;

const CONDITION = { equal: 0, unequal: 1 } as const;

/** The instructions that the program uses, always in their 64-bit form: Arm A-profile A64 instruction set. */
export class Aarch64Code extends MachineCode {
  /** mov to, from (an add of 0, which also takes sp) */
  move(to: Register, from: Register): void {
    this.#immediate(0x91000000, to, from, 0);
  }

  /** movz and movk, or movn for the negative: -2^16 to 2^31-1 */
  set(to: Register, value: number): void {
    if (value < 0) {
      this.emit32(0x92800000 | (~value << 5) | to);
      return;
    }
    this.emit32(0xd2800000 | ((value & 0xffff) << 5) | to);
    if (value > 0xffff) this.emit32(0xf2a00000 | ((value >> 16) << 5) | to);
  }

  /** add to, from, #value or sub, if it is negative: up to 4095 */
  add(to: Register, from: Register, value: number): void {
    this.#immediate(value < 0 ? 0xd1000000 : 0x91000000, to, from, Math.abs(value));
  }

  /** cmp register, #value or cmn, if it is negative: up to 4095 */
  compare(register: Register, value: number): void {
    this.#immediate(value < 0 ? 0xb1000000 : 0xf1000000, XZR, register, Math.abs(value));
  }

  /** cmp a, b */
  compareRegisters(a: Register, b: Register): void {
    this.emit32(0xeb000000 | (b << 16) | (a << 5) | XZR);
  }

  /** ldr to, [base, #offset]: a multiple of 8 */
  load(to: Register, base: Register, offset = 0): void {
    this.#immediate(0xf9400000, to, base, offset / 8);
  }

  /** ldr to, [base], #8 */
  loadNext(to: Register, base: Register): void {
    this.#indexed(0xf8400400, to, base, 8);
  }

  /** ldrb to, [base], #1 */
  loadNextByte(to: Register, base: Register): void {
    this.#indexed(0x38400400, to, base, 1);
  }

  /** stur from, [base, #offset]: -256 to 255 */
  store(from: Register, base: Register, offset: number): void {
    this.#indexed(0xf8000000, from, base, offset);
  }

  /** str from, [base, #-8]! */
  storeBefore(from: Register, base: Register): void {
    this.#indexed(0xf8000c00, from, base, -8);
  }

  /** adr to, label: up to 1 MiB away */
  addressOf(to: Register, label: string): void {
    this.refer(label, (code, at, distance) => {
      const bits = ((distance & 3) << 29) | (((distance >> 2) & 0x7ffff) << 5);
      code.writeInt32LE(code.readInt32LE(at) | bits, at);
    });
    this.emit32(0x10000000 | to);
  }

  /** b */
  jump(label: string): void {
    this.#branch(0x14000000, label, 26, 0);
  }

  /** b.eq, b.ne */
  jumpIf(condition: keyof typeof CONDITION, label: string): void {
    this.#branch(0x54000000 | CONDITION[condition], label, 19, 5);
  }

  /** bl: the return address goes to x30 */
  call(label: string): void {
    this.#branch(0x94000000, label, 26, 0);
  }

  /** ret */
  return(): void {
    this.emit32(0xd65f03c0);
  }

  /** svc, by the call's number in include/uapi/asm-generic/unistd.h; arguments from x0, result in x0, no other changes. */
  systemCall(number: number): void {
    this.set(X.x8, number);
    this.emit32(0xd4000001);
  }

  #immediate(opcode: number, to: number, from: Register, value: number): void {
    this.emit32(opcode | (value << 10) | (from << 5) | to);
  }

  #indexed(opcode: number, register: Register, base: Register, offset: number): void {
    this.emit32(opcode | ((offset & 0x1ff) << 12) | (base << 5) | register);
  }

  /** Distances count in instructions, from the branch itself. */
  #branch(opcode: number, label: string, width: number, shift: number): void {
    this.refer(label, (code, at, distance) => {
      const bits = ((distance / 4) & (2 ** width - 1)) << shift;
      code.writeInt32LE(code.readInt32LE(at) | bits, at);
    });
    this.emit32(opcode);
  }
}
