/** Kinds of what is not as the archive says it, and no error; each is told once for a layer. */
export type WarningKind =
  | "type"
  | "directory's name"
  | "owner"
  | "overlayfs"
  | "foreign attribute"
  | "user attribute"
  | "attribute"
  | "access control list"
  | "empty header"
  | "global name"
  | "global";

/** Hears what is not as the archive says it; the message is about the entry in hand and does not name it. */
export type Warn = (kind: WarningKind, message: () => string) => void;
