/** What a shell and man(1) are given beside the program, where each is looked for below a prefix such as /usr/local. */
import { COMMANDS } from "../cli/commands.ts";
import { bashScript } from "../cli/completion/bash.ts";
import { fishScript } from "../cli/completion/fish.ts";
import { grammarOf, PROGRAM } from "../cli/completion/grammar.ts";
import { zshScript } from "../cli/completion/zsh.ts";
import { editionOf } from "../cli/manual/edition.ts";
import { manualPages } from "../cli/manual/pages.ts";
import type { Member } from "./archive.ts";

/** The other names of the program, each a command that is a program of its own as well. */
export function otherNames(): readonly string[] {
  return grammarOf(COMMANDS).programs;
}

/** @param seconds the pages' date */
export function manualMembers(seconds: number): readonly Member[] {
  const pages = manualPages(COMMANDS, editionOf(new Date(seconds * 1000)));
  return [...pages].map(([name, text]) => file(`share/man/man1/${name}`, text));
}

/** Shells look for the completion of a command in a file of its name: links lead the other names to the same script. */
export function completionMembers(): readonly Member[] {
  const grammar = grammarOf(COMMANDS);
  const bash = "share/bash-completion/completions";
  const fish = "share/fish/vendor_completions.d";
  return [
    file(`${bash}/${PROGRAM}`, bashScript(grammar)),
    ...grammar.programs.map((name) => link(`${bash}/${name}`, PROGRAM)),
    file(`share/zsh/site-functions/_${PROGRAM}`, zshScript(grammar)),
    file(`${fish}/${PROGRAM}.fish`, fishScript(grammar)),
    ...grammar.programs.map((name) => link(`${fish}/${name}.fish`, `${PROGRAM}.fish`)),
  ];
}

export function file(path: string, text: string | Uint8Array): Member {
  return { path, contents: { bytes: typeof text === "string" ? Buffer.from(text) : text } };
}

export function link(path: string, target: string): Member {
  return { path, contents: { link: target } };
}
