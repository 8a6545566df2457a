/** Kinds of what is not as the archive says it, and no error. */
export type TarWarning = "type" | "directory's name" | "empty header" | "global name" | "global";

/**
 * Hears what is not as the archive says it, of a kind of the reader's own too; the message is about the entry in hand
 * and does not name it.
 */
export type Warn<Kind extends string = TarWarning> = (kind: Kind, message: () => string) => void;
