#!/usr/bin/env bash
# erofs-utils 1.5 (Debian 12): mkfs.erofs --chunksize gathers contents in a file below /tmp, wherever TMPDIR points, and
# has copy_file_range(2) bring them into the image. Kernels since 5.19 refuse that between filesystems of different
# kinds (EXDEV), and nothing else is tried: where the image goes to another kind of filesystem than /tmp has, such as
# /dev/shm, it is an "Input/output error", and exit 1. Without chunks the same image is made there, and with chunks
# beside /tmp.
#
# Output seen:
#   beside /tmp, chunks: exit 0
#   elsewhere, chunks: exit 1
#   elsewhere, no chunks: exit 0
set -euo pipefail
dir=$(mktemp -d -p /tmp)
# A filesystem of another kind than that of /tmp.
for other in /dev/shm /var/tmp "$HOME"; do
  [ "$(stat -f -c %T "$other")" = "$(stat -f -c %T /tmp)" ] || break
done
away=$(mktemp -d -p "$other")
trap 'rm -rf "$dir" "$away"' EXIT
cd "$dir"
apt-get download -qq erofs-utils=1.5-1 liblz4-1=1.9.4-1 >/dev/null 2>&1
for package in *.deb; do dpkg -x "$package" .; done
export LD_LIBRARY_PATH=$dir/usr/lib/x86_64-linux-gnu TMPDIR=$away
mkdir source
head -c 200000 /dev/urandom >source/file
seen=""
made() {
  local what=$1 code=0
  shift
  usr/bin/mkfs.erofs --quiet "$@" source >/dev/null 2>&1 || code=$?
  seen+="$what: exit $code"$'\n'
}
made "beside /tmp, chunks" --chunksize=65536 "$dir/image"
made "elsewhere, chunks" --chunksize=65536 "$away/image"
made "elsewhere, no chunks" "$away/image"
printf %s "$seen"
[ "$seen" = $'beside /tmp, chunks: exit 0\nelsewhere, chunks: exit 1\nelsewhere, no chunks: exit 0\n' ]
