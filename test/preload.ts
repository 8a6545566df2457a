/**
 * Loaded before all tests (package.json's scripts): says once, after the last one, what was left out, and what was drawn,
 * and removes what they shared.
 */
import { afterAll } from "bun:test";
import fc from "fast-check";
import { leftOut } from "./support/left-out.ts";
import { failedCases } from "./support/random-cases.ts";
import { removeRunFolder } from "./support/run-folder.ts";

// Where a test has no name of its own for what it draws.
fc.configureGlobal({ reporter: (ended) => failedCases.report("a property", ended.seed, ended) });

afterAll(() => {
  removeRunFolder();
  for (const told of [leftOut.tell(), failedCases.tell()]) if (told !== undefined) console.error(`\n${told}`);
});
