/**
 * `npm run man`, a part of the build: writes the manual's pages into dist/man, and where others are there, their names
 * into package.json, for npm links at an installation what is named there, and the reference into src/manual. What
 * `--help` shows goes into dist/help.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { COMMANDS } from "../commands.ts";
import { helpText } from "../help.ts";
import { editionOf } from "./edition.ts";
import { manualPages } from "./pages.ts";
import { referencePage } from "./reference.ts";

const MS = 1000;
const FOLDER = "dist/man";
const HELP_FOLDER = "dist/help";

const repository = fileURLToPath(new URL("../../..", import.meta.url));
const manifestPath = join(repository, "package.json");
const manifest = JSON.parse(readFileSync(manifestPath, "utf8"));
const epoch = process.env["SOURCE_DATE_EPOCH"];
const date = epoch ? new Date(Number(epoch) * MS) : new Date();
const pages = manualPages(COMMANDS, editionOf(date));

mkdirSync(join(repository, FOLDER), { recursive: true });
for (const [name, text] of pages) writeFileSync(join(repository, FOLDER, name), text);

mkdirSync(join(repository, HELP_FOLDER), { recursive: true });
for (const name of [undefined, ...Object.keys(COMMANDS)]) {
  writeFileSync(join(repository, HELP_FOLDER, `${name ?? "docker2vm"}.txt`), await helpText(name));
}

const named = [...pages.keys()].map((name) => `${FOLDER}/${name}`);
if (JSON.stringify(manifest.man) !== JSON.stringify(named)) {
  writeFileSync(manifestPath, `${JSON.stringify({ ...manifest, man: named }, null, 2)}\n`);
}

const referencePath = join(repository, "src/manual/reference.md");
const reference = referencePage(COMMANDS);
if (!existsSync(referencePath) || readFileSync(referencePath, "utf8") !== reference) {
  writeFileSync(referencePath, reference);
}
