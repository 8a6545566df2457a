import { quoted, quotedAll } from "../shell-words.ts";
import type { WorkloadEnvironment } from "./environment.ts";
import { GUESTS_OWN, GUESTS_PATH, OTHERS_PATHS } from "./guest-variables.ts";
import type { Identity } from "./user.ts";

/** What the launcher starts. Strings are bytes, one character each. */
export interface Workload {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  /** Absolute. */
  readonly workingDirectory: string;
  readonly environment: WorkloadEnvironment;
}

/** Set by shells for themselves, some at the very moment of exec: no part of the workload's environment. */
const SHELLS_OWN = ["_=", "SHLVL=", "PWD=", "OLDPWD="];

/**
 * The launcher: a script for any POSIX shell that starts the workload through `execAs`, the path of ovms-init by that
 * name (`guest/program/exec-as.h`), in its own process. Its variables bear a prefix, for what it assigns is exported if the caller exported the name.
 *
 * What the workload finds set: what the caller exported, then what the image sets. What the guest has set for itself
 * counts as neither (see guest-variables.ts).
 */
export function launcherScript(workload: Workload, identity: Identity, execAs: string): string {
  return [
    HEAD,
    commandLine(workload),
    directory(workload.workingDirectory),
    ...variables(workload.environment),
    SEARCH,
    start(workload.environment, identity, execAs),
  ].join("\n");
}

/** The launcher of an image whose workload cannot be started. */
export function refusingScript(reason: string): string {
  return [HEAD, `d2vm_fail 125 ${quoted(reason)}\n`].join("\n");
}

const HEAD = `#!/bin/sh
# Runs the image's workload as a container runtime would: run [ARG]...
# Arguments take the place of the image's Cmd.

d2vm_fail() {
  echo "docker2vm: $2" >&2
  exit "$1"
}
`;

function commandLine({ entrypoint, cmd }: Workload): string {
  const lines = [];
  if (cmd.length > 0) lines.push(`[ $# -gt 0 ] || set -- ${quotedAll(cmd)}`);
  if (entrypoint.length > 0) lines.push(`set -- ${quotedAll(entrypoint)} "$@"`);
  lines.push("[ $# -gt 0 ] || d2vm_fail 125 'the image has no command, and none was given'\n");
  return lines.join("\n");
}

/** A missing one is made, as Docker does; init's mounts may hide one that the image has. */
function directory(path: string): string {
  const word = quoted(path);
  const failure = quoted(`the working directory '${path}' cannot be entered`);
  return `umask 022
[ -d ${word} ] || (PATH=${GUESTS_PATH} && mkdir -p ${word})
cd ${word} || d2vm_fail 125 ${failure}
`;
}

function variables(environment: WorkloadEnvironment): string[] {
  const clear = Object.entries(GUESTS_OWN).map(
    ([name, pattern]) => `case \${${name}-} in ${pattern}) unset ${name} ;; esac`,
  );
  const guests = [...OTHERS_PATHS, quoted(environment.guestPath)];
  return [
    "# What the guest set for its own sake is not for the workload.",
    ...clear,
    "",
    "# A shell that was given no PATH has one all the same; most do not export it.",
    'd2vm_exported="\n$(export -p)"',
    "case $d2vm_exported in *'\nexport PATH='* | *'\ndeclare -x PATH='*) ;; *) PATH= ;; esac",
    `case $PATH in '' | ${guests.join(" | ")}) PATH=${quoted(environment.path)} ;; esac`,
    "export PATH\n",
  ];
}

/** As runc looks for commands; empty and relative parts of PATH are not searched. `command -v` would find builtins. */
const SEARCH = `d2vm_program=$1
d2vm_rest=$PATH:
case $1 in
  */*)
    [ -e "$1" ] || d2vm_fail 127 "the command '$1' is not there"
    d2vm_rest=
    ;;
esac
while [ -n "$d2vm_rest" ]; do
  d2vm_program=\${d2vm_rest%%:*}/$1
  case $d2vm_rest in
    /*) [ -f "$d2vm_program" ] && [ -x "$d2vm_program" ] && break ;;
  esac
  d2vm_rest=\${d2vm_rest#*:}
  d2vm_program=
done
[ -n "$d2vm_program" ] || d2vm_fail 127 "the command '$1' is not in PATH ($PATH)"
`;

function start({ variables: image }: WorkloadEnvironment, { uid, groups }: Identity, execAs: string): string {
  const set = [...image].map(([name, value]) => `  ${quoted(`${name}=${value}`)} \\`);
  return [
    "d2vm_term=",
    "[ ! -t 0 ] || d2vm_term=TERM=xterm",
    "",
    `exec ${quoted(execAs)} ${uid} ${groups.join(",")} ${quotedAll(SHELLS_OWN)} '' \\`,
    ...set,
    `  \${d2vm_term:+"$d2vm_term"} \\`,
    '  \'\' "$d2vm_program" "$@"\n',
  ].join("\n");
}
