/** What is done with an image that is made: read by docker2vm, and by e2fsprogs. */
import type { Contender } from "./contenders.ts";

/** Makes the image once, has it in the page cache, and says where it is. */
function prepared(run: string): string {
  return `set -e
[ -f "$LAYOUT.read/rootfs.ext4" ] || ${run} --no-result-cache --layer-store off --out "$LAYOUT.read" "oci:$LAYOUT"
cat "$LAYOUT.read/rootfs.ext4" >/dev/null`;
}

/** @param program docker2vm, as the shell runs it */
export function readers(program: string, convert: string): Contender[] {
  const reader = (name: string, note: string, script: string, needs: readonly string[] = []): Contender => ({
    name,
    note,
    needs,
    startsFrom: "layout",
    prepare: prepared(convert),
    script,
  });
  return [
    reader(
      "docker2vm verify",
      "an image's metadata, every inode, extent and directory of it",
      `exec ${program} verify "$LAYOUT.read/rootfs.ext4"`,
    ),
    reader("e2fsck -fn", "the same image", 'exec e2fsck -fn "$LAYOUT.read/rootfs.ext4"', ["e2fsck"]),
    reader(
      "docker2vm ls -R",
      "all paths of an image, each with its inode",
      `exec ${program} ls -R "$LAYOUT.read/rootfs.ext4"`,
    ),
    reader(
      "docker2vm extract",
      "all files of an image as a tar, which nobody keeps",
      `exec ${program} extract "$LAYOUT.read/rootfs.ext4" / - >/dev/null`,
    ),
    reader(
      "debugfs rdump",
      "all files of the same image into a folder, and no tar: it makes none",
      'exec debugfs -R "rdump / $OUT" "$LAYOUT.read/rootfs.ext4"',
      ["debugfs"],
    ),
  ];
}
