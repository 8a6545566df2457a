#!/usr/bin/env bash
# Converts as plan.sh has settled, and tells as outputs where the image is and what it is.
set -euo pipefail

home=$RUNNER_TEMP/docker2vm
arguments=()
while IFS= read -r -d '' word; do
  arguments+=("$word")
done <"$home/arguments"

"$home/bin/docker2vm" convert "${arguments[@]}" --format=json >"$home/result.json"
# A value may have any characters, line feeds too: each stands between two lines that nobody can guess.
node - "$home/result.json" >>"$GITHUB_OUTPUT" <<'END'
const { randomUUID } = require("node:crypto");
const { rootfs, metadata, reused, meta } = JSON.parse(require("node:fs").readFileSync(process.argv[2], "utf8"));
const outputs = {
  path: rootfs,
  metadata: metadata ?? "",
  digest: meta.rootfsDigest ?? "",
  "source-digest": meta.sourceDigest,
  reused: reused ?? "",
};
for (const [name, value] of Object.entries(outputs)) {
  const end = randomUUID();
  console.log(`${name}<<${end}\n${value}\n${end}`);
}
END
