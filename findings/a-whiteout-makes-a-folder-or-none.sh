#!/usr/bin/env bash
# umoci 0.4.7 and buildah 1.28.2 (Debian 12): an image of two layers, the upper of which has one entry alone, the whiteout
# `d/.wh.x`, and no layer has `d`. Unpacked by umoci the image has no `d`; buildah makes it, for the whiteout's sake. Both
# are silent and exit with 0. The same image has a folder with one tool that it has not with another, so trees that two
# tools made of it cannot be compared path by path without allowing for it.
#
# Output seen:
#   umoci: no d
#   buildah: d
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq umoci=0.4.7+ds-3+b7 buildah=1.28.2+ds1-3+deb12u1+b3 libgpgme11=1.18.0-3+deb12u1 libassuan0=2.5.5-5 \
  libdevmapper1.02.1=2:1.02.185-2 libseccomp2=2.5.4-1+deb12u1 >/dev/null 2>&1
for package in *.deb; do dpkg -x "$package" tools; done
LD_LIBRARY_PATH=$(find "$dir/tools" -name 'lib*.so.*' -printf '%h\n' | sort -u | paste -sd:)
export LD_LIBRARY_PATH
PATH=$dir/tools/usr/bin:$PATH
mkdir -p lower upper/d
echo x >lower/file
touch upper/d/.wh.x
tar -cf lower.tar -C lower file
tar -cf upper.tar -C upper d/.wh.x
umoci init --layout image
umoci new --image image:it
umoci raw add-layer --image image:it lower.tar 2>/dev/null
umoci raw add-layer --image image:it upper.tar 2>/dev/null
there() {
  if [ -d "$1/d" ]; then echo d; else echo no d; fi
}
umoci unpack --image image:it bundle 2>/dev/null
seen="umoci: $(there bundle/rootfs)"$'\n'
echo '{ "default": [{ "type": "insecureAcceptAnything" }] }' >policy.json
store=(buildah --root "$dir/store" --runroot "$dir/run" --storage-driver vfs)
name=$("${store[@]}" from --signature-policy "$dir/policy.json" --format oci oci:image:it 2>/dev/null)
seen+="buildah: $(there "$("${store[@]}" mount "$name")")"$'\n'
"${store[@]}" umount "$name" >/dev/null
"${store[@]}" rm "$name" >/dev/null
printf %s "$seen"
[ "$seen" = $'umoci: no d\nbuildah: d\n' ]
