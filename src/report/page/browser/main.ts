/** What a report's page does, run where it is opened. */
import { Tree } from "../../treemap/tree.ts";
import { isComparison, type PageData } from "../data.ts";
import { blocksSection } from "./blocks.ts";
import { comparisonSections } from "./comparison-sections.ts";
import { element } from "./dom.ts";
import { Explorer } from "./explorer.ts";
import { imageSections } from "./image-sections.ts";
import type { Section } from "./section.ts";

function start(): void {
  const data = JSON.parse(document.getElementById("data")?.textContent ?? "") as PageData;
  const main = document.querySelector("main");
  const explorer = new Explorer(new Tree(data.tree), isComparison(data));
  const sections: Section[] = [
    { id: "contents", title: "Folders and files", lead: "", parts: [explorer.element] },
    ...(isComparison(data) ? comparisonSections(data) : imageSections(data)),
    ...(isComparison(data) || data.blocks === null ? [] : [blocksSection(data.blocks)]),
  ];
  const links = sections.map(({ id, title }) => element("li", {}, element("a", { href: `#${id}` }, title)));
  main?.append(
    element("nav", { class: "parts", "aria-label": "Parts of the report" }, element("ul", {}, ...links)),
    ...sections.map(partOf),
  );
  document.documentElement.dataset["ready"] = "";
}

function partOf({ id, title, lead, parts }: Section): HTMLElement {
  const heading = element("h2", { id }, title);
  const words = lead === "" ? [] : [element("p", { class: "lead" }, lead)];
  return element("section", { "aria-labelledby": id }, heading, ...words, ...parts);
}

start();
