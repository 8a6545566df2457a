/** Arguments as Go's package flag reads them. */
import { describe, expect, test } from "bun:test";
import { goArguments } from "../../src/cli/go-flags.ts";
import type { OptionSpec } from "../../src/cli/options/option.ts";

const STRING: OptionSpec = { type: "string", group: "", describe: "" };
const BOOLEAN: OptionSpec = { type: "boolean", group: "", describe: "" };
const OPTIONS = { size: STRING, output: STRING, readonly: BOOLEAN, verbose: BOOLEAN };

const CASES: readonly (readonly [given: string, read: readonly string[]])[] = [
  ["", []],
  ["-size=512", ["--size=512"]],
  ["-size 512", ["--size=512"]],
  ["--size=512 --output x", ["--size=512", "--output=x"]],
  ["-size=a=b", ["--size=a=b"]],
  ["-size -output x", ["--size=-output", "--", "x"]],
  ["-size -- -output x", ["--size=--", "--output=x"]],
  ["-size", ["--size"]],
  ["-size=", ["--size="]],
  ["-size 1 -size=2", ["--size=1", "--size=2"]],
  ["-readonly -size 1", ["--size=1", "--readonly"]],
  ["-readonly true -size 1", ["--readonly", "--", "true", "-size", "1"]],
  ["-readonly=yes", ["--readonly=yes"]],
  ["-readonly=", ["--readonly="]],
  ["-readonly -readonly=false", []],
  ["-readonly=0 --readonly=T -verbose=f", ["--readonly"]],
  ["-size 1 x -output y", ["--size=1", "--", "x", "-output", "y"]],
  ["-size 1 -- -output", ["--size=1", "--", "-output"]],
  ["-size 1 --", ["--size=1"]],
  ["- -size 1", ["--", "-", "-size", "1"]],
  ["---size 1", ["--", "---size", "1"]],
  ["-=1", ["--", "-=1"]],
  ["-what 1", ["--what", "--", "1"]],
  ["-what=1 -h", ["--what=1", "--h"]],
  ["-toString=1 -constructor", ["--toString=1", "--constructor"]],
];

describe("of Go's flags", () => {
  for (const [given, read] of CASES) {
    test(`"${given}" is ${JSON.stringify(read)}`, () => {
      expect(goArguments(given === "" ? [] : given.split(" "), OPTIONS)).toEqual([...read]);
    });
  }

  test("values are any text", () => {
    expect(goArguments(["-output", "a b\n=c", "-size=\nd"], OPTIONS)).toEqual([
      "--output=a b\n=c",
      "--size=\nd",
    ]);
  });

  for (const value of ["1", "t", "T", "true", "True", "TRUE", "0", "f", "F", "false", "False", "FALSE"]) {
    test(`what is true or false may be ${value}`, () => {
      const read = goArguments([`-readonly=${value}`], OPTIONS);
      expect(read).toEqual(/^[1t]/i.test(value) ? ["--readonly"] : []);
    });
  }
});
