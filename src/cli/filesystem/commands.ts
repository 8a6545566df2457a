/** Commands that read a finished filesystem, and one that makes it larger. */
import type { Commands } from "../command.ts";
import { CAT_OPTIONS, LS_OPTIONS, READ_OPTIONS, VERIFY_OPTIONS } from "../options/reading.ts";
import { RESIZE_OPTIONS } from "../options/resize.ts";

export const FILESYSTEM_COMMANDS: Commands = {
  inspect: {
    summary: "Tell what an ext2, ext3, ext4, EROFS or XFS image says of itself",
    usage: "docker2vm inspect IMAGE [options]",
    options: READ_OPTIONS,
    operands: ["file"],
    examples: [{ does: "Size, label, features and state", line: "docker2vm inspect vm/rootfs.ext4" }],
    load: async () => (await import("./inspect.ts")).runInspect,
  },
  ls: {
    summary: "List files in an image",
    usage: "docker2vm ls IMAGE [PATH] [options]",
    options: LS_OPTIONS,
    operands: ["file", "text"],
    examples: [{ does: "All files below a folder", line: "docker2vm ls vm/rootfs.ext4 /etc --recursive" }],
    whenStopped: () => "the list is not complete",
    load: async () => (await import("./ls.ts")).runLs,
  },
  cat: {
    summary: "Write a file of an image to standard output",
    usage: "docker2vm cat IMAGE PATH [options]",
    options: CAT_OPTIONS,
    operands: ["file", "text"],
    examples: [{ does: "One file", line: "docker2vm cat vm/rootfs.ext4 /etc/passwd" }],
    whenStopped: () => "the file was not written to its end",
    load: async () => (await import("./cat.ts")).runCat,
  },
  extract: {
    summary: "Copy files out of an image, into a new folder or a tar",
    usage:
      "docker2vm extract IMAGE PATH DEST [options]\n\n" +
      "DEST is a folder that is empty or not there, or - for a tar on standard output.",
    options: READ_OPTIONS,
    operands: ["file", "text", "folder"],
    examples: [
      { does: "A folder of the image into one here", line: "docker2vm extract vm/rootfs.ext4 /etc etc" },
      { does: "All of it as a tar", line: "docker2vm extract vm/rootfs.ext4 / - > rootfs.tar" },
    ],
    whenStopped: ({ words: [, , , destination] }) =>
      destination === "-" ? "the tar is not complete" : `what was copied so far is in ${destination}`,
    load: async () => (await import("./extract.ts")).runExtract,
  },
  resize: {
    summary: "Make an ext4, ext3 or ext2 image larger in its place",
    usage:
      "docker2vm resize FILE --size SIZE [options]\n\nContents are not copied. FILE must not be mounted or in a machine; " +
      "killed at any moment, the\nsame command again brings it to its end.",
    options: RESIZE_OPTIONS,
    operands: ["file"],
    examples: [{ does: "Room for what a guest writes", line: "docker2vm resize vm/rootfs.ext4 --size 4G" }],
    whenStopped: () => "the filesystem is as it was, or the same command brings it to its end",
    load: async () => (await import("./resize.ts")).runResize,
  },
  verify: {
    summary: "Check an image as e2fsck -fn does; XFS is not checked",
    usage: "docker2vm verify IMAGE [options]",
    options: VERIFY_OPTIONS,
    operands: ["file"],
    examples: [{ does: "Exit code 9 if anything is wrong", line: "docker2vm verify vm/rootfs.ext4" }],
    whenStopped: () => "the check did not come to its end",
    load: async () => (await import("./verify.ts")).runVerify,
  },
};
