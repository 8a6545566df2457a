#!/usr/bin/env bash
# GNU tar 1.34 (Debian 12): an archive of `a` is unpacked over the very file it was made of, which has a second name `b`.
# With --overwrite tar keeps the file that is there and writes into it: both names still lead to one file. With --xattrs
# as well it makes the file anew in spite of --overwrite, if that has an extended attribute: two names of one file are two
# files then, each with the right contents, and tar exits with 0. Whoever gives files that are there their attributes by
# an archive parts hard links, unless the archive has all names of such a file.
#
# Output seen:
#   --overwrite: exit 0, one file
#   --overwrite --xattrs: exit 0, two files
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq tar=1.34+dfsg-1.2+deb12u1 attr=1:2.5.1-4 >/dev/null 2>&1
for package in *.deb; do dpkg -x "$package" .; done
mkdir made
echo contents >made/a
ln made/a made/b
usr/bin/setfattr -n user.colour -v blue made/a
bin/tar --xattrs -cf archive.tar -C made a
seen=""
for options in "--overwrite" "--overwrite --xattrs"; do
  rm -rf there
  cp -a made there
  code=0
  # shellcheck disable=SC2086
  bin/tar $options -xf archive.tar -C there || code=$?
  files=$([ there/a -ef there/b ] && echo one file || echo two files)
  seen+="$options: exit $code, $files"$'\n'
done
printf %s "$seen"
[ "$seen" = $'--overwrite: exit 0, one file\n--overwrite --xattrs: exit 0, two files\n' ]
