/** Loaded before all tests (package.json's scripts): says once, after the last one, what was left out, and what was drawn. */
import { afterAll } from "bun:test";
import { leftOut } from "./support/left-out.ts";
import { failedCases } from "./support/random-cases.ts";

afterAll(() => {
  for (const told of [leftOut.tell(), failedCases.tell()]) if (told !== undefined) console.error(`\n${told}`);
});
