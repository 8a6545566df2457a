import { Docker2vmError, type ErrorCode, reasonOf } from "../errors.ts";
import type { Paint } from "./colour.ts";
import { printable } from "./printable.ts";

/**
 * Any failure as one of this program's errors: what it did not foresee is a mistake of its own.
 * @param details whether its causes are told
 */
export function asDocker2vmError(error: unknown, details: boolean): Docker2vmError {
  const how = details ? "report what follows" : "run again with --verbose and report what it prints";
  const hint = `this is a bug in docker2vm; ${how}`;
  if (error instanceof Docker2vmError) {
    if (error.code !== "E_INTERNAL" || error.hint !== undefined) return error;
    return new Docker2vmError("E_INTERNAL", error.message, { hint, cause: error });
  }
  return new Docker2vmError("E_INTERNAL", `unexpected: ${reasonOf(error)}`, { hint, cause: error });
}

/** The error for a reader: the message, the hint and, where details are wanted, every cause with its stack. */
export function errorText(error: Docker2vmError, details: boolean, paint: Paint): string {
  const lines = [`${paint("red", "error:")} ${printable(error.message)}`];
  for (const line of error.output) lines.push(`  ${paint("dim", "|")} ${printable(line)}`);
  if (error.hint !== undefined) lines.push(`  ${paint("bold", "hint:")} ${printable(error.hint)}`);
  if (details) {
    lines.push(`  ${error.code}`);
    for (const cause of errorChain(error)) lines.push(...detailLines(cause).map((line) => `  ${line}`));
  }
  return `${lines.join("\n")}\n`;
}

/** An error for a program. */
export interface ErrorDocument {
  readonly error: {
    readonly code: ErrorCode;
    readonly message: string;
    /** What to do about it; absent where nobody knows. */
    readonly hint: string | undefined;
    /** The last lines of another program that failed, or what was found. */
    readonly output?: readonly string[];
    /** With `--verbose`: the errors below, each with its stack. */
    readonly causes?: readonly string[];
  };
}

/** The error for a program: one line of JSON. */
export function errorJson(error: Docker2vmError, details: boolean): string {
  const { code, message, hint } = error;
  const output = error.output.length === 0 ? {} : { output: error.output };
  const causes = details ? { causes: errorChain(error).map((cause) => detailLines(cause).join("\n")) } : {};
  const document: ErrorDocument = { error: { code, message, hint, ...output, ...causes } };
  return `${JSON.stringify(document)}\n`;
}

function errorChain(error: unknown): unknown[] {
  const chain: unknown[] = [];
  // A chain of causes may be a ring.
  for (let next = error; next !== undefined && !chain.includes(next); ) {
    chain.push(next);
    next = next instanceof Error ? next.cause : undefined;
  }
  return chain;
}

function detailLines(error: unknown): string[] {
  if (!(error instanceof Error)) return [printable(String(error))];
  // Bun's stacks leave out the message; V8's begin with it.
  const stack = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  return [`${error.name}: ${printable(error.message)}`, ...stack.map(printable)];
}
