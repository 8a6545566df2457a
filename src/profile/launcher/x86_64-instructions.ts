import { MachineCode } from "./machine-code.ts";

/** Registers by their number in instructions. */
export const R = {
  rax: 0,
  rcx: 1,
  rdx: 2,
  rbx: 3,
  rsp: 4,
  rsi: 6,
  rdi: 7,
  r8: 8,
  r9: 9,
  r12: 12,
  r13: 13,
  r14: 14,
} as const;

export type Register = (typeof R)[keyof typeof R];

/** Second opcode bytes of near jumps. */
const CONDITION = { equal: 0x84, unequal: 0x85 } as const;

/** The instructions that the program uses, always in their 64-bit form with 32-bit displacements: AMD64 manual, volume 3. */
export class X86_64Code extends MachineCode {
  /** mov to, from */
  move(to: Register, from: Register): void {
    this.#registers(0x89, from, to);
  }

  /** mov to, imm32, sign-extended */
  set(to: Register, value: number): void {
    this.emit(rex(0, to), 0xc7, modrm(3, 0, to));
    this.emit32(value);
  }

  /** mov to, [base+offset] */
  load(to: Register, base: Register, offset = 0): void {
    this.emit(rex(to, base), 0x8b);
    this.#memory(to, base, offset);
  }

  /** mov [base+offset], from */
  store(from: Register, base: Register, offset = 0): void {
    this.emit(rex(from, base), 0x89);
    this.#memory(from, base, offset);
  }

  /** movzx to, byte [base] */
  loadByte(to: Register, base: Register): void {
    this.emit(rex(to, base), 0x0f, 0xb6);
    this.#memory(to, base, 0);
  }

  /** lea to, [base+offset] */
  address(to: Register, base: Register, offset: number): void {
    this.emit(rex(to, base), 0x8d);
    this.#memory(to, base, offset);
  }

  /** lea to, [rip+label] */
  addressOf(to: Register, label: string): void {
    this.emit(rex(to, 0), 0x8d, modrm(0, to, 5));
    this.#relative(label);
  }

  /** add register, imm32 */
  add(register: Register, value: number): void {
    this.emit(rex(0, register), 0x81, modrm(3, 0, register));
    this.emit32(value);
  }

  /** cmp register, imm32 */
  compare(register: Register, value: number): void {
    this.emit(rex(0, register), 0x81, modrm(3, 7, register));
    this.emit32(value);
  }

  /** cmp a, b */
  compareRegisters(a: Register, b: Register): void {
    this.#registers(0x39, b, a);
  }

  push(register: Register): void {
    this.emit(rex(0, register), 0x50 | (register & 7));
  }

  jump(label: string): void {
    this.emit(0xe9);
    this.#relative(label);
  }

  /** je, jne */
  jumpIf(condition: keyof typeof CONDITION, label: string): void {
    this.emit(0x0f, CONDITION[condition]);
    this.#relative(label);
  }

  call(label: string): void {
    this.emit(0xe8);
    this.#relative(label);
  }

  return(): void {
    this.emit(0xc3);
  }

  /** syscall, by its number in arch/x86/entry/syscalls/syscall_64.tbl; arguments in rdi, rsi, rdx, result in rax. */
  systemCall(number: number): void {
    this.set(R.rax, number);
    this.emit(0x0f, 0x05);
  }

  #registers(opcode: number, reg: Register, rm: Register): void {
    this.emit(rex(reg, rm), opcode, modrm(3, reg, rm));
  }

  #memory(register: Register, base: Register, offset: number): void {
    this.emit(modrm(2, register, base));
    // The number of rsp and r12 stands for "a SIB byte follows": one of base alone.
    if ((base & 7) === R.rsp) this.emit(0x24);
    this.emit32(offset);
  }

  /** Displacements count from the end of the instruction, which is that of the displacement. */
  #relative(label: string): void {
    this.refer(label, (code, at, distance) => code.writeInt32LE(distance - 4, at));
    this.emit32(0);
  }
}

/** REX prefix of a 64-bit operation. */
function rex(reg: number, rm: number): number {
  return 0x48 | (reg >= 8 ? 4 : 0) | (rm >= 8 ? 1 : 0);
}

function modrm(mode: number, reg: number, rm: number): number {
  return (mode << 6) | ((reg & 7) << 3) | (rm & 7);
}
