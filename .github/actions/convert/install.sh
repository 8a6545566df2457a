#!/usr/bin/env bash
# Puts docker2vm to where the other steps look for it: $RUNNER_TEMP/docker2vm/bin.
# Takes INPUT_PACKAGE, what npm installs; if that is empty, the repository that this file is in is built.
set -euo pipefail

home=$RUNNER_TEMP/docker2vm
package=$INPUT_PACKAGE
mkdir -p "$home"
if [ -z "$package" ]; then
  cd "$GITHUB_ACTION_PATH/../../.."
  npm ci --no-audit --no-fund --loglevel=error
  npm pack --silent --pack-destination "$home" >"$home/packed"
  package=$home/$(tail -n 1 "$home/packed")
fi
npm install --global --prefix "$home" --no-audit --no-fund --loglevel=error -- "$package"
"$home/bin/docker2vm" --version
