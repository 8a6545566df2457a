/** Makes what a report's page is made of from its sources: `npm run page`. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY } from "../support/package.ts";

const PAGE = join(REPOSITORY, "src/report/page");

/** The files below src/report/page/built, by their names. */
export async function buildPage(): Promise<ReadonlyMap<string, string>> {
  const script = await bundled("browser/main.ts", "iife");
  const style = await bundled("style.css", "esm");
  return new Map([
    ["script.ts", module("SCRIPT", "The page's script: browser/, bundled by `npm run page`.", script)],
    ["style.ts", module("STYLE", "The page's style: style.css, made small by `npm run page`.", style)],
  ]);
}

async function bundled(entry: string, format: "iife" | "esm"): Promise<string> {
  const { outputs, success, logs } = await Bun.build({
    entrypoints: [join(PAGE, entry)],
    target: "browser",
    format,
    minify: true,
  });
  const [output] = outputs;
  if (!success || output === undefined) throw new Error(logs.join("\n"));
  const text = (await output.text()).trim();
  // Either stands in an element that this would end.
  if (/<\/(?:script|style)|<!--/i.test(text)) throw new Error(`${entry} cannot stand in a page`);
  return text;
}

function module(name: string, about: string, text: string): string {
  return `/** ${about} */\nexport const ${name} = ${JSON.stringify(text)};\n`;
}

if (import.meta.main) {
  for (const [name, text] of await buildPage()) writeFileSync(join(PAGE, "built", name), text);
}
