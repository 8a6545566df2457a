/** What a newcomer does: every command and program of README and the manual, in order, in one clone. */
import { expect } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withRegistry } from "../support/docker-registry.ts";
import { guestOracles } from "../support/gondolin/needs.ts";
import { testWith } from "../support/oracles.ts";
import { runBeside } from "../support/run-beside.ts";
import { ALL_TEXT, type Block, blocks, commandsOf } from "./document.ts";
import { addReadersFiles, cloneTo, fillRegistry, readersEnvironment } from "./stand-ins.ts";

/** The commands that are not run, and why. All others are. */
const NOT_RUN: Readonly<Record<string, string>> = {
  "npm test": "this test is part of it",
  'docker2vm bundle create alpine:3.20 --cmd \'["/bin/echo", "hello"]\' --out vm/bundle':
    "test/bundle does, as root",
  "runc run --bundle vm/bundle hello": "likewise",
  "docker2vm bundle validate vm/bundle": "likewise",
  "npm install --global ./release/docker2vm-*-npm.tgz":
    "it would be there for all; test/cli/install does so elsewhere",
  "docker2vm --version": "likewise",
  "tar -xzf release/docker2vm-*-linux-x64.tar.gz -C ~/.local --strip-components 1":
    "test/slow/release unpacks what it has made",
  "~/.local/bin/docker2vm --version": "likewise",
  "skopeo copy oci:release/docker2vm-0.1.0-container:0.1.0 docker-daemon:docker2vm:0.1.0":
    "there is no Docker; test/slow/release runs the image by runc and crun",
  'docker run --rm -v "$PWD:/work" -u "$(id -u):$(id -g)" docker2vm:0.1.0 convert alpine:3.20 --out vm/contained':
    "likewise",
  "npm run release -- --out vm/release --target linux-x64 --no-container": "test/slow/release makes one",
  "npm run bench -- --scaling": "its images have gigabytes and a million files",
};

/** Commands that take minutes because they measure: put behind them, so that they have next to nothing to do. */
const IN_SHORT: Readonly<Record<string, string>> = {
  "npm run bench": " -- --shape small --rounds 1 --only 'docker2vm --fs xfs'",
  "npm run bench -- --shape large --rounds 3": " --shape small --rounds 1 --only 'docker2vm --fs xfs'",
  "npm run bench -- --image LAYOUT": " --rounds 1 --only 'docker2vm --fs xfs'",
  "npm run bench -- --shape files100k --only docker2vm": " --shape small --rounds 1",
  "npm run bench:micro": " -- 'sha256'",
};

/** By the beginning of a command, or of a program: what the page says that it says. */
const PROMISED: Readonly<Record<string, string>> = {
  "gondolin exec --image vm/guest -- /bin/echo hello": "hello\n",
  "docker2vm boot vm/first --kernel kernel": "exit code 7\n",
  "qemu-system-x86_64": "hello from docker2vm",
  'import { convert, Docker2vmError } from "docker2vm";': "/out/rootfs.ext4 ",
  'import { convertToStream, Docker2vmError } from "docker2vm";': "layer 0 is in",
  'import { inspectImage } from "docker2vm";': "E_IMAGE_NOT_FOUND true",
  "npm run bench -- --shape": "  CPU  ",
};

/** The first run on a machine fetches and compiles what Gondolin's guests are made of. */
const FIRST_MS = 1_500_000;
/** What hangs is ended by this, block by block: all of them together may take what a busy machine takes. */
const BLOCK_SECONDS = 600;
const ALL_MS = FIRST_MS + blocks(ALL_TEXT).length * BLOCK_SECONDS * 1000;
/** Characters of what was said, where a command fails. */
const SHOWN = 3000;

/** Of a function, which the blocks behind it use as well. */
const DEFINITION = /^\w+\(\) \{/;

testWith(
  [...guestOracles(), "bash", "buildah", "docker-registry", "git", "skopeo", "node"],
  "every command of README and the manual does what it is there for",
  () =>
    withRegistry({}, async (registry, folder) => {
      const clone = join(folder, "clone");
      cloneTo(clone);
      addReadersFiles(clone);
      const names = fillRegistry(registry, clone);
      const env = { ...process.env, ...readersEnvironment(folder) };
      const seen: string[] = [];
      for (const block of blocks(ALL_TEXT)) {
        const commands = commandsIn(block, clone);
        const toRun = commands.filter((command) => !(command in NOT_RUN));
        const script = toRun.map((command) => renamed(command + (IN_SHORT[command] ?? ""), names));
        const definitions = seen.filter((command) => DEFINITION.test(command));
        expectPromises(
          [block.text, ...commands],
          await runScript(block, [...definitions, ...script], clone, env),
        );
        for (const out of toRun.flatMap(outputsOf)) {
          expect([out, existsSync(join(clone, out))]).toEqual([out, true]);
        }
        seen.push(...commands);
      }
      const listed = [...Object.keys(NOT_RUN), ...Object.keys(IN_SHORT)];
      expect(listed.filter((command) => !seen.includes(command))).toEqual([]);
    }),
  ALL_MS,
);

/**
 * A block's commands; a program in it is written into the clone, where "docker2vm" is the clone's own package, which the
 * first program builds.
 */
function commandsIn({ language, text }: Block, clone: string): readonly string[] {
  if (language !== "ts") return language === "sh" ? commandsOf(text) : [];
  writeFileSync(join(clone, "program.mjs"), text);
  return [
    "[ -e dist/index.d.ts ] || npm run --silent build",
    "node program.mjs",
    "node_modules/.bin/bun program.mjs",
  ];
}

function expectPromises(commands: readonly string[], said: string): void {
  for (const [start, text] of Object.entries(PROMISED)) {
    if (commands.some((command) => command.startsWith(start))) expect(said).toContain(text);
  }
}

function renamed(command: string, names: Readonly<Record<string, string>>): string {
  return Object.entries(names).reduce((text, [name, here]) => text.replaceAll(name, here), command);
}

/** Folders that a command of docker2vm's leaves an image in. */
function outputsOf(command: string): readonly string[] {
  if (command.includes("--dry-run")) return [];
  const outputs = [...command.matchAll(/ --out (\S+)/g)].map((match) => match[1] ?? "");
  return command.startsWith("docker2vm report") ? outputs : outputs.map((out) => join(out, "rootfs.ext4"));
}

/** Runs commands in one shell that stops at the first that fails, and returns what they said on standard output. */
async function runScript(
  { section }: Block,
  commands: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const script = ["set -eu", "set -x", ...commands].join("\n");
  // In a process group of its own, all of which ends with the time.
  const inTime = ["timeout", String(BLOCK_SECONDS), "bash", "-c", script];
  const { status, stdout, stderr } = await runBeside(inTime, { cwd, env });
  if (status !== 0) {
    throw new Error(`"${section}": exit ${status}\n${stdout.slice(-SHOWN)}\n${stderr.slice(-SHOWN)}`);
  }
  return stdout;
}
