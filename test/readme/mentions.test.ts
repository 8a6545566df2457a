/** What README mentions is there, and what is there it mentions. */
import { expect, test } from "bun:test";
import { ALL_OPTIONS, COMMANDS } from "../../src/cli/commands.ts";
import type { OptionSpec } from "../../src/cli/options/option.ts";
import { PACKAGE } from "../support/package.ts";
import { blocks, codeSpans, commandsOf, README } from "./document.ts";

/** Options in README that are not this program's, and whose they are. */
const OTHERS_OPTIONS: Readonly<Record<string, string>> = {
  silent: "npm",
  "no-env-file": "bun",
  arch: "gondolin image pull",
  tag: "gondolin image import",
  init: "docker run",
  workload: "ovms-init",
  layers: "buildah build",
  prune: "buildah rmi",
  "hash-offset": "veritysetup",
  "no-api": "firecracker",
  "config-file": "firecracker",
  console: "virsh create",
  "numeric-owner": "tar",
  xattrs: "tar",
  "xattrs-include": "tar",
  bundle: "runc run",
  "insecure-ignore-tlog": "cosign verify",
  type: "cosign verify-attestation",
  shape: "npm run bench",
  rounds: "npm run bench",
  only: "npm run bench",
  scaling: "npm run bench",
};

const SHELL = blocks(README)
  .filter(({ language }) => language === "sh")
  .flatMap(({ text }) => commandsOf(text));
const CODE = [...SHELL, ...codeSpans(README)];

function mentioned(pattern: RegExp): string[] {
  return [...new Set(CODE.flatMap((code) => [...code.matchAll(pattern)].map((match) => match[1] ?? "")))];
}

test("every option in README is an option, and every option is in README", () => {
  const inReadme = mentioned(/(?<![\w-])--([a-z][a-z-]*)/g);
  expect(inReadme.filter((name) => !(name in ALL_OPTIONS || name in OTHERS_OPTIONS))).toEqual([]);
  const expected = [...Object.keys(ALL_OPTIONS), ...Object.keys(OTHERS_OPTIONS)];
  expect(expected.filter((name) => !inReadme.includes(name))).toEqual([]);
});

test("options have in README the short names and the values that they have", () => {
  for (const [name, { alias, values }] of Object.entries<OptionSpec>(ALL_OPTIONS)) {
    if (alias !== undefined) expect(README).toMatch(new RegExp(`[\` ]-${alias}[\`:]`));
    if (values !== undefined)
      expect(CODE).toContainEqual(expect.stringContaining(`--${name} ${values.join("|")}`));
  }
});

test("every command in README is a command, and every command is in README", () => {
  const ofTheirOwn = Object.keys(COMMANDS).filter((name) => COMMANDS[name]?.hidden);
  const named = [
    ...mentioned(/(?<![\w/-])docker2vm ([a-z][\w-]*)/g),
    ...ofTheirOwn.filter((name) => SHELL.some((command) => command.startsWith(`${name} -`))),
  ];
  expect(named.sort()).toEqual(Object.keys(COMMANDS).sort());
});

test("every script in README is one of the package's", () => {
  const scripts = [
    ...mentioned(/\bnpm run (?:--silent )?([\w:][\w:-]*)/g),
    ...mentioned(/\bnpm (start|test)\b/g),
  ];
  expect(scripts.length).toBeGreaterThan(5);
  expect(scripts.filter((name) => !(name in PACKAGE.scripts))).toEqual([]);
});
