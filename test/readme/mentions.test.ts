/** What README and the manual mention is there, and what is there they mention. */
import { expect, test } from "bun:test";
import { ALL_OPTIONS, COMMANDS } from "../../src/cli/commands.ts";
import type { OptionSpec } from "../../src/cli/options/option.ts";
import { PACKAGE } from "../support/package.ts";
import { ALL_TEXT, blocks, codeSpans, commandsOf } from "./document.ts";

/** Options in the manual that are not this program's, and whose they are. */
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
  oci: "mkfs.erofs",
  sparse: "cp",
  reflink: "cp",
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
  base: "npm run release",
  cache: "npm run release",
  "no-container": "npm run release",
  global: "npm install",
  "strip-components": "tar",
  "ignore-missing": "sha256sum",
  rm: "docker run",
};

const SHELL = blocks(ALL_TEXT)
  .filter(({ language }) => language === "sh")
  .flatMap(({ text }) => commandsOf(text));
const CODE = [...SHELL, ...codeSpans(ALL_TEXT)];

function mentioned(pattern: RegExp): string[] {
  return [...new Set(CODE.flatMap((code) => [...code.matchAll(pattern)].map((match) => match[1] ?? "")))];
}

test("every option in the manual is an option, and every option is in the manual", () => {
  const inManual = mentioned(/(?<![\w-])--([a-z][a-z-]*)/g);
  expect(inManual.filter((name) => !(name in ALL_OPTIONS || name in OTHERS_OPTIONS))).toEqual([]);
  const expected = [...Object.keys(ALL_OPTIONS), ...Object.keys(OTHERS_OPTIONS)];
  expect(expected.filter((name) => !inManual.includes(name))).toEqual([]);
});

test("options have in the manual the short names and the values that they have", () => {
  for (const [name, { alias, values }] of Object.entries<OptionSpec>(ALL_OPTIONS)) {
    if (alias !== undefined) expect(ALL_TEXT).toMatch(new RegExp(`[\` ]-${alias}[\`:]`));
    if (values !== undefined)
      expect(CODE).toContainEqual(expect.stringContaining(`--${name} ${values.join("|")}`));
  }
});

test("every command in the manual is a command, and every command is in the manual", () => {
  const ofTheirOwn = Object.keys(COMMANDS).filter((name) => COMMANDS[name]?.hidden);
  const named = [
    ...mentioned(/(?<![\w/-])docker2vm ([a-z][\w-]*)/g),
    ...ofTheirOwn.filter((name) => SHELL.some((command) => command.startsWith(`${name} -`))),
  ];
  expect(named.sort()).toEqual(Object.keys(COMMANDS).sort());
});

test("every script in the manual is one of the package's", () => {
  const scripts = [
    ...mentioned(/\bnpm run (?:--silent )?([\w:][\w:-]*)/g),
    ...mentioned(/\bnpm (start|test)\b/g),
  ];
  expect(scripts.length).toBeGreaterThan(5);
  expect(scripts.filter((name) => !(name in PACKAGE.scripts))).toEqual([]);
});
