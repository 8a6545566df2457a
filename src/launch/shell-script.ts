/** A script that runs one command in the folder that it lies in, whatever is in the words. */
export function shellScript(command: readonly string[]): string {
  const lines = linesOf(command).map((words) => words.map(quoted).join(" "));
  return `#!/bin/sh
cd -- "$(dirname -- "$0")" || exit
exec ${[...lines, '"$@"'].join(" \\\n  ")}
`;
}

/** The program, then each option with its values on a line. */
function linesOf(command: readonly string[]): readonly string[][] {
  const lines: string[][] = [];
  for (const [index, word] of command.entries()) {
    if (index === 0 || word.startsWith("-")) lines.push([word]);
    else lines.at(-1)?.push(word);
  }
  return lines;
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
