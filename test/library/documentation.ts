/** What the comments of a package's exports leave out: words, examples, errors, units. */
import { type Checker, type Symbol as Declared, SymbolFlags, type Type } from "typescript/unstable/async";
import { ERROR_CODES } from "../../src/errors.ts";
import { withProgram } from "../../src/schema/program.ts";

const VALUE = SymbolFlags.Function | SymbolFlags.Class | SymbolFlags.Variable;
/** Where the example of something stands that has none of its own. */
const ELSEWHERE = /The example is that of `(\w+)`\./;
/** Names that are a unit, or what is counted. */
const UNIT =
  /(?:bytes|blocks|inodes|seconds|uid|gid|major|minor|files|directories|symlinks|groups|perGroup|mounts|cpus|pids)$/i;

/** What is missing, one line each. */
export function missingDocumentation(tsconfig: string, entry: string): Promise<readonly string[]> {
  return withProgram(tsconfig, entry, async ({ checker, exports }) => {
    const examples = new Map<string, string>();
    for (const [name, declared] of exports) examples.set(name, await exampleOf(declared, checker));
    const missing = [...exports].map(async ([name, declared]) => {
      const text = (await checker.getDocumentationCommentOfSymbol(declared)).replaceAll(/\s+/g, " ");
      return [
        ...(text === "" ? [`${name}: no comment`] : []),
        ...((declared.flags & VALUE) === 0 ? [] : missingExample(name, text, examples)),
        ...((declared.flags & SymbolFlags.Function) === 0 ? [] : missingErrors(name, text)),
        ...((declared.flags & (SymbolFlags.Interface | SymbolFlags.Class)) === 0
          ? []
          : await missingUnits(name, await checker.getDeclaredTypeOfSymbol(declared), checker)),
      ];
    });
    return (await Promise.all(missing)).flat().sort();
  });
}

async function exampleOf(declared: Declared, checker: Checker): Promise<string> {
  const tags = await checker.getJsDocTagsOfSymbol(declared);
  return tags.find(({ name }) => name === "example")?.text ?? "";
}

function missingExample(name: string, text: string, examples: ReadonlyMap<string, string>): string[] {
  const from = ELSEWHERE.exec(text)?.[1] ?? name;
  const isThere = new RegExp(`\\b${name}\\b`).test(examples.get(from) ?? "");
  return isThere ? [] : [`${name}: no example in the comment of ${from}`];
}

function missingErrors(name: string, text: string): string[] {
  const codes = text.match(/\bE_[A-Z_]+/g) ?? [];
  const unknown = codes.filter((code) => !Object.hasOwn(ERROR_CODES, code));
  const isSaid = /\bThrows (?:nothing|Docker2vmError|as `\w+` does|[^.]*E_[A-Z_]+)/.test(text);
  return [
    ...(isSaid ? [] : [`${name}: no word of what it throws`]),
    ...unknown.map((code) => `${name}: no such code as ${code}`),
  ];
}

/** Numbers among the members whose names say nothing of their unit, without a comment. */
async function missingUnits(name: string, type: Type, checker: Checker): Promise<string[]> {
  const missing: string[] = [];
  for (const member of await checker.getPropertiesOfType(type)) {
    const found = await checker.getTypeOfSymbol(member);
    const shown = found === undefined ? "" : await checker.typeToString(found);
    const isNumber = /\bnumber\b/.test(shown) && !/=>|[`{]/.test(shown);
    if (!isNumber || UNIT.test(member.name)) continue;
    const text = await checker.getDocumentationCommentOfSymbol(member);
    if (text === "") missing.push(`${name}.${member.name}: a number without a unit`);
  }
  return missing;
}
