import { Docker2vmError } from "../errors.ts";

const SEPARATOR = ": ";

/** An E_INVALID_FILESYSTEM: `what` is wrong with the structure `where` ("inode 12, extent block 77"). */
export function broken(where: string, what: string): Docker2vmError {
  return new Docker2vmError("E_INVALID_FILESYSTEM", `${where}${SEPARATOR}${what}`, {
    hint: "e2fsck repairs what can be repaired; 'docker2vm verify' lists all that is wrong",
  });
}

/** An E_INVALID_FILESYSTEM for what is no such filesystem at all. */
export function noFilesystem(where: string, what: string): Docker2vmError {
  return new Docker2vmError("E_INVALID_FILESYSTEM", `${where}${SEPARATOR}${what}`, {
    hint:
      "name the raw image of one filesystem: not a disk with partitions, not a qcow2 file; " +
      "'docker2vm inspect-image' looks at container images",
  });
}

/** Where and what `broken` was told. */
export function partsOf(error: Docker2vmError): { where: string; what: string } {
  const at = error.message.indexOf(SEPARATOR);
  if (at < 0) return { where: "filesystem", what: error.message };
  return { where: error.message.slice(0, at), what: error.message.slice(at + SEPARATOR.length) };
}
