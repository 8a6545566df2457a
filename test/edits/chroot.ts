/** Edits as root makes them in a chroot, by busybox's programs: what the library's are compared with. */
import type { Edit } from "../../src/edits/edit.ts";
import { runOk } from "../support/oracles.ts";

/** Where busybox is bound into the tree, and the folder that is added: names that nothing else has. */
export const TOOLS = "/.tools";

/** What became of an edit: it was made, it met something in its way, or programs would do something else here. */
export type Verdict = "made" | "refused" | "left out";

const VERDICTS: Readonly<Record<string, Verdict>> = { 0: "made", 1: "refused" };

/** Makes the edits in the folder, each where those before have left it, and says what became of each. */
export function editInChroot(folder: string, edits: readonly Edit[]): Verdict[] {
  const script = [FUNCTIONS, ...edits.map((edit, index) => `${commandOf(edit)}; echo "${index} $?" >&3`)];
  const said = runOk("chroot", [
    folder,
    `${TOOLS}/busybox`,
    "sh",
    "-c",
    `exec 3>&1 >${TOOLS}/log 2>&1\n${script.join("\n")}`,
  ]);
  return said
    .trim()
    .split("\n")
    .map((line) => VERDICTS[line.split(" ")[1] ?? ""] ?? "left out");
}

/** Status 1 is for what is in the way, and then nothing was changed; 2 for what these programs do otherwise. */
const FUNCTIONS = `
export PATH=${TOOLS}
umask 022
for tool in cat chmod chown cp dirname ln mkdir readlink rm rmdir tail; do eval "$tool() { busybox $tool \\"\\$@\\"; }"; done
there() { [ -e "$1" ] || [ -L "$1" ]; }
folder() { [ -d "$1" ] && [ ! -L "$1" ]; }
parents() {
  at= made= IFS=/
  set -- $(dirname "$1")
  unset IFS
  for name; do
    [ -n "$name" ] || continue
    at=$at/$name
    [ -d "$at" ] && continue
    mkdir "$at" && made="$at $made" && continue
    [ -z "$made" ] || rmdir $made
    # What leads nowhere is made by the library.
    [ -L "$at" ] && [ ! -e "$at" ] && return 2
    return 1
  done
}
strip() { path=$1; while [ "$path" != / ] && [ "$path" != "\${path%/}" ]; do path=\${path%/}; done; }
file() {
  path=$1
  if [ -d "$path" ]; then [ -n "$2" ] || return 1; path=$path/$2
  else case $path in */) [ -n "$2" ] || return 1; path=$path$2;; esac; fi
  folder "$path" && return 1
  parents "$path" || return $?
  rm -f "$path"
  if [ -n "$2" ]; then cp -p ${TOOLS}/added/$2 "$path"; else cat > "$path"; chmod 644 "$path"; fi
  [ -z "$3" ] || chown "$3" "$path" || return 2
  [ -z "$4" ] || chmod "$4" "$path"
}
check() {
  for from in "$1"/*; do
    [ -e "$from" ] || [ -L "$from" ] || continue
    to=$2/\${from##*/}
    if folder "$from"; then
      ! there "$to" || [ -d "$to" ] || return 1
      ( check "$from" "$to" ) || return 1
    else ! folder "$to" || return 1; fi
  done
}
merge() {
  for from in "$1"/*; do
    [ -e "$from" ] || [ -L "$from" ] || continue
    to=$2/\${from##*/}
    if folder "$from" && [ -d "$to" ]; then ( merge "$from" "$to" "$3" )
    else rm -f "$to"; cp -a "$from" "$to"; [ -z "$3" ] || chown -hR "$3" "$to"; fi
  done
}
whole() {
  strip "$1"
  if ! there "$path"; then
    parents "$path" || return $?
    cp -a ${TOOLS}/added "$path"
    [ -z "$2" ] || chown -hR "$2" "$path"
    return 0
  fi
  if [ ! -d "$path" ]; then [ -L "$path" ] && [ ! -e "$path" ] && return 2; return 1; fi
  check ${TOOLS}/added "$path" || return 1
  merge ${TOOLS}/added "$path" "$2"
}
gone() {
  strip "$1"
  [ "$path" = / ] && return 1
  # As coreutils' rm: this one would take a link away in spite of the slash.
  case $1 in */) folder "$path" || return 1;; esac
  there "$path" || return 1
  rm -rf "$path"
}
owner() { [ -e "$2" ] || return 1; chown "$1" "$2" || return 1; }
tree() {
  [ -e "$2" ] || return 1
  top=$(readlink -f "$2")
  # These programs lie there, too.
  [ "$top" != / ] || return 2
  chown -hR "$1" "$top" || return 1
}
mode() { [ -e "$2" ] || return 1; chmod "$1" "$2"; }
link() { strip "$2"; folder "$path" && return 1; parents "$path" || return $?; rm -f "$path"; ln -s "$1" "$path"; }
lines() {
  [ -L "$1" ] && return 2
  ! there "$1" || [ -f "$1" ] || return 1
  parents "$1" || return $?
  there "$1" || { : > "$1"; chmod 644 "$1"; }
  if [ ! -s "$1" ]; then printf "$3" >> "$1"; elif [ -n "$(tail -c 1 "$1")" ]; then echo >> "$1"; fi
  printf '%s\\n' "$2" >> "$1"
}
host() { lines /etc/hosts "$1" '127.0.0.1\\tlocalhost\\n::1\\tlocalhost ip6-localhost ip6-loopback\\n'; }
keys() {
  [ -L /root ] || [ -L /root/.ssh ] && return 2
  ! there /root/.ssh || folder /root/.ssh || return 1
  mkdir -p /root/.ssh || return 1
  chown 0:0 /root/.ssh; chmod 700 /root/.ssh
  lines /root/.ssh/authorized_keys "$1" '' || return $?
  chown 0:0 /root/.ssh/authorized_keys; chmod 600 /root/.ssh/authorized_keys
}
layer() {
  # As containers are given a folder for what hides a name in it.
  [ -e /a ] || [ -L /a ] || mkdir -m 755 /a
  rm -rf /b /c
  # What is only mentioned hides nothing behind a symlink.
  [ -L /a ] || rm -rf /a/b
  folder /opt || { rm -f /opt; mkdir /opt; }
  chown 0:0 /opt; chmod 750 /opt
  printf c > /c; chmod 604 /c; chown 5:6 /c
}
`;

