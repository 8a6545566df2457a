/** What a check of a bundle found. */

/** Something in a bundle that is not as the runtime specification has it, or as runtimes take it. */
export interface BundleFinding {
  /** "error": it breaks a MUST, or a runtime refuses it; "warning": a SHOULD, or what runtimes differ in. */
  readonly severity: "error" | "warning";
  /** Where in config.json: a JSON Pointer (RFC 6901), "" for the whole. */
  readonly path: string;
  /** What is wrong, as a clause. */
  readonly message: string;
  /** What says so: a document of the specification with its words, or the runtime that refuses it. */
  readonly spec: string;
}

/** Takes findings in, in the order of the checks. */
export type Report = (
  severity: BundleFinding["severity"],
  path: string,
  message: string,
  spec: string,
) => void;

/** The pointer to a field or an item of what is at `path`. */
export function below(path: string, name: string | number): string {
  return `${path}/${String(name).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}
