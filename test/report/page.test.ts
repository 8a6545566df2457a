/** A report's page is opened, looked at in every width and ground, clicked, typed in and read aloud. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { convert } from "../../src/convert/convert.ts";
import { formatBytes } from "../../src/format-bytes.ts";
import { FileList } from "../../src/report/facts/file-list.ts";
import type { ImageReport } from "../../src/report/facts/report.ts";
import type { ImagePage } from "../../src/report/page/data.ts";
import { reportPage } from "../../src/report/page/page.ts";
import { imagePage } from "../../src/report/page-data.ts";
import { imageText } from "../../src/report/text/image-text.ts";
import { runWith } from "../cli/fake-host.ts";
import { findOracle, testWith } from "../support/oracles.ts";
import { REPOSITORY } from "../support/package.ts";
import { scratchFolder } from "../support/scratch.ts";
import { type OpenedPage, openPage, startBrowser, violationsIn } from "./browser.ts";
import { buildPage } from "./build-page.ts";
import { reportedImage } from "./image.ts";

const scratch = scratchFolder();
const IMAGE = ["--platform", "linux/amd64"];
let browser: Browser | undefined;
let report: ImageReport;

async function made(name: string, ...args: string[]): Promise<string> {
  const path = scratch(name);
  const { code, stderr } = await runWith(["report", ...args, ...IMAGE, "--out", path]);
  expect({ code, stderr: stderr.replace(/^warning: .*\n/gm, "") }).toEqual({ code: 0, stderr: "" });
  return path;
}

beforeAll(async () => {
  reportedImage(scratch("image"));
  const source = `oci:${scratch("image")}`;
  const { rootfsPath } = await convert({ source, out: scratch("vm"), platform: "linux/amd64" });
  await made("image.html", source);
  await made("filesystem.html", rootfsPath);
  await made("comparison.html", source, `dir:${join(REPOSITORY, "src/report/treemap")}`);
  report = JSON.parse(readFileSync(await made("image.json", source, "--format", "json"), "utf8"));
  if (findOracle("chromium") !== undefined) browser = await startBrowser();
});

afterAll(() => browser?.close());

function open(name: string, options: Parameters<typeof openPage>[2] = {}): Promise<OpenedPage> {
  if (browser === undefined) throw new Error("there is no browser");
  return openPage(browser, scratch(name), options);
}

async function closing({ page, faults, requests }: OpenedPage): Promise<void> {
  expect({ faults, requests: requests.length }).toEqual({ faults: [], requests: 1 });
  await page.context().close();
}

/** The captions of the table of contents, and the folder that the page says it shows. */
async function shown(page: Page): Promise<{ caption: string | null; at: string | null }> {
  return {
    caption: await page.locator(".explorer caption").textContent(),
    at: await page.locator(".crumbs [aria-current]").textContent(),
  };
}

/** The name in the middle of the largest tile that is in another. */
const TOPMOST = `(() => {
  const { x, y, width, height } = document.querySelector("div.tile").getBoundingClientRect();
  return document.elementFromPoint(x + width / 2, y + height / 2).querySelector(".name").textContent;
})()`;

describe("axe-core finds nothing, nothing is wider than the page, and nothing is asked for", () => {
  for (const [name, width, colorScheme] of [
    ["image.html", 360, "dark"],
    ["image.html", 820, "light"],
    ["image.html", 1440, "dark"],
    ["filesystem.html", 360, "light"],
    ["filesystem.html", 1440, "dark"],
    ["comparison.html", 820, "dark"],
    ["comparison.html", 1440, "light"],
  ] as const) {
    testWith(["chromium"], `${name}, ${width} wide, ${colorScheme}`, async () => {
      const opened = await open(name, { viewport: { width, height: 900 }, colorScheme });
      const { page } = opened;
      expect(await violationsIn(page)).toEqual([]);
      expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBe(0);
      if (colorScheme === "light") {
        // What a search shows is looked at as well, and what is dim then.
        await page.fill("#search", "s");
        await page.waitForSelector(".explorer caption:has-text('with')");
        expect(await violationsIn(page)).toEqual([]);
      }
      await closing(opened);
    });
  }
});

