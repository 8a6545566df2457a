import type { ValueKind } from "./options/option.ts";

/** What stands before a source that is no image's name alone, and what stands behind each. */
export const SOURCE_PREFIXES = {
  "oci:": "folder",
  "oci-archive:": "file",
  "docker-archive:": "file",
  "rootfs-tar:": "file",
  "dir:": "folder",
  "image:": "file",
  "docker://": "image",
  "docker-daemon:": "text",
  "containers-storage:": "text",
  "containerd:": "text",
} as const satisfies Readonly<Record<string, ValueKind>>;

/** Whether the source says itself what it is. */
export function hasPrefix(source: string): boolean {
  return Object.keys(SOURCE_PREFIXES).some((prefix) => source.startsWith(prefix));
}
