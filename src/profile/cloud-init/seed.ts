/** A seed for cloud-init's data source NoCloud (docs.cloud-init.io, reference/datasources/nocloud): two documents. */
import { createHash } from "node:crypto";
import type { GuestFile } from "../init/guest-files.ts";

export interface Seed {
  readonly userData: Uint8Array;
  readonly metaData: Uint8Array;
  readonly instanceId: string;
}

export interface SeedContents {
  readonly files: readonly GuestFile[];
  /** To be run once the files are there, in order: words in ASCII. */
  readonly commands: readonly (readonly string[])[];
  readonly hostname: string | undefined;
}

/**
 * User data that writes the files and runs the commands, and meta data. Both are JSON, which is YAML as long as it is
 * ASCII (PyYAML refuses some of what JSON leaves as it is, and reads other characters as ends of lines): so whatever
 * is of an image is in contents of files, in base64.
 *
 * What is done once for an instance is done again where the ID is another. It follows from the user data, so it is
 * another one just where there is something else to be done.
 */
export function seedOf({ files, commands, hostname }: SeedContents): Seed {
  const document = {
    // Images may say that theirs is to stay.
    ...(hostname === undefined ? {} : { preserve_hostname: false, hostname }),
    ...(files.length === 0 ? {} : { write_files: files.map(writtenFile) }),
    ...(commands.length === 0 ? {} : { runcmd: commands }),
  };
  const userData = Buffer.from(`#cloud-config\n${json(document)}`);
  const instanceId = `docker2vm-${createHash("sha256").update(userData).digest("hex").slice(0, 16)}`;
  const name = hostname === undefined ? {} : { "local-hostname": hostname };
  return { userData, metaData: Buffer.from(json({ "instance-id": instanceId, ...name })), instanceId };
}

/** The mode is a text: as a number it would be read as YAML's octal by some, and not by others. */
function writtenFile({ path, executable, secret = false, bytes }: GuestFile) {
  const mode = executable ? 0o755 : 0o644;
  const permissions = `0${(secret ? mode & 0o700 : mode).toString(8)}`;
  return { path, permissions, encoding: "b64", content: Buffer.from(bytes).toString("base64") };
}

function json(document: unknown): string {
  return `${JSON.stringify(document, undefined, 2)}\n`;
}
