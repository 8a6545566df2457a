const LINE = 104;

/** The text of a module with a program in it: base64 goes with a bundle, into an executable and through every runtime alike. */
export function builtModule(comment: string, name: string, program: Buffer): string {
  const lines = program.toString("base64").match(new RegExp(`.{1,${LINE}}`, "g")) ?? [];
  return [`/** ${comment} */`, `export const ${name} = \``, ...lines, "`;\n"].join("\n");
}
