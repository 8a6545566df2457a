#!/usr/bin/env bash
# e2fsprogs 1.47.0 (Debian 12): resize2fs makes a sound filesystem with the feature sparse_super2 larger, says that all is
# well, and one block that a file has is marked as free: the first behind the backup of superblock and descriptors that the
# last group had, and has no longer, since the new last group gets it. What is written next may go over that block. With
# nothing behind the backup no harm is done, so an empty filesystem, as one tries it with, stays sound; with the older rule
# for backups (sparse_super), which keeps them where they are, a full one does, too. Whoever grows a filesystem offline has
# to ask e2fsck afterwards, even though it found nothing before.
#
# Output seen:
#   sparse_super, full: made 0, grown 0
#   sparse_super2, empty: made 0, grown 0
#   sparse_super2, full: made 0, grown 4, a block in use that is marked as free is of inode 12, the file
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq e2fsprogs=1.47.0-2+b2 libext2fs2=1.47.0-2+b2 libcom-err2=1.47.0-2+b2 libss2=1.47.0-2+b2 >/dev/null 2>&1
for package in *.deb; do dpkg -x "$package" .; done
LD_LIBRARY_PATH=$(find "$dir" -name 'lib*.so.*' -printf '%h\n' | sort -u | paste -sd:)
export LD_LIBRARY_PATH
check() {
  local code=0
  sbin/e2fsck -fn image >said 2>&1 || code=$?
  echo "$code"
}
mkdir empty full
head -c 25M /dev/zero | tr '\0' x >full/file
seen=""
for how in "sparse_super full ^sparse_super2" "sparse_super2 empty sparse_super2" "sparse_super2 full sparse_super2"; do
  read -r name contents features <<<"$how"
  rm -f image
  truncate -s 32M image
  # Four groups of 8 MiB, the last of which holds a part of the file.
  sbin/mke2fs -q -t ext4 -b 1024 -O "$features" -d "$contents" image
  made=$(check)
  truncate -s 64M image
  sbin/resize2fs image >/dev/null 2>&1
  seen+="$name, $contents: made $made, grown $(check)"
  lost=$(sed -nE 's/^Block bitmap differences: +\+([0-9]+).*/\1/p' said)
  if [ -n "$lost" ]; then
    inode=$(sbin/debugfs -R "icheck $lost" image 2>/dev/null | awk 'NR == 2 { print $2 }')
    path=$(sbin/debugfs -R "ncheck $inode" image 2>/dev/null | awk 'NR == 2 { print $2 }')
    seen+=", a block in use that is marked as free is of inode $inode, the ${path##*/}"
  fi
  seen+=$'\n'
done
printf %s "$seen"
[ "$seen" = "sparse_super, full: made 0, grown 0
sparse_super2, empty: made 0, grown 0
sparse_super2, full: made 0, grown 4, a block in use that is marked as free is of inode 12, the file
" ]
