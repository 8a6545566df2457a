/** What an edit may say, whatever the image has. */
import { Docker2vmError } from "../errors.ts";
import { awaitReader } from "../source/byte-stream.ts";
import { NAME_MAX } from "../tree/path.ts";
import { accountNumber } from "./account-number.ts";
import { editName } from "./describe.ts";
import type { Account, Edit } from "./edit.ts";

const TYPES: readonly string[] = [
  "add",
  "add-tar",
  "remove",
  "chown",
  "chmod",
  "symlink",
  "host",
  "ssh-key",
] satisfies readonly Edit["type"][];

/** uid_t has 32 bits, and all of them set is no user. */
const IDS = 2 ** 32 - 1;
const MOST_MODE = 0o7777;
/** PATH_MAX with the NUL at its end: what symlink(2) takes. */
const MOST_TARGET = 4095;
/** hosts(5), with the underscores that people use. */
const HOST_NAME = /^[\w](?:[\w.-]{0,253}[\w])?$/;

/** Throws E_USAGE, naming the edit, for what no image could make right. */
export function checkEdits(edits: readonly Edit[]): readonly Edit[] {
  for (const [index, edit] of edits.entries()) {
    if (!TYPES.includes(edit?.type)) {
      throw usage(`edit ${index + 1}: ${JSON.stringify(edit?.type)} is no type of edit`, {
        hint: `choose one of ${TYPES.join(", ")}`,
      });
    }
    const fault = faultOf(edit);
    if (fault !== undefined) throw usage(`${editName(index, edit)}: ${fault.what}`, fault);
    if ("source" in edit && typeof edit.source !== "string") awaitReader(edit.source);
  }
  return edits;
}

interface Fault {
  readonly what: string;
  readonly hint: string;
}

function faultOf(edit: Edit): Fault | undefined {
  const isAnywhere = edit.type === "add-tar" || edit.type === "host" || edit.type === "ssh-key";
  const fault = isAnywhere ? undefined : pathFault(edit.path);
  if (fault !== undefined) return fault;
  switch (edit.type) {
    case "add":
      return accountFault(edit.user) ?? accountFault(edit.group) ?? modeFault(edit.mode);
    case "chown":
      if (edit.user === undefined && edit.group === undefined) {
        return { what: "names neither a user nor a group", hint: "give one of them" };
      }
      return accountFault(edit.user) ?? accountFault(edit.group);
    case "chmod":
      return modeFault(edit.mode);
    case "symlink":
      return targetFault(edit.target);
    case "host":
      return hostFault(edit.name, edit.address);
    case "ssh-key":
      if (typeof edit.keys === "string" || edit.keys instanceof Uint8Array) return undefined;
      return { what: "has no keys", hint: "give what is in a file of public keys, a line for each" };
    case "add-tar":
    case "remove":
      return undefined;
  }
}

function pathFault(path: string): Fault | undefined {
  if (typeof path !== "string") return { what: "the path is no text", hint: "give it in quotes" };
  if (!path.startsWith("/")) {
    return { what: "the path is not absolute", hint: "begin it with /, the root of the image's files" };
  }
  if (path.includes("\0")) return { what: "the path has a NUL in it", hint: "leave it out" };
  const tooLong = path.split("/").find((name) => Buffer.byteLength(name) > NAME_MAX);
  if (tooLong === undefined) return undefined;
  return {
    what: `the path has a name of ${Buffer.byteLength(tooLong)} bytes`,
    hint: `no name has more than ${NAME_MAX}`,
  };
}

function accountFault(account: Account | undefined): Fault | undefined {
  if (account === undefined) return undefined;
  const number = accountNumber(account);
  if (number === undefined) {
    return account === ""
      ? { what: "a user or group has no name", hint: "give one, or a number" }
      : undefined;
  }
  if (Number.isSafeInteger(number) && number >= 0 && number < IDS) return undefined;
  return { what: `${number} is no user or group`, hint: `numbers are whole, and below ${IDS}` };
}

function modeFault(mode: number | undefined): Fault | undefined {
  if (mode === undefined || (Number.isInteger(mode) && mode >= 0 && mode <= MOST_MODE)) return undefined;
  return { what: `${mode} is no mode`, hint: "permissions are 0 to 7777, octal" };
}

function targetFault(target: string): Fault | undefined {
  const bytes = typeof target === "string" ? Buffer.byteLength(target) : 0;
  if (bytes > 0 && bytes <= MOST_TARGET && !target.includes("\0")) return undefined;
  return {
    what: "no symlink has such a target",
    hint: `it has 1 to ${MOST_TARGET} bytes, and no NUL among them`,
  };
}

function hostFault(name: string, address: string): Fault | undefined {
  if (!HOST_NAME.test(name)) {
    return {
      what: `${JSON.stringify(name)} is no name of a host`,
      hint: "letters, digits, - and . make one",
    };
  }
  // Loaded for an address alone: of all that a runtime has, its network takes longest.
  if (process.getBuiltinModule("node:net").isIP(address) !== 0) return undefined;
  return { what: `${JSON.stringify(address)} is no address`, hint: "give one as 10.0.0.7 or fd00::7" };
}

function usage(message: string, { hint }: { readonly hint: string }): Docker2vmError {
  return new Docker2vmError("E_USAGE", message, { hint });
}
