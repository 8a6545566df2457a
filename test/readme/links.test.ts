/** Links of README and the manual lead somewhere, and every page is led to. */
import { expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { REPOSITORY } from "../support/package.ts";
import { DOCUMENTS, type Document, README } from "./document.ts";

/** Lines that a newcomer reads at one go. */
const SHORT = 160;

/** As GitHub makes them of headings. */
function anchorsOf({ text }: Document): readonly string[] {
  const plain = text.replaceAll(/^```[\s\S]*?^```$/gm, "");
  return [...plain.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
}

test("a link leads to a file, and in a page to a heading", () => {
  const lost: string[] = [];
  for (const document of DOCUMENTS) {
    for (const [, link = ""] of document.text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(link)) continue;
      const [to = "", anchor] = link.split("#");
      const path = to === "" ? document.path : normalize(join(dirname(document.path), to));
      const page = DOCUMENTS.find((other) => other.path === path);
      const isThere = page === undefined ? existsSync(join(REPOSITORY, path)) : true;
      if (!isThere || (anchor !== undefined && !(page && anchorsOf(page).includes(anchor)))) {
        lost.push(`${document.path}: ${link}`);
      }
    }
  }
  expect(lost).toEqual([]);
});

test("README leads to every page of the manual, and is short", () => {
  const pages = readdirSync(join(REPOSITORY, "src/manual")).map((name) => `src/manual/${name}`);
  const known = DOCUMENTS.map(({ path }) => path).filter((path) => path !== README.path);
  expect(known.sort()).toEqual(pages.sort());
  expect(README.text.split("\n").length).toBeLessThan(SHORT);
});
