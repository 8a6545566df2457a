/** Completion as shells do it, from the keys to the words that a program gets. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { COMMANDS } from "../../../src/cli/commands.ts";
import type { OptionSpec } from "../../../src/cli/options/option.ts";
import { runOk, testWith } from "../../support/oracles.ts";
import { withTemporaryFolder } from "../../support/temporary.ts";
import { runWith } from "../fake-host.ts";
import { SHELLS, typeInto } from "./keyboard.ts";

/** What is typed, and the words that come of it. */
const TYPED: readonly (readonly [keys: string, ...words: string[]])[] = [
  ["docker2vm conv\t", "convert"],
  ["docker2vm bun\tval\tunp\t", "bundle", "validate", "unpacked/"],
  ["docker2vm cache pr\t--keep\t 1G", "cache", "prune", "--keep-bytes", "1G"],
  ["docker2vm completion z\t", "completion", "zsh"],
  ["docker2vm convert --fs er\t", "convert", "--fs", "erofs"],
  ["docker2vm convert --fs=er\t", "convert", "--fs=erofs"],
  ["docker2vm convert --profile cloud-\t", "convert", "--profile", "cloud-init"],
  ["docker2vm convert --progress j\t --quie\t", "convert", "--progress", "json", "--quiet"],
  ["docker2vm convert --launch qemu,lib\t", "convert", "--launch", "qemu,libvirt"],
  ["docker2vm diff a b --ignore mt\t", "diff", "a", "b", "--ignore", "mtime"],
  ["docker2vm convert --journal of\t", "convert", "--journal", "off"],
  ["docker2vm convert --oci-tar sav\t", "convert", "--oci-tar", "saved.tar"],
  ["docker2vm convert -o unp\t", "convert", "-o", "unpacked/"],
  ["docker2vm convert --ca sp\t", "convert", "--ca", "spare key.pem"],
  ["docker2vm convert docker-a\tsav\t", "convert", "docker-archive:saved.tar"],
  ["docker2vm convert dir:unp\t", "convert", "dir:unpacked/"],
  ["docker2vm convert ./sav\t", "convert", "./saved.tar"],
  ["docker2vm convert alp\t", "convert", "alpine:3.20"],
  ["docker2vm diff alpine:3.20 localh\t", "diff", "alpine:3.20", "localhost:5000/a/b:1"],
  ["docker2vm pull ghcr\t", "pull", "ghcr.io/owner/vm:2"],
  [
    "docker2vm report ./unp\t --format sv\t -o sav\t",
    "report",
    "./unpacked/",
    "--format",
    "svg",
    "-o",
    "saved.tar",
  ],
  ["docker2vm inspect --json sav\t", "inspect", "--json", "saved.tar"],
  ["docker2vm boot unp\t --accel=k\t", "boot", "unpacked/", "--accel=kvm"],
  // What stands behind an option is no operand.
  ["docker2vm extract --json saved.tar / unp\t", "extract", "--json", "saved.tar", "/", "unpacked/"],
  ["docker2vm ls --bogus saved.tar --rec\t", "ls", "--bogus", "saved.tar", "--recursive"],
  ["oci2gondolin --mode as\t", "--mode", "assets"],
  ["oci-to-virtio -fs er\t", "-fs", "erofs"],
];

/** As a terminal's readers put them: the space behind a word that is complete, and the slash behind a folder. */
function trimmed(words: readonly string[]): readonly string[] {
  return words.map((word) => word.replace(/(?<=.)\/$/, ""));
}

/** A function that prints what could stand at the end of a line, and then <END>. */
const ASK = {
  bash: `ask() {
    COMP_LINE=$1 COMP_POINT=\${#1}
    read -ra COMP_WORDS <<<"$1"
    case $1 in *' ') COMP_WORDS+=('') ;; esac
    COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
    _docker2vm
    printf '%s\\n' "\${COMPREPLY[@]}" '<END>'
  }`,
  fish: `function ask; complete -C $argv[1] | string replace -r '\\t.*' ''; echo '<END>'; end`,
};

interface Line {
  readonly line: string;
  /** What is among all that may stand at its end. */
  readonly words: readonly string[];
}

function lines(): readonly Line[] {
  return Object.entries(COMMANDS).flatMap(([name, { options, actions = {}, hidden, goFlags }]) => {
    const dash = goFlags ? "-" : "--";
    const start = hidden ? name : `docker2vm ${name}`;
    const scopes = Object.entries(actions).map(([action, each]) =>
      linesOf(`${start} ${action}`, each.options, dash),
    );
    const next = { line: `${start} `, words: Object.keys(actions) };
    return [...(hidden ? [] : [next]), ...linesOf(start, options, dash), ...scopes.flat()];
  });
}

function linesOf(
  start: string,
  options: Readonly<Record<string, OptionSpec>>,
  dash: string,
): readonly Line[] {
  return [
    { line: `${start} ${dash}`, words: Object.keys(options).map((name) => `${dash}${name}`) },
    ...Object.entries(options).map(([name, { values = [], list = [], words = [] }]) => ({
      line: `${start} ${dash}${name} `,
      words: [...values, ...list, ...words],
    })),
  ].filter(({ words }) => words.length > 0);
}

async function scriptFor(shell: string): Promise<string> {
  const ran = await runWith(["completion", shell]);
  expect(ran.stderr).toBe("");
  return ran.stdout;
}

function fill(folder: string): void {
  mkdirSync(join(folder, "unpacked"));
  for (const name of ["saved.tar", "spare key.pem"]) writeFileSync(join(folder, name), "");
  for (const tag of ["docker.io/library+alpine/3.20", "localhost+5000/a+b/1", "ghcr.io/owner+vm/2"]) {
    const path = join(folder, ".cache/docker2vm/refs", tag);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, "");
  }
}

describe("completion", () => {
  for (const shell of SHELLS) {
    testWith([shell, "script"], `by keys in ${shell}`, () =>
      withTemporaryFolder(async (folder) => {
        fill(folder);
        const came = await typeInto(
          shell,
          await scriptFor(shell),
          folder,
          TYPED.map(([keys]) => keys),
        );
        expect(TYPED.map(([keys], at) => [keys, ...trimmed(came[at] ?? [])])).toEqual(
          TYPED.map(([keys, ...words]) => [keys, ...trimmed(words)]),
        );
      }),
    );
  }

  for (const shell of ["bash", "fish"] as const) {
    testWith([shell], `has every option of every command and all their values in ${shell}`, async () => {
      const questions = lines().map(({ line }) => line);
      const script = [await scriptFor(shell), ASK[shell], ...questions.map((line) => `ask '${line}'`)];
      const answers = runOk(shell, [shell === "bash" ? "--norc" : "--no-config", "-c", script.join("\n")])
        .split("<END>\n")
        .map((answer) => answer.split("\n").filter((word) => word !== ""));
      const found = lines().map(({ line, words }, at) => [
        line,
        words.filter((word) => answers[at]?.includes(word)),
      ]);
      expect(found).toEqual(lines().map(({ line, words }) => [line, [...words]]));
      expect(found.length).toBeGreaterThan(80);
    });
  }

  test("is for shells that there is a script for", async () => {
    expect(await runWith(["completion", "tcsh"])).toMatchObject({ code: 2, stdout: "" });
    expect((await runWith(["completion"])).stderr).toStartWith("error: no shell given\n");
  });
});
