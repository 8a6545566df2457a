import { beforeAll, describe, expect, test } from "bun:test";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { parseItems } from "../../src/cli/batch/items.ts";
import { BatchState } from "../../src/cli/batch/state.ts";
import { convert } from "../../src/convert/convert.ts";
import { planConversion } from "../../src/convert/dry-run.ts";
import type { ConvertOptions } from "../../src/convert/options.ts";
import { Docker2vmError } from "../../src/errors.ts";
import { expectError } from "../support/expect-error.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { scratchFolder } from "../support/scratch.ts";
import { tar } from "../support/tar-builder.ts";
import { runWith } from "./fake-host.ts";

const scratch = scratchFolder();
const COUNT = 12;
/** The one whose layer is cut off. */
const BROKEN = 4;
const NAMES = Array.from({ length: COUNT }, (_, i) => `image-${i}`);
let layer = "";
let whole = Buffer.alloc(0);

beforeAll(() => {
  for (const [i, name] of NAMES.entries()) {
    const built = buildLayout(scratch(name), { layers: [tar([{ path: `file-${i}`, data: `${i}` }])] });
    if (i === BROKEN) layer = scratch(name, "blobs", built.layers[0]?.digest.replace(":", "/") ?? "");
  }
  whole = readFileSync(layer);
});

interface Reported {
  readonly items: readonly {
    readonly status: string;
    readonly source: string;
    readonly error?: { code: string };
  }[];
  readonly converted: number;
  readonly there: number;
}

/** Runs a batch of the lines, with the library's own engine; what it converted. */
async function batch(out: string, lines: string, more: readonly string[] = [], beforeEach?: () => void) {
  const list = join(out, "list");
  writeFileSync(list, lines);
  const converted: string[] = [];
  let atOnce = 0;
  let most = 0;
  const stop = new AbortController();
  const engine = {
    planConversion,
    convert: async (options: ConvertOptions) => {
      most = Math.max(most, ++atOnce);
      beforeEach?.();
      try {
        const result = await convert(options);
        converted.push(String(options.out).split("/").at(-1) ?? "");
        return result;
      } finally {
        atOnce--;
      }
    },
  };
  const args = ["batch", list, "--out", join(out, "vms"), "--platform", "linux/amd64", "--no-cache", ...more];
  const ran = await runWith([...args, "--json"], engine, { signal: stop.signal });
  return { ...ran, converted, most, report: (): Reported => JSON.parse(ran.stdout) };
}

const LINES = `# all of them\n\n${NAMES.map((name) => `oci:PATH/${name}\t${name} # one`).join("\n")}\n`;
const lines = () => LINES.replaceAll("PATH", scratch());
const newFolder = () => mkdtempSync(scratch("batch-"));

