import { expect, test } from "bun:test";
import { checkOverrides, type WorkloadOverrides } from "../../../src/profile/init/overrides.ts";
import { expectError } from "../../support/expect-error.ts";

test("a variable that is named alone has its value from the environment, or is left out", () => {
  const environment = { A: "of the caller", EMPTY: "", UNSET: undefined };
  const env = ["A", "B=", "EMPTY", "UNSET", "NONE", "A=x=y"];
  expect(checkOverrides({ env }, environment).env).toEqual(["A=of the caller", "B=", "EMPTY=", "A=x=y"]);
});

test("what no process or machine can be given is wrong use", async () => {
  const table: [overrides: WorkloadOverrides, ...said: string[]][] = [
    [{ cmd: ["a\0"] }, "cmd has a NUL byte"],
    [{ entrypoint: ["\0"] }, "entrypoint has a NUL byte"],
    [{ env: ["A=\0"] }, "env has a NUL byte"],
    [{ user: "\0" }, "user has a NUL byte"],
    [{ workdir: "srv" }, '"srv" is relative', "begin it with a slash"],
    [{ env: ["=x"] }, '"=x" is no variable', "NAME=VALUE"],
    [{ env: [""] }, '"" is no variable'],
    [{ hostname: "-a" }, '"-a" is no host name'],
    [{ hostname: "a b" }, "is no host name"],
    [{ hostname: "a".repeat(65) }, "is no host name", "64 at most"],
    [{ hostname: "" }, '"" is no host name'],
  ];
  for (const [overrides, ...said] of table)
    await expectError(() => checkOverrides(overrides, {}), "E_USAGE", ...said);
  const sound = { hostname: "a-1.b", workdir: "/", user: "", cmd: [""], entrypoint: [] };
  expect(checkOverrides(sound, {})).toEqual(sound);
});
