import type { TarWarning, Warn as WarnOf } from "../../tar/warn.ts";

/** Kinds of what is not as the archive says it, and no error; each is told once for a layer. */
export type WarningKind =
  | TarWarning
  | "owner"
  | "overlayfs"
  | "foreign attribute"
  | "user attribute"
  | "attribute"
  | "access control list";

export type Warn = WarnOf<WarningKind>;