describe("a batch", () => {
  test("makes all that can be made, tells what failed, and goes on from there the next time", async () => {
    const out = newFolder();
    truncateSync(layer, 10);
    const first = await batch(out, lines(), ["--jobs", "3"]);
    expect([first.code, first.most]).toEqual([6, 3]);
    expect(first.report()).toMatchObject({ converted: COUNT - 1, failed: 1, there: 0, stopped: 0 });
    const [failed] = first.report().items.filter(({ status }) => status === "failed");
    expect([failed?.source, failed?.error?.code]).toEqual([
      `oci:${scratch(`image-${BROKEN}`)}`,
      "E_SIZE_MISMATCH",
    ]);
    const made = NAMES.filter((_, i) => i !== BROKEN);
    expect(readdirSync(join(out, "vms")).sort()).toEqual(["batch.json", ...made].sort());
    // What was repaired is made, what has lost a file is made again, what is asked for otherwise as well.
    writeFileSync(layer, whole);
    rmSync(join(out, "vms/image-1"), { recursive: true });
    const second = await batch(out, lines());
    expect([second.code, second.converted.sort()]).toEqual([0, ["image-1", `image-${BROKEN}`]]);
    expect(second.report()).toMatchObject({ converted: 2, there: COUNT - 2, failed: 0 });
    expect((await batch(out, lines())).converted).toEqual([]);
    // What somebody else has put there is not what the batch has made.
    const elsewhere = { source: `oci:${scratch("image-3")}`, platform: "linux/amd64", force: true };
    await convert({ ...elsewhere, out: join(out, "vms/image-0") });
    expect((await batch(out, lines(), ["--force"])).converted).toEqual(["image-0"]);
    const other = await batch(out, lines(), ["--label", "other"]);
    expect([other.code, other.converted]).toEqual([8, []]);
    expect((await batch(out, lines(), ["--label", "other", "--force"])).converted).toHaveLength(COUNT);
    // The image itself is what a single conversion makes.
    const single = await convert({
      source: `oci:${scratch("image-0")}`,
      platform: "linux/amd64",
      out: scratch("single"),
    });
    await batch(out, lines(), ["--force"]);
    for (const name of ["rootfs.ext4", "meta.json"]) {
      const [a, b] = [
        readFileSync(join(out, "vms/image-0", name)),
        readFileSync(join(single.rootfsPath, "..", name)),
      ];
      expect(a.equals(b)).toBe(true);
    }
  });

  test("tells a reader what failed, and what to do about it", async () => {
    const list = scratch("missing-list");
    writeFileSync(list, `oci:${scratch("missing")} a\n`);
    const args = ["batch", list, "--out", scratch("missing-vms"), "--platform", "linux/amd64", "--no-cache"];
    const { stdout, code } = await runWith(args, { convert, planConversion });
    expect([code, stdout]).toEqual([
      3,
      [
        `failed    oci:${scratch("missing")} → ${scratch("missing-vms")}/a`,
        `          ${scratch("missing")}: there is no such file or folder`,
        "          hint: check the path; one that does not begin with / begins at the current folder",
        "1 failed\n",
      ].join("\n"),
    ]);
  });

  test("that is stopped leaves what is finished, whole, and nothing else", async () => {
    const out = newFolder();
    writeFileSync(layer, whole);
    const stop = new AbortController();
    let begun = 0;
    const list = join(out, "list");
    writeFileSync(list, lines());
    const engine = {
      planConversion,
      convert: (options: ConvertOptions) => {
        if (++begun === 5) stop.abort(new Docker2vmError("E_INTERRUPTED", "stopped by SIGINT"));
        return convert(options);
      },
    };
    const args = [
      "batch",
      list,
      "--out",
      join(out, "vms"),
      "--platform",
      "linux/amd64",
      "--no-cache",
      "--json",
    ];
    const { code, stdout, stderr } = await runWith(args, engine, { signal: stop.signal });
    expect([code, stderr]).toEqual([130, expect.stringContaining("the same command goes on from there")]);
    const { converted, stopped, failed }: Record<string, number> = JSON.parse(stdout);
    expect([failed, (converted ?? 0) + (stopped ?? 0)]).toEqual([0, COUNT]);
    expect(stopped).toBeGreaterThanOrEqual(COUNT - 5);
    const made = readdirSync(join(out, "vms")).filter((name) => name !== "batch.json");
    expect(made).toHaveLength(converted ?? 0);
    for (const name of made)
      expect(readdirSync(join(out, "vms", name)).sort()).toEqual(["meta.json", "rootfs.ext4"]);
    const next = await batch(out, lines());
    expect([next.code, next.converted.length]).toEqual([0, stopped ?? 0]);
  });

  test("has options for each item, over those of all", async () => {
    const out = newFolder();
    const list = [
      `oci:${scratch("image-0")}`,
      { source: `oci:${scratch("image-1")}`, out: "deep/one", size: "30M", label: "one", verity: true },
      {
        source: `oci:${scratch("image-2")}`,
        out: "two",
        profile: "init",
        cmd: ["a", "b"],
        env: ["A=1", "B=2"],
      },
    ];
    const { code, report } = await batch(out, JSON.stringify(list), ["--label", "all"]);
    expect([code, report().converted]).toEqual([0, 3]);
    const [first = ""] = readdirSync(join(out, "vms")).filter((name) => name.endsWith("image-0"));
    const metadata = (name: string) => JSON.parse(readFileSync(join(out, "vms", name, "meta.json"), "utf8"));
    expect(metadata(first).filesystem).toMatchObject({ label: "all" });
    expect(metadata("deep/one").filesystem).toMatchObject({ label: "one", blocks: 7680, verity: {} });
    expect(metadata("two").injection.bootstrap).toMatchObject({ cmd: ["a", "b"] });
    expect(metadata("two").injection.bootstrap.env).toEqual(expect.arrayContaining(["A=1", "B=2"]));
    expect((await batch(out, JSON.stringify(list), ["--label", "all"])).report().there).toBe(3);
    list[2] = { ...(list[2] as object), env: ["A=2"] } as never;
    expect((await batch(out, JSON.stringify(list), ["--label", "all", "--force"])).converted).toEqual([
      "two",
    ]);
  });

  test("of a list that makes no sense begins nothing, and says where", async () => {
    const wrong: readonly (readonly [string, ...string[]])[] = [
      ["", "lists nothing"],
      ["# nothing", "lists nothing"],
      ["a:1 b c", "line 1", '"c"'],
      ["a:1 ../b", "outside"],
      ["a:1 .", "outside"],
      ["a:1 b\nc:1 b", "two items go to /out/b"],
      ["[", "not valid JSON"],
      ["{}", "is no list"],
      ["[1]", "item 1", "is no item"],
      ["[{}]", "item 1", "no source"],
      ['[{"source":"a","out":1}]', "no folder"],
      ['[{"source":"a","siez":"1G"}]', '"siez"'],
      ['[{"source":"a","username":"x"}]', '"username"'],
      ['[{"source":"a","verity":"yes"}]', "true or false"],
      ['[{"source":"a","size":{}}]', "a text"],
    ];
    for (const [text, ...said] of wrong) {
      await expectError(() => parseItems(text, "/out", "list"), "E_USAGE", ...said);
    }
    expect(parseItems("a:1 b", "/", "list")).toMatchObject([{ source: "a:1", out: "/b" }]);
    await expectError(() => parseItems("a:1 .", "/", "list"), "E_USAGE", "outside");
    const out = newFolder();
    const list = [`oci:${scratch("image-0")}`, { source: `oci:${scratch("image-1")}`, size: "huge" }];
    const ran = await batch(out, JSON.stringify(list));
    expect([ran.code, ran.converted, ran.stderr]).toEqual([
      2,
      [],
      expect.stringContaining("image-1: --size"),
    ]);
    expect((await batch(out, "-")).code).toBe(2);
    expect((await batch(out, "a:1", ["--jobs", "0"])).code).toBe(2);
  });
});

