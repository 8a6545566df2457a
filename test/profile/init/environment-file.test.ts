/** /etc/environment as shells read it, which take it as pam_env does where they can. */
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { environmentFile } from "../../../src/profile/init/environment-file.ts";
import { type Oracle, runOk, testWith } from "../../support/oracles.ts";
import { scratchFolder } from "../../support/scratch.ts";

const scratch = scratchFolder();
const HELD = {
  EMPTY: "",
  PATH: "/usr/bin:/bin",
  spaces: " a  b ",
  _quotes: 'say "hi" `date` $(date) $HOME \\ \\n',
  unicode: "ü→",
  option: "--x=y,z@1%",
};

for (const shell of ["dash", "bash", "mksh"] satisfies Oracle[]) {
  testWith([shell], `${shell} reads back every value that the file holds`, () => {
    const { bytes, leftOut } = environmentFile(
      Object.entries(HELD).map(([name, value]) => `${name}=${value}`),
    );
    expect(leftOut).toEqual([]);
    writeFileSync(scratch("environment"), bytes);
    for (const [name, value] of Object.entries(HELD)) {
      expect(runOk(shell, ["-c", `. "$1"; printf %s "$${name}"`, "sh", scratch("environment")])).toBe(value);
    }
  });
}

test("what some reader would take for something else is left out, and told", () => {
  const others = [
    "a.b=1",
    "1a=1",
    "-=1",
    "NEWLINE=a\nb",
    "TAB=a\tb",
    "QUOTE=it's",
    "COMMENT=a #b",
    `LONG=${"x".repeat(1000)}`,
  ];
  const { bytes, leftOut } = environmentFile([...others, "A=1"]);
  expect(Buffer.from(bytes).toString()).toBe("A=1\n");
  expect(leftOut).toEqual(["a.b", "1a", "-", "NEWLINE", "TAB", "QUOTE", "COMMENT", "LONG"]);
});
