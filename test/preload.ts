/** Loaded before all tests (package.json's scripts): says once, after the last one, what was left out. */
import { afterAll } from "bun:test";
import { leftOut } from "./support/left-out.ts";

afterAll(() => {
  const told = leftOut.tell();
  if (told !== undefined) console.error(`\n${told}`);
});
