/** Edits as the command line writes them. */
import { accountNumber } from "../edits/account-number.ts";
import type { Account, Edit, EditSource } from "../edits/edit.ts";
import { Docker2vmError } from "../errors.ts";
import { type CommandLine, flag, refuseEmpty } from "./arguments.ts";
import type { Host } from "./host.ts";
import { EDIT_OPTIONS, type EditOptionName } from "./options/edits.ts";

/** Standard input, as a source here. */
const STDIN = "-";

/** A path that ends as half an owner does: a user alone, or both before a mode that is none. Taking it for a name would be a guess. */
const LIKE_AN_OWNER = /:\d+$|:[^:/]*:[^:/]*:[^:/]*$/;
/** Before an owner it may be a user, and what is taken for the group a mode that is none. */
const COLON_IN_NAME = /:[^/]*$/;

type Read = (value: string, stdin: () => EditSource) => Edit | undefined;

/** What each option's value says; undefined where it says nothing. */
const READERS: Readonly<Record<EditOptionName, Read>> = {
  add: (value, stdin) => {
    const match = /^(.+?):(\/.*?)(?::([^:/]*):([^:/]*)(?::([0-7]{3,4}))?)?$/s.exec(value);
    if (match === null) return undefined;
    const [, source = "", path = "", user, group, mode] = match;
    if ((user === undefined ? LIKE_AN_OWNER : COLON_IN_NAME).test(path)) return undefined;
    return {
      type: "add",
      source: source === STDIN ? stdin() : source,
      path,
      user: account(user),
      group: account(group),
      mode: mode === undefined ? undefined : Number.parseInt(mode, 8),
    };
  },
  "add-tar": (source, stdin) => ({ type: "add-tar", source: source === STDIN ? stdin() : source }),
  remove: (path) => ({ type: "remove", path }),
  chown: (value) => ownerOf(value, false),
  "chown-tree": (value) => ownerOf(value, true),
  chmod: (value) => {
    const [, mode = "", path = ""] = /^([0-7]{3,4}):(.+)$/s.exec(value) ?? [];
    return path === "" ? undefined : { type: "chmod", path, mode: Number.parseInt(mode, 8) };
  },
  symlink: (value) => {
    const [, target = "", path = ""] = /^(.+):(\/.*)$/s.exec(value) ?? [];
    return path === "" ? undefined : { type: "symlink", target, path };
  },
  hosts: (value) => {
    const [, name = "", address = ""] = /^([^:=]+)[:=]\[?([^[\]]+)\]?$/.exec(value) ?? [];
    return name === "" ? undefined : { type: "host", name, address };
  },
  "resolv-conf": (source) => ({ type: "add", source, path: "/etc/resolv.conf", mode: 0o644 }),
  "ssh-key": (value) => {
    const [, keys = value, user] = /^(.+):([^:/]+)$/s.exec(value) ?? [];
    return { type: "ssh-key", keys, user };
  },
};

const FORMS: Readonly<Record<EditOptionName, string>> = {
  add: "SRC:DEST, as ./app:/opt/app or motd:/etc/motd:0:0:644; DEST begins with /, USER and GROUP come together, MODE has 3 or 4 octal digits",
  "add-tar": "the path of a tar",
  remove: "a path",
  chown: "USER:PATH, USER:GROUP:PATH or :GROUP:PATH, as 1000:1000:/srv",
  "chown-tree": "USER:PATH, USER:GROUP:PATH or :GROUP:PATH, as app:app:/srv",
  chmod: "MODE:PATH, as 755:/entrypoint.sh",
  symlink: "TARGET:PATH, as /usr/share/zoneinfo/UTC:/etc/localtime",
  hosts: "NAME:ADDRESS, as db:10.0.0.7",
  "resolv-conf": "the path of a file",
  "ssh-key": "FILE or FILE:USER, as id_ed25519.pub:admin",
};

/**
 * The edits in the order of the command line; undefined if there are none. `source`: what the image comes from, for standard input is read once.
 * Throws E_USAGE naming the option at fault.
 */
export function editsOf(
  line: CommandLine,
  host: Pick<Host, "openStdin" | "stdinIsTerminal">,
  source?: string,
): readonly Edit[] | undefined {
  const isSource = source === STDIN || source?.endsWith(`:${STDIN}`) === true;
  let isTaken = isSource || flag(line, "password-stdin");
  const given = line.given.flatMap(([name, value]) => (isEdit(name) ? [{ name, value }] : []));
  if (given.length === 0) return undefined;
  return given.map(({ name, value }) => {
    const stdin = (): EditSource => {
      if (isTaken)
        throw wrong("standard input is named twice", "it can be read once: give one of them a file");
      if (host.stdinIsTerminal)
        throw wrong("standard input is a terminal", "put what is to be added through a pipe");
      isTaken = true;
      return host.openStdin();
    };
    if (value === "") refuseEmpty(name);
    const edit = READERS[name](value, stdin);
    if (edit !== undefined) return edit;
    throw wrong(`--${name} does not take ${JSON.stringify(value)}`, `it takes ${FORMS[name]}`);
  });
}

function isEdit(name: string): name is EditOptionName {
  return Object.hasOwn(EDIT_OPTIONS, name);
}

/** Nothing written is nobody named. */
function account(text: string | undefined): Account | undefined {
  return text === undefined || text === "" ? undefined : (accountNumber(text) ?? text);
}

function ownerOf(value: string, recursive: boolean): Edit | undefined {
  const [, user, group, path = ""] = /^([^:/]*)(?::([^:/]+))?:(\/.*)$/s.exec(value) ?? [];
  if (path === "" || (user === "" && group === undefined)) return undefined;
  return { type: "chown", path, user: account(user), group: account(group), recursive };
}

function wrong(what: string, hint: string): Docker2vmError {
  return new Docker2vmError("E_USAGE", what, { hint });
}