testWith(["chromium"], "what it shows is what ls lists: every folder, gone to by clicks", async () => {
  const opened = await open("image.html");
  const { page } = opened;
  const sums = new Map(report.folders.map(({ path, bytes }) => [path, bytes]));
  for (const path of ["/", "/usr", "/usr/share"]) {
    const rows = await page
      .locator(".explorer tbody tr")
      .evaluateAll((found) =>
        found.map((row) => [...row.querySelectorAll("th, td")].map((cell) => cell.textContent)),
      );
    const folders = rows.filter(([name]) => name?.endsWith("/"));
    const inside = [...sums].filter(
      ([each]) =>
        each !== path &&
        each.startsWith(path === "/" ? "/" : `${path}/`) &&
        !each.slice(path.length + 1).includes("/"),
    );
    expect(folders.map(([name, bytes]) => [name, bytes]).sort()).toEqual(
      inside.map(([each, bytes]) => [`${each.split("/").at(-1)}/`, formatBytes(bytes)]).sort(),
    );
    const next = { "/": "usr", "/usr": "share" }[path];
    if (next !== undefined)
      await page.locator(`.treemap [aria-label^="${next}/"]`).click({ position: { x: 10, y: 8 } });
  }
  expect(await shown(page)).toEqual({ caption: "Contents of /usr/share", at: "share" });
  // A file is told of where it is, and its row comes first.
  await page.locator('.treemap [aria-label^="first "]').click();
  expect(await page.locator(".explorer tbody tr").first().textContent()).toStartWith("first6.8 KiB");
  expect(await page.locator(".status").textContent()).toStartWith("/usr/share/first 6.8 KiB");
  await page.locator(".crumbs button").first().click();
  expect(await shown(page)).toEqual({ caption: "Contents of /", at: "/" });
  await page.locator(".explorer tbody button", { hasText: "opt/" }).click();
  expect(await shown(page)).toEqual({ caption: "Contents of /opt", at: "opt" });
  await closing(opened);
});

testWith(["chromium"], "keys alone go everywhere", async () => {
  const opened = await open("image.html", { reducedMotion: "reduce" });
  const { page } = opened;
  expect(await page.evaluate("getComputedStyle(document.documentElement).scrollBehavior")).toBe("auto");
  const focused = (): Promise<unknown> => page.evaluate("document.activeElement.getAttribute('aria-label')");
  await page.locator(".treemap button").first().focus();
  expect(await focused()).toStartWith("srv/ 1.0 MiB, 71 % of all, 2 files");
  await page.keyboard.press("ArrowRight");
  expect(await focused()).toStartWith("usr/ ");
  await page.keyboard.press("Enter");
  expect(await shown(page)).toEqual({ caption: "Contents of /usr", at: "usr" });
  expect(await page.locator(".explorer [role=status]").textContent()).toStartWith("/usr: ");
  expect(await focused()).toStartWith("bin/ ");
  await page.keyboard.press("Enter");
  expect((await shown(page)).at).toBe("bin");
  await page.keyboard.press("Escape");
  expect((await shown(page)).at).toBe("usr");
  // What is in the folder that has the focus is still to be seen, and read.
  expect(await page.evaluate(TOPMOST)).toBe("tool");
  expect(await violationsIn(page)).toEqual([]);
  await page.keyboard.press("Backspace");
  expect((await shown(page)).at).toBe("/");
  await page.keyboard.press("/");
  await page.keyboard.type("SAME-");
  await page.waitForSelector(".explorer caption:has-text('3 names with “SAME-”, 58.6 KiB in all')");
  expect(await page.locator(".explorer tbody tr").count()).toBe(3);
  expect(await page.locator(".treemap > .dim").count()).toBeGreaterThan(2);
  expect(await page.locator(".treemap > .dim", { hasText: "same-1" }).count()).toBe(0);
  await page.keyboard.press("Escape");
  await page.waitForSelector(".explorer caption:has-text('Contents of /')");
  await page.fill("#search", "/bin/su");
  await page.waitForSelector(".explorer caption:has-text('1 name with')");
  await page.locator(".explorer tbody button").press("Enter");
  expect(await shown(page)).toEqual({ caption: "Contents of /usr/bin", at: "bin" });
  expect(await page.locator("tr.marked").textContent()).toStartWith("su4.9 KiB");
  await closing(opened);
});

testWith(["chromium"], "tables are sorted by their titles, and tell it", async () => {
  const opened = await open("image.html");
  const { page } = opened;
  const table = page.locator("section[aria-labelledby=largest] table");
  const first = (): Promise<string | null> => table.locator("tbody th").first().textContent();
  expect(await first()).toBe("/srv/sparse");
  await table.getByRole("button", { name: "Path" }).click();
  expect([await first(), await table.locator("[aria-sort]").getAttribute("aria-sort")]).toEqual([
    "/opt/again",
    "ascending",
  ]);
  await page.keyboard.press("Enter");
  expect([await first(), await table.locator("[aria-sort]").getAttribute("aria-sort")]).toEqual([
    "/var/lib/rpm/rpmdb.sqlite",
    "descending",
  ]);
  await closing(opened);
});

