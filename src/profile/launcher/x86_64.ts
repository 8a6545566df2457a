import { DEV_NULL, emitData, FAILURES, type Failure } from "./program-data.ts";
import type { Identity } from "./user.ts";
import { R, X86_64Code } from "./x86_64-instructions.ts";

/** arch/x86/entry/syscalls/syscall_64.tbl. */
const SYS = {
  write: 1,
  fstat: 5,
  execve: 59,
  fchown: 93,
  setgroups: 116,
  setresuid: 117,
  setresgid: 119,
  exit_group: 231,
} as const;

/** struct stat of arch/x86/include/uapi/asm/stat.h. */
const STAT_BYTES = 144;
const ST_RDEV = 40;

const ENOENT = 2;
const EQUALS_SIGN = 0x3d;

/**
 * The program of `execAs` for x86-64. The kernel starts it with argc, argv, envp on the stack, each array ended by
 * NULL. Registers: rbx variables to drop, r12 variables to add, r13 the command, r14 the finished environment.
 */
export function x86_64Program(identity: Identity): Uint8Array {
  const code = new X86_64Code();
  splitArguments(code);
  buildEnvironment(code);
  giveStdio(code, identity);
  becomeUser(code, identity);
  execute(code);
  nextSection(code);
  listed(code);
  for (const failure of Object.keys(FAILURES)) fail(code, failure as Failure);
  emitData(code, identity);
  return code.finish();
}

/** Leaves rsi at the first inherited variable. */
function splitArguments(code: X86_64Code): void {
  code.address(R.rbx, R.rsp, 16); // argv[1]
  code.move(R.rsi, R.rbx);
  code.call("next section");
  code.move(R.r12, R.rsi);
  code.call("next section");
  code.move(R.r13, R.rsi);
  code.label("to the end of argv");
  code.load(R.rax, R.rsi);
  code.add(R.rsi, 8);
  code.compare(R.rax, 0);
  code.jumpIf("unequal", "to the end of argv");
}

/** Pushes the environment, last pointer first: the stack is the array. */
function buildEnvironment(code: X86_64Code): void {
  code.push(R.rax); // NULL, from the end of argv
  code.label("inherited");
  code.load(R.rdi, R.rsi);
  code.add(R.rsi, 8);
  code.compare(R.rdi, 0);
  code.jumpIf("equal", "added");
  code.move(R.rdx, R.rbx);
  code.call("listed");
  code.jumpIf("equal", "inherited");
  code.push(R.rdi);
  code.jump("inherited");

  code.label("added");
  code.load(R.rdi, R.r12);
  code.add(R.r12, 8);
  code.compare(R.rdi, 0);
  code.jumpIf("equal", "environment done");
  code.move(R.rdx, R.rsp);
  code.call("listed");
  code.jumpIf("equal", "added");
  code.push(R.rdi);
  code.jump("added");
  code.label("environment done");
  code.move(R.r14, R.rsp);
}

function giveStdio(code: X86_64Code, identity: Identity): void {
  code.add(R.rsp, -STAT_BYTES);
  code.set(R.rbx, 0); // the descriptor
  code.label("stdio");
  code.move(R.rdi, R.rbx);
  code.move(R.rsi, R.rsp);
  code.systemCall(SYS.fstat);
  code.compare(R.rax, 0);
  code.jumpIf("unequal", "next descriptor");
  code.load(R.rax, R.rsp, ST_RDEV);
  code.compare(R.rax, DEV_NULL);
  code.jumpIf("equal", "next descriptor");
  code.move(R.rdi, R.rbx);
  code.set(R.rsi, identity.uid);
  code.set(R.rdx, -1); // the group stays
  code.systemCall(SYS.fchown);
  code.label("next descriptor");
  code.add(R.rbx, 1);
  code.compare(R.rbx, 3);
  code.jumpIf("unequal", "stdio");
}

/** Groups first: only root may set them. */
function becomeUser(code: X86_64Code, { uid, gid, groups }: Identity): void {
  code.set(R.rdi, groups.length);
  code.addressOf(R.rsi, "groups");
  code.systemCall(SYS.setgroups);
  code.compare(R.rax, 0);
  code.jumpIf("unequal", "setgroups");
  for (const [call, id] of [
    ["setresgid", gid],
    ["setresuid", uid],
  ] as const) {
    for (const argument of [R.rdi, R.rsi, R.rdx]) code.set(argument, id);
    code.systemCall(SYS[call]);
    code.compare(R.rax, 0);
    code.jumpIf("unequal", call);
  }
}

/** Returns, with an errno, only if it fails. */
function execute(code: X86_64Code): void {
  code.load(R.rdi, R.r13);
  code.address(R.rsi, R.r13, 8);
  code.move(R.rdx, R.r14);
  code.systemCall(SYS.execve);
  code.compare(R.rax, -ENOENT);
  code.jumpIf("equal", "missing");
  code.jump("refused");
}

/** Subroutine: moves rsi behind the next empty argument and puts NULL in its place. */
function nextSection(code: X86_64Code): void {
  code.label("next section");
  code.load(R.rax, R.rsi);
  code.compare(R.rax, 0);
  code.jumpIf("equal", "usage");
  code.add(R.rsi, 8);
  code.loadByte(R.rax, R.rax);
  code.compare(R.rax, 0);
  code.jumpIf("unequal", "next section");
  code.store(R.rax, R.rsi, -8);
  code.return();
}

/** Subroutine: the flags say "equal" if a variable of the array at rdx has the name of the variable rdi. */
function listed(code: X86_64Code): void {
  code.label("listed");
  code.load(R.r8, R.rdx);
  code.add(R.rdx, 8);
  code.compare(R.r8, 0);
  code.jumpIf("equal", "not listed");
  code.move(R.r9, R.rdi);
  code.label("next character");
  code.loadByte(R.rax, R.r8);
  code.loadByte(R.rcx, R.r9);
  code.compareRegisters(R.rax, R.rcx);
  code.jumpIf("unequal", "listed");
  code.compare(R.rax, 0); // both ended without "="
  code.jumpIf("equal", "listed");
  code.add(R.r8, 1);
  code.add(R.r9, 1);
  code.compare(R.rax, EQUALS_SIGN);
  code.jumpIf("unequal", "next character");
  code.return();
  code.label("not listed");
  code.compare(R.rdi, 0); // a pointer: unequal
  code.return();
}

function fail(code: X86_64Code, failure: Failure): void {
  const { status, message } = FAILURES[failure];
  code.label(failure);
  code.set(R.rdi, 2);
  code.addressOf(R.rsi, `message of ${failure}`);
  code.set(R.rdx, message.length);
  code.systemCall(SYS.write);
  code.set(R.rdi, status);
  code.systemCall(SYS.exit_group);
}
