import { Aarch64Code, X } from "./aarch64-instructions.ts";
import { DEV_NULL, emitData, FAILURES, type Failure } from "./program-data.ts";
import type { Identity } from "./user.ts";

/** include/uapi/asm-generic/unistd.h. */
const SYS = {
  fchown: 55,
  write: 64,
  fstat: 80,
  exit_group: 94,
  setresuid: 147,
  setresgid: 149,
  setgroups: 159,
  execve: 221,
} as const;

/** struct stat of include/uapi/asm-generic/stat.h. */
const STAT_BYTES = 128;
const ST_RDEV = 32;

const ENOENT = 2;
const EQUALS_SIGN = 0x3d;

/**
 * The program of `execAs` for AArch64. The kernel starts it with argc, argv, envp on the stack, each array ended by
 * NULL. Registers: x19 variables to drop, x20 variables to add, x21 the command, x22 the environment as it grows.
 */
export function aarch64Program(identity: Identity): Uint8Array {
  const code = new Aarch64Code();
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

/** Leaves x1 at the first inherited variable. */
function splitArguments(code: Aarch64Code): void {
  code.add(X.x19, X.sp, 16); // argv[1]
  code.move(X.x1, X.x19);
  code.call("next section");
  code.move(X.x20, X.x1);
  code.call("next section");
  code.move(X.x21, X.x1);
  code.label("to the end of argv");
  code.loadNext(X.x9, X.x1);
  code.compare(X.x9, 0);
  code.jumpIf("unequal", "to the end of argv");
}

/** Stores the environment downwards from the stack pointer, last pointer first. No signal handler is in the way. */
function buildEnvironment(code: Aarch64Code): void {
  code.move(X.x22, X.sp);
  code.storeBefore(X.x9, X.x22); // NULL, from the end of argv
  code.label("inherited");
  code.loadNext(X.x0, X.x1);
  code.compare(X.x0, 0);
  code.jumpIf("equal", "added");
  code.move(X.x2, X.x19);
  code.call("listed");
  code.jumpIf("equal", "inherited");
  code.storeBefore(X.x0, X.x22);
  code.jump("inherited");

  code.label("added");
  code.loadNext(X.x0, X.x20);
  code.compare(X.x0, 0);
  code.jumpIf("equal", "environment done");
  code.move(X.x2, X.x22);
  code.call("listed");
  code.jumpIf("equal", "added");
  code.storeBefore(X.x0, X.x22);
  code.jump("added");
  code.label("environment done");
}

function giveStdio(code: Aarch64Code, identity: Identity): void {
  code.add(X.x12, X.x22, -STAT_BYTES);
  code.set(X.x19, 0); // the descriptor
  code.label("stdio");
  code.move(X.x0, X.x19);
  code.move(X.x1, X.x12);
  code.systemCall(SYS.fstat);
  code.compare(X.x0, 0);
  code.jumpIf("unequal", "next descriptor");
  code.load(X.x9, X.x12, ST_RDEV);
  code.compare(X.x9, DEV_NULL);
  code.jumpIf("equal", "next descriptor");
  code.move(X.x0, X.x19);
  code.set(X.x1, identity.uid);
  code.set(X.x2, -1); // the group stays
  code.systemCall(SYS.fchown);
  code.label("next descriptor");
  code.add(X.x19, X.x19, 1);
  code.compare(X.x19, 3);
  code.jumpIf("unequal", "stdio");
}

/** Groups first: only root may set them. */
function becomeUser(code: Aarch64Code, { uid, gid, groups }: Identity): void {
  code.set(X.x0, groups.length);
  code.addressOf(X.x1, "groups");
  code.systemCall(SYS.setgroups);
  code.compare(X.x0, 0);
  code.jumpIf("unequal", "setgroups");
  for (const [call, id] of [
    ["setresgid", gid],
    ["setresuid", uid],
  ] as const) {
    for (const argument of [X.x0, X.x1, X.x2]) code.set(argument, id);
    code.systemCall(SYS[call]);
    code.compare(X.x0, 0);
    code.jumpIf("unequal", call);
  }
}

/** Returns, with an errno, only if it fails. */
function execute(code: Aarch64Code): void {
  code.load(X.x0, X.x21);
  code.add(X.x1, X.x21, 8);
  code.move(X.x2, X.x22);
  code.systemCall(SYS.execve);
  code.compare(X.x0, -ENOENT);
  code.jumpIf("equal", "missing");
  code.jump("refused");
}

/** Subroutine: moves x1 behind the next empty argument and puts NULL in its place. */
function nextSection(code: Aarch64Code): void {
  code.label("next section");
  code.loadNext(X.x9, X.x1);
  code.compare(X.x9, 0);
  code.jumpIf("equal", "usage");
  code.loadNextByte(X.x10, X.x9);
  code.compare(X.x10, 0);
  code.jumpIf("unequal", "next section");
  code.store(X.x10, X.x1, -8);
  code.return();
}

/** Subroutine: the flags say "equal" if a variable of the array at x2 has the name of the variable x0. */
function listed(code: Aarch64Code): void {
  code.label("listed");
  code.loadNext(X.x9, X.x2);
  code.compare(X.x9, 0);
  code.jumpIf("equal", "not listed");
  code.move(X.x10, X.x0);
  code.label("next character");
  code.loadNextByte(X.x11, X.x9);
  code.loadNextByte(X.x12, X.x10);
  code.compareRegisters(X.x11, X.x12);
  code.jumpIf("unequal", "listed");
  code.compare(X.x11, 0); // both ended without "="
  code.jumpIf("equal", "listed");
  code.compare(X.x11, EQUALS_SIGN);
  code.jumpIf("unequal", "next character");
  code.return();
  code.label("not listed");
  code.compare(X.x0, 0); // a pointer: unequal
  code.return();
}

function fail(code: Aarch64Code, failure: Failure): void {
  const { status, message } = FAILURES[failure];
  code.label(failure);
  code.set(X.x0, 2);
  code.addressOf(X.x1, `message of ${failure}`);
  code.set(X.x2, message.length);
  code.systemCall(SYS.write);
  code.set(X.x0, status);
  code.systemCall(SYS.exit_group);
}
