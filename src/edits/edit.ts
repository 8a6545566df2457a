import type { ByteStream } from "../source/byte-stream.ts";

/**
 * What an image's files are to be other than its layers have them. Paths are absolute and resolved as in the machine
 * that boots the image: symlinks are followed inside it, and nothing leads out of it.
 */

/** Contents: the path of a file here, bytes, or bytes as they come, which are kept on disk meanwhile. */
export type EditSource = string | ByteStream;

/** A user or a group: a number, or a name that /etc/passwd or /etc/group of the image has by then. */
export type Account = number | string;

/**
 * Puts a file at `path`, or into the folder there, in place of anything but a folder; or what a folder holds into the
 * folder `path`, which is made if it is not there. Folders that are there stay as they are, and folders that are missing
 * on the way are root's with the mode 0755. What is added has the image's time.
 */
export interface AddEdit {
  readonly type: "add";
  /** A folder is read with its files' modes, links, holes and extended attributes. */
  readonly source: EditSource;
  readonly path: string;
  /** Whose all of it is; root's if absent. */
  readonly user?: Account | undefined;
  readonly group?: Account | undefined;
  /** Of one file; absent: as it is here, of bytes 0644. */
  readonly mode?: number | undefined;
}

/** Lays a tar over the image as one more layer: whiteouts hide, owners and times are the tar's. */
export interface AddTarEdit {
  readonly type: "add-tar";
  /** Uncompressed or compressed, as layers may be. */
  readonly source: EditSource;
}

/** Takes away what `path` names: a symlink itself, a folder with all that is in it. */
export interface RemoveEdit {
  readonly type: "remove";
  readonly path: string;
}

/**
 * Gives what `path` leads to another owner, as chown(2) by root does: set-user-ID and set-group-ID bits and file
 * capabilities are lost.
 */
export interface ChownEdit {
  readonly type: "chown";
  readonly path: string;
  /** Absent: it stays; one of the two is given. */
  readonly user?: Account | undefined;
  readonly group?: Account | undefined;
  /** Whether all below it as well, symlinks themselves and not what they lead to; false if absent. */
  readonly recursive?: boolean | undefined;
}

/** Gives what `path` leads to other permissions, 0 to 0o7777; an access control list follows, as with chmod(2). */
export interface ChmodEdit {
  readonly type: "chmod";
  readonly path: string;
  /** The twelve bits of chmod(2). */
  readonly mode: number;
}

/** Makes `path` a symlink, in place of anything but a folder. */
export interface SymlinkEdit {
  readonly type: "symlink";
  readonly path: string;
  readonly target: string;
}

/** Appends a line to /etc/hosts; where there is nothing in it, behind lines for localhost. */
export interface HostEdit {
  readonly type: "host";
  readonly name: string;
  /** IPv4 or IPv6. */
  readonly address: string;
}

/**
 * Lets whoever has the keys log in: appends them to .ssh/authorized_keys in the user's home, as /etc/passwd has it. The
 * folder becomes 0700, the file 0600, both the user's.
 */
export interface SshKeyEdit {
  readonly type: "ssh-key";
  /** Public keys: the path of a file, or its bytes. */
  readonly keys: string | Uint8Array;
  /** "root" if absent. */
  readonly user?: string | undefined;
}

/** One change to an image's files. They are made in order, each to what those before it have left. */
export type Edit =
  | AddEdit
  | AddTarEdit
  | RemoveEdit
  | ChownEdit
  | ChmodEdit
  | SymlinkEdit
  | HostEdit
  | SshKeyEdit;

/** An edit as `meta.json` tells it: what was asked for, without contents. */
export interface EditMetadata {
  readonly type: Edit["type"];
  readonly path?: string;
  readonly user?: Account;
  readonly group?: Account;
  readonly recursive?: true;
  /** "0644" */
  readonly mode?: string;
  readonly target?: string;
  /** Of a host. */
  readonly name?: string;
  readonly address?: string;
}