describe("what a batch has made so far", () => {
  const outputs = (folder: string, names: readonly string[]): string[] =>
    names.map((name) => {
      const out = join(folder, name);
      mkdirSync(out);
      writeFileSync(join(out, "meta.json"), name);
      return out;
    });

  test("is seen by others at the same folder, and loses nothing of theirs", () => {
    const folder = newFolder();
    const [one = "", other = "", third = ""] = outputs(folder, ["one", "other", "third"]);
    const states = [new BatchState(folder), new BatchState(folder)] as const;
    for (const state of states) expect(state.has(one, "a", [])).toBe(false);
    states[0].add(one, "a");
    states[1].add(other, "b");
    states[0].add(third, "c");
    states[1].add(one, "d");
    for (const state of [...states, new BatchState(folder)]) {
      expect([one, other, third].map((out, i) => state.has(out, "dbc"[i] ?? "", []))).toEqual([
        true,
        true,
        true,
      ]);
      expect(state.has(one, "a", [])).toBe(false);
    }
    rmSync(join(folder, "batch.json"));
    expect(states[0].has(one, "d", [])).toBe(false);
    writeFileSync(join(folder, "batch.json"), "{");
    expect(states[0].has(other, "b", [])).toBe(false);
    states[0].add(other, "b");
    expect(Object.keys(JSON.parse(readFileSync(join(folder, "batch.json"), "utf8")).outputs)).toEqual([
      other,
    ]);
  });

  test("is read once, however many outputs are looked for", () => {
    const folder = newFolder();
    const [one = ""] = outputs(folder, ["one"]);
    const path = join(folder, "batch.json");
    new BatchState(folder).add(one, "a");
    const noon = new Date("2025-12-31T12:00:00Z");
    utimesSync(path, noon, noon);
    const state = new BatchState(folder);
    expect(state.has(one, "a", [])).toBe(true);
    // The same file by all that the system says of it: whoever reads it again finds nothing.
    writeFileSync(path, " ".repeat(statSync(path).size));
    utimesSync(path, noon, noon);
    expect(state.has(one, "a", [])).toBe(true);
    utimesSync(path, noon, new Date());
    expect(state.has(one, "a", [])).toBe(false);
  });
});
