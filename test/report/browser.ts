/** Chromium with a report's page in it, and what axe-core has to say of that. */
import axe from "axe-core";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { findOracle } from "../support/oracles.ts";

/** Starts Chromium; the caller closes it. */
export function startBrowser(): Promise<Browser> {
  const executablePath = findOracle("chromium");
  if (executablePath === undefined) throw new Error("chromium is missing");
  // As root it has no sandbox; pages here are this program's own.
  // No deadlines of its own: on a busy machine they pass before anything is wrong. The test has one.
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"], timeout: 0 });
}

/** A page with everything that went wrong in it, and whatever it asked for. */
export interface OpenedPage {
  readonly page: Page;
  readonly faults: string[];
  readonly requests: string[];
}

/** Opens a file in a page of its own. */
export async function openPage(
  browser: Browser,
  path: string,
  options: BrowserContextOptions = {},
): Promise<OpenedPage> {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(0);
  const page = await context.newPage();
  const faults: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => {
    if (message.type() !== "log") faults.push(message.text());
  });
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("dialog", (dialog) => {
    faults.push(dialog.message());
    void dialog.dismiss();
  });
  page.on("request", (request) => requests.push(request.url()));
  await page.goto(`file://${path}`);
  await page.waitForSelector("html[data-ready]");
  return { page, faults, requests };
}

/** What axe-core finds wrong by all of its rules, a line each. */
export async function violationsIn(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<axe.AxeResults>("axe.run({ resultTypes: ['violations'] })");
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary}`),
  );
}
