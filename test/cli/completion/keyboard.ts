/** A shell in a terminal, with completion of this program, that is typed into. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram } from "../../support/programs.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** What stands in each shell for the program: a function that says what it was given, a line for each word. */
const FUNCTION: Readonly<Record<Shell, (name: string) => string>> = {
  bash: (name) => `${name}() { printf '<%s>\\n' "$@"; echo '<END>'; }`,
  zsh: (name) => `${name}() { printf '<%s>\\n' "$@"; echo '<END>'; }`,
  fish: (name) => `function ${name}; printf '<%s>\\n' $argv; echo '<END>'; end`,
};

/** Before the script is read: nothing of this machine's own, and no questions. */
const BEFORE: Readonly<Record<Shell, string>> = {
  bash: "PS1='$ '; bind 'set bell-style none'; bind 'set enable-bracketed-paste off'",
  zsh: "PS1='$ '; unsetopt beep; autoload -U compinit; compinit -u -d $ZDOTDIR/dump",
  fish: "function fish_prompt; echo '$ '; end; function fish_greeting; end",
};

const TERMINAL = "stty cols 200 rows 50";

/** Types lines with their tabs, one after the other, in `folder`; returns the words that each came to. */
export async function typeInto(
  shell: Shell,
  script: string,
  folder: string,
  lines: readonly string[],
): Promise<readonly (readonly string[])[]> {
  const home = join(folder, `.${shell}`);
  mkdirSync(home);
  const names = ["docker2vm", "oci2gondolin", "oci-to-virtio"];
  const start = join(home, shell === "zsh" ? ".zshrc" : "start");
  writeFileSync(start, [BEFORE[shell], ...names.map(FUNCTION[shell]), script, `echo '<END>'`, ""].join("\n"));
  const program = findProgram(shell) ?? shell;
  const call = {
    bash: `'${program}' --noprofile --rcfile '${start}' -i`,
    zsh: `'${program}' -d -i`,
    fish: `'${program}' --no-config --private --init-command 'source ${start}'`,
  }[shell];
  const child = spawn("script", ["-qec", `${TERMINAL}; exec ${call}`, "/dev/null"], {
    cwd: folder,
    stdio: ["pipe", "pipe", "inherit"],
    env: { PATH: process.env["PATH"], HOME: folder, ZDOTDIR: home, TERM: "xterm", LC_ALL: "C.UTF-8" },
  });
  const ended = once(child, "exit");
  try {
    const screen = screenOf(child.stdout);
    await screen();
    const came: (readonly string[])[] = [];
    for (const line of lines) {
      child.stdin.write(`${line}\r`);
      came.push([...(await screen()).matchAll(/^<(?!END)(.*)>\r*$/gm)].map((match) => match[1] ?? ""));
    }
    return came;
  } finally {
    // It blocks SIGHUP. With it its terminal ends, and with that the shell.
    child.kill("SIGKILL");
    await ended;
  }
}

/** What is on the screen since it was last asked for, as soon as a function of ours has ended. */
function screenOf(stdout: NodeJS.ReadableStream): () => Promise<string> {
  const chunks = stdout.setEncoding("utf8")[Symbol.asyncIterator]();
  let text = "";
  return async () => {
    for (;;) {
      const end = /^<END>\r*\n/m.exec(text);
      if (end !== null) {
        const seen = text.slice(0, end.index);
        text = text.slice(end.index + end[0].length);
        return seen;
      }
      const { value, done } = await chunks.next();
      if (done === true) throw new Error(`the shell has ended: ${text}`);
      text += value;
    }
  };
}
