#!/usr/bin/env bash
# Settles the command line, from INPUT_IMAGE, INPUT_OUT, INPUT_PLATFORM, INPUT_FS, INPUT_SIZE, INPUT_PROFILE,
# INPUT_OPTIONS (one word on each line) and INPUT_CACHE, and tells as the output "key" what its result follows from, and
# as "cache-key" what that is kept under, if it is to be.
# What is wrong with it ends the job here, before anything is fetched.
set -euo pipefail

home=$RUNNER_TEMP/docker2vm

case $INPUT_IMAGE in
  '' | -*)
    echo "::error::the input image must name an image, oci:PATH, dir:PATH or the like" >&2
    exit 2
    ;;
esac
case $INPUT_CACHE in
  true | false) ;;
  *)
    echo "::error::the input cache must be true or false" >&2
    exit 2
    ;;
esac

arguments=("$INPUT_IMAGE" "--out=$INPUT_OUT" --digest)
[ -z "$INPUT_PLATFORM" ] || arguments+=("--platform=$INPUT_PLATFORM")
[ -z "$INPUT_FS" ] || arguments+=("--fs=$INPUT_FS")
[ -z "$INPUT_SIZE" ] || arguments+=("--size=$INPUT_SIZE")
[ -z "$INPUT_PROFILE" ] || arguments+=("--profile=$INPUT_PROFILE")
while IFS= read -r word; do
  word=${word%$'\r'}
  case $word in
    --help | -h | --version | --dry-run)
      echo "::error::the input options must not have $word: with it nothing is converted" >&2
      exit 2
      ;;
  esac
  [ -z "$word" ] || arguments+=("$word")
done <<<"$INPUT_OPTIONS"
if [ "$INPUT_CACHE" = true ]; then
  arguments+=("--cache-dir=$home/cache" --result-cache)
else
  arguments+=(--no-cache --no-result-cache)
fi

printf '%s\0' "${arguments[@]}" >"$home/arguments"
"$home/bin/docker2vm" convert "${arguments[@]}" --dry-run >"$home/plan.json"
node - "$home/plan.json" "$INPUT_CACHE" >>"$GITHUB_OUTPUT" <<'END'
const [, , file, cache] = process.argv;
const { resultKey } = JSON.parse(require("node:fs").readFileSync(file, "utf8"));
console.log(`key=${resultKey ?? ""}`);
console.log(`cache-key=${resultKey === null || cache !== "true" ? "" : resultKey.replace("sha256:", "docker2vm-")}`);
END
