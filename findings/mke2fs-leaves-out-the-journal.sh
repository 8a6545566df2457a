#!/usr/bin/env bash
# e2fsprogs 1.47.0 (Debian 12): mke2fs that is asked for a journal, by "-t ext4 -O has_journal" and even by its size
# ("-J size=4"), makes a filesystem without one where it has fewer than 2,048 blocks, says so on standard error alone
# and exits with 0. With "-q", as scripts call it, the words come all the same; the exit code is what they look at. A
# filesystem of 2,048 blocks has the journal; one of 1,500 has room for it (1,024 blocks), and does not.
#
# Output seen:
#   1500 blocks: exit 0, has_journal 0
#   3000 blocks: exit 0, has_journal 1
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq e2fsprogs=1.47.0-2+b2 libext2fs2=1.47.0-2+b2 libcom-err2=1.47.0-2+b2 libss2=1.47.0-2+b2 >/dev/null 2>&1
for package in *.deb; do dpkg -x "$package" .; done
export LD_LIBRARY_PATH=$dir/lib/x86_64-linux-gnu:$dir/usr/lib/x86_64-linux-gnu
seen=""
for blocks in 1500 3000; do
  code=0
  sbin/mke2fs -q -F -t ext4 -O has_journal -J size=4 -b 4096 image "$blocks" 2>/dev/null || code=$?
  seen+="$blocks blocks: exit $code, has_journal $(sbin/dumpe2fs -h image 2>/dev/null | grep -c has_journal || true)"$'\n'
done
printf %s "$seen"
[ "$seen" = $'1500 blocks: exit 0, has_journal 0\n3000 blocks: exit 0, has_journal 1\n' ]