function commandOf(edit: Edit): string {
  switch (edit.type) {
    case "add": {
      const { source, path, user, group, mode } = edit;
      const owner = user === undefined && group === undefined ? "" : `${user ?? 0}:${group ?? 0}`;
      if (typeof source !== "string") {
        const bytes = Buffer.from(source as Uint8Array).toString();
        return `printf %s ${quote(bytes)} | file ${words(path, "", owner, mode?.toString(8) ?? "")}`;
      }
      if (source.endsWith("added")) return `whole ${words(path, owner)}`;
      return `file ${words(path, source.slice(source.lastIndexOf("/") + 1), owner, mode?.toString(8) ?? "")}`;
    }
    case "add-tar":
      return "layer";
    case "remove":
      return `gone ${words(edit.path)}`;
    case "chown": {
      const owner = `${edit.user ?? ""}${edit.group === undefined ? "" : `:${edit.group}`}`;
      return `${edit.recursive ? "tree" : "owner"} ${words(owner, edit.path)}`;
    }
    case "chmod":
      return `mode ${words(edit.mode.toString(8), edit.path)}`;
    case "symlink":
      return `link ${words(edit.target, edit.path)}`;
    case "host":
      return `host ${words(`${edit.address}\t${edit.name}`)}`;
    case "ssh-key":
      return `keys ${words(
        Buffer.from(edit.keys as Uint8Array)
          .toString()
          .trim(),
      )}`;
  }
}

function words(...all: readonly string[]): string {
  return all.map(quote).join(" ");
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