testWith(["chromium"], "who hears the page hears what it shows", async () => {
  const opened = await open("filesystem.html");
  const tree = await opened.page.locator("body").ariaSnapshot();
  for (const line of [
    'heading "Folders and files" [level=2]',
    'navigation "Folder"',
    'searchbox "Search names"',
    'group "Treemap of /: arrows move, Enter opens, Backspace goes up"',
    'button "usr/ 363.4 KiB, 25 % of all, 9 files"',
    'table "Contents of /"',
    'table "Largest files"',
    'row "/srv/sparse 1.0 MiB 8.0 KiB"',
    'row "/usr/bin/su 4755 0:0 setuid"',
    'img "Map of the blocks; the table below has the numbers"',
    'table "What blocks are for"',
  ]) {
    expect(tree).toContain(line);
  }
  await closing(opened);
});

testWith(["chromium"], "names out of an image are text, whatever they hold", async () => {
  const opened = await open("image.html");
  const { page } = opened;
  expect(await page.locator("img[src]").count()).toBe(0);
  const path = await page
    .locator("section[aria-labelledby=largest] bdi", { hasText: "onerror" })
    .textContent();
  expect(path).toBe("/srv/</script><img src=x onerror=alert(1)>\\u202e\\x07");
  await closing(opened);
});

testWith(
  ["chromium"],
  "what is printed has what is read, on light ground, and nothing to click",
  async () => {
    const opened = await open("image.html", { colorScheme: "dark" });
    const { page } = opened;
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    expect(await page.locator("nav.parts").isVisible()).toBe(false);
    expect(await page.locator(".treemap").isVisible()).toBe(true);
    expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe("rgb(255, 255, 255)");
    expect((await page.pdf()).subarray(0, 5).toString()).toBe("%PDF-");
    await closing(opened);
  },
);

testWith(["chromium"], "what is not on the page is counted, whoever left it out", async () => {
  const group = { bytes: 2, wastedBytes: 2 * 89 };
  const paths = Array.from({ length: 60 }, (_, i) => `/same/${i}`);
  const duplicates = Array.from({ length: 301 }, () => ({ ...group, paths }));
  const [privileged] = report.privileged;
  const whole = { ...report, duplicates, moreDuplicates: 4, privileged: [privileged], morePrivileged: 3 };
  const list = new FileList([]);
  writeFileSync(scratch("more.html"), reportPage(imagePage(whole as ImageReport, list)));
  const opened = await open("more.html");
  const { page } = opened;
  const section = page.locator("section[aria-labelledby=duplicates]");
  expect(await section.locator("p").first().textContent()).toContain("5 smaller groups are not on this page");
  const row = section.locator("tbody tr").first();
  expect(await row.locator("summary").textContent()).toBe("/same/0 and 89 others");
  expect(await row.locator("td").first().textContent()).toBe("90");
  expect(await row.locator("li").count()).toBe(50);
  expect(await row.locator("li").last().textContent()).toBe("… and 40 more");
  const rights = await page.locator("section[aria-labelledby=privileges]").textContent();
  expect(rights).toContain("3 more files are not on this page");
  const text = imageText(whole as ImageReport, list);
  expect(text).toContain("… and 290 more");
  expect(text).toContain("… and 3 more");
  await closing(opened);
});

testWith(["chromium"], "a hundred thousand files are a few thousand nodes, and are searched", async () => {
  const { moreDuplicates, blocks } = { moreDuplicates: 0, blocks: null };
  const folders = Array.from({ length: 1000 }, (_, i) => `folder-${i}`);
  const data: ImagePage = {
    report: { ...report, duplicates: [], layers: [], wasted: [], source: "many" },
    moreDuplicates,
    blocks,
    tree: {
      names: [
        "",
        ...folders.flatMap((name) => [name, ...Array.from({ length: 100 }, (_, i) => `file-${i}.so`)]),
      ].join("/"),
      kinds: `d${`d${"f".repeat(100)}`.repeat(1000)}`,
      counts: [1000, ...folders.map(() => 100)],
      bytes: Array.from({ length: 100_000 }, (_, i) => (i * 7919) % 100_003),
    },
  };
  writeFileSync(scratch("many.html"), reportPage(data));
  const opened = await open("many.html");
  const { page } = opened;
  expect(await page.locator("*").count()).toBeLessThan(6000);
  await page.fill("#search", "file-99.so");
  await page.waitForSelector(".explorer caption:has-text('1,000 names')");
  expect(await page.locator(".explorer tbody tr").count()).toBe(100);
  await page.locator(".explorer .more button").click();
  expect(await page.locator(".explorer tbody tr").count()).toBe(200);
  await closing(opened);
});

test("what is committed of the page is its sources, bundled", async () => {
  for (const [name, text] of await buildPage())
    expect([name, readFileSync(join(REPOSITORY, "src/report/page/built", name), "utf8") === text]).toEqual([
      name,
      true,
    ]);
});
