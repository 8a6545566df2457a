#!/usr/bin/env bash
# Bun 1.4.5: a million entries in Maps take about 190 bytes each where a Map has 75 of them, and 55 to 75 each where one has
# 1,000 or more: most of the memory of a tree of directories, if each keeps its names in a Map, is what the Maps take
# besides. Two arrays of the same names and values take about 40, so the tables are what is large. Keys are the same
# strings everywhere and values small integers, and garbage is collected before memory is looked at. (Node 20, by the
# same program with --expose-gc: about 80 and 60.)
#
# Output seen (MiB resident for a million entries, rounded to tens):
#   75 to a Map: 180
#   1000 to a Map: 50
#   75 to two arrays: 40
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund bun@1.4.5 >/dev/null
cat >maps.mjs <<'PROGRAM'
const [kind, count] = [process.argv[2], Number(process.argv[3])];
const names = Array.from({ length: count }, (_, i) => `file-${i}-name-of-a-file.txt`);
const kept = [];
function resident() {
  Bun.gc(true);
  Bun.gc(true);
  return process.memoryUsage().rss / 2 ** 20;
}
const before = resident();
for (let i = 0; i < 1_000_000 / count; i++) {
  if (kind === "Map") {
    const map = new Map();
    for (let at = 0; at < count; at++) map.set(names[at], at);
    kept.push(map);
  } else {
    const [keys, values] = [[], []];
    for (let at = 0; at < count; at++) {
      keys.push(names[at]);
      values.push(at);
    }
    kept.push([keys, values]);
  }
}
console.log(Math.round((resident() - before) / 10) * 10, kept.length > 0 ? "" : "none");
PROGRAM
bun=node_modules/.bin/bun
mebibytes() { "$bun" maps.mjs "$@" | tr -dc 0-9; }
some=$(mebibytes Map 75)
many=$(mebibytes Map 1000)
arrays=$(mebibytes arrays 75)
printf '75 to a Map: %s\n1000 to a Map: %s\n75 to two arrays: %s\n' "$some" "$many" "$arrays"
[ $((some * 10)) -ge $((many * 25)) ] && [ $((some * 10)) -ge $((arrays * 30)) ]
