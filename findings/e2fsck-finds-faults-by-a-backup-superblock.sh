#!/usr/bin/env bash
# e2fsprogs 1.47.0 (Debian 12): a filesystem that mke2fs has just made, and in which `e2fsck -fn` finds nothing, has errors
# for `e2fsck -fn -b BACKUP`, which exits with 4. It does where groups have checksums: read by a backup, groups count as
# without the flags that say that nobody has written to their bitmaps, so these are looked at and found wanting. Only
# without such checksums does a backup say of a sound filesystem that it is sound. Whoever wants to know whether backups
# are good must ask for something else than a status of 0.
#
# Output seen:
#   metadata_csum: by the first superblock 0, by a backup 4
#   uninit_bg: by the first superblock 0, by a backup 4
#   neither: by the first superblock 0, by a backup 0
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq e2fsprogs=1.47.0-2+b2 libext2fs2=1.47.0-2+b2 libcom-err2=1.47.0-2+b2 libss2=1.47.0-2+b2 >/dev/null 2>&1
for package in *.deb; do dpkg -x "$package" .; done
LD_LIBRARY_PATH=$(find "$dir" -name 'lib*.so.*' -printf '%h\n' | sort -u | paste -sd:)
export LD_LIBRARY_PATH
status() {
  local code=0
  sbin/e2fsck -fn "$@" >/dev/null 2>&1 || code=$?
  echo "$code"
}
seen=""
for features in metadata_csum "uninit_bg ^metadata_csum,uninit_bg" "neither ^metadata_csum,^uninit_bg"; do
  name=${features%% *}
  truncate -s 300M "$name.img"
  sbin/mke2fs -q -t ext4 -b 4096 -O "${features##* }" "$name.img"
  seen+="$name: by the first superblock $(status "$name.img"), by a backup $(status -b 32768 "$name.img")"$'\n'
done
printf %s "$seen"
[ "$seen" = "metadata_csum: by the first superblock 0, by a backup 4
uninit_bg: by the first superblock 0, by a backup 4
neither: by the first superblock 0, by a backup 0
" ]
