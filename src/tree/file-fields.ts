/** What two files may differ in. */
export const FILE_FIELDS = [
  "type",
  "mode",
  "uid",
  "gid",
  "mtime",
  "size",
  "contents",
  "target",
  "device",
  "xattrs",
  "link",
] as const;
/** One of them. "contents" are those of files of any size, "link" which names are one file. */
export type FileField = (typeof FILE_FIELDS)[number];
