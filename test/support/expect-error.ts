import { expect } from "bun:test";
import { Docker2vmError, type ErrorCode } from "../../src/errors.ts";

/** Expects a Docker2vmError of the code whose message and hint hold all the fragments. */
export async function expectError(
  attempt: Promise<unknown> | (() => unknown),
  code: ErrorCode,
  ...fragments: readonly string[]
): Promise<void> {
  let thrown: unknown;
  try {
    await (typeof attempt === "function" ? attempt() : attempt);
  } catch (error) {
    thrown = error;
  }
  if (!(thrown instanceof Docker2vmError)) throw new Error(`expected ${code}, got ${String(thrown)}`);
  const said = `${thrown.message}\n${thrown.hint ?? ""}`;
  expect(`${thrown.code}: ${said}`).toStartWith(`${code}: `);
  for (const fragment of fragments) expect(said).toContain(fragment);
}
