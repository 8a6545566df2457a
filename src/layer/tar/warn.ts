/** Kinds of what is not as the archive says it, and no error; each is told once for a layer. */
export type WarningKind = "type" | "owner" | "user attribute" | "access control list";

/** Hears what is not as the archive says it; the message is about the entry in hand and does not name it. */
export type Warn = (kind: WarningKind, message: () => string) => void;
