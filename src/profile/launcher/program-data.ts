import type { MachineCode } from "./machine-code.ts";
import type { Identity } from "./user.ts";

/** How the program ends where it fails: a label of its code, the status, and the message. */
export const FAILURES = {
  usage: { status: 125, message: "docker2vm: exec-as: wrong arguments\n" },
  setgroups: { status: 125, message: "docker2vm: exec-as: the user's groups cannot be set\n" },
  setresgid: { status: 125, message: "docker2vm: exec-as: the user's gid cannot be set\n" },
  setresuid: { status: 125, message: "docker2vm: exec-as: the user's uid cannot be set\n" },
  missing: { status: 127, message: "docker2vm: the command, or what it is to be run by, is not there\n" },
  refused: { status: 126, message: "docker2vm: the command cannot be executed\n" },
} as const;

export type Failure = keyof typeof FAILURES;

/** The device number of /dev/null, 1:3, as stat(2) packs it. */
export const DEV_NULL = 0x103;

/** The program's constants: label "groups" (gid_t each), and "message of ..." of every failure. */
export function emitData(code: MachineCode, identity: Identity): void {
  code.align(4);
  code.label("groups");
  for (const gid of identity.groups) code.emit32(gid);
  for (const [failure, { message }] of Object.entries(FAILURES)) {
    code.label(`message of ${failure}`);
    code.emit(...Buffer.from(message, "latin1"));
  }
}
