import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { tarParts } from "../../src/layer/tar/entries.ts";
import { unpack } from "../../src/layer/unpack.ts";
import { ContentWriter } from "../../src/output/content-writer.ts";
import { immediateSink } from "../../src/output/stages.ts";
import { AttributePool } from "../../src/tree/attribute-pool.ts";
import { LayerTree } from "../../src/tree/layer-tree.ts";
import { TREE_BYTES, TREE_COST, TreeBudget } from "../../src/tree/tree-budget.ts";
import { expectError } from "../support/expect-error.ts";
import { type TarItem, tarItem } from "../support/tar-builder.ts";

const MIB = 2 ** 20;

/** Unpacks `count` entries as a layer of an image that may take `limit` bytes. */
async function unpackMany(count: number, limit: number, item: (at: number) => TarItem): Promise<LayerTree> {
  const budget = new TreeBudget(limit);
  const tree = new LayerTree("layer 1", { budget });
  let made = 0;
  async function* entries(): AsyncGenerator<Uint8Array> {
    for (; made < count; made++) yield tarItem(item(made));
  }
  const contents = {
    writer: new ContentWriter(immediateSink(() => {})),
    nextArena: async (length: number) => ({ start: 0, length }),
  };
  try {
    const parts = tarParts(entries(), { layer: tree.name, attributes: new AttributePool(budget) });
    await unpack(parts, tree, contents);
  } catch (error) {
    expect(made).toBeGreaterThan(1);
    throw error;
  }
  return tree;
}

describe("an image that asks for more memory than one may is refused", () => {
  const greedy: [string, (at: number) => TarItem][] = [
    ["attributes", (at) => ({ path: `${at}`, pax: { "SCHILY.xattr.user.a": `${at}`.padEnd(60_000) } })],
    [
      "lists of attributes",
      (at) => ({
        path: `${at}`,
        pax: Object.fromEntries(
          Array.from({ length: 2000 }, (_, n) => [`SCHILY.xattr.user.${n}`, `${(n + at) % 2}`]),
        ),
      }),
    ],
    [
      "targets of symlinks",
      (at) => ({ path: `${at}`, type: "symlink", pax: { linkpath: "t".repeat(4096) } }),
    ],
    [
      "hard links that wait",
      (at) => ({ path: `${at}`, type: "hardlink", pax: { linkpath: "t/".repeat(2000) } }),
    ],
    ["whiteouts", (at) => ({ pax: { path: `${"d".repeat(200)}/.wh.${`${at}`.padEnd(200, "w")}` } })],
    ["long names", (at) => ({ pax: { path: `${"d".repeat(200)}/${`${at}`.padEnd(200, "n")}` } })],
    ["folders that a path implies", (at) => ({ pax: { path: `${at}/${"d/".repeat(2000)}f` } })],
  ];
  test.each(greedy)("%s", async (_, item) => {
    await expectError(unpackMany(20_000, 4 * MIB, item), "E_LIMIT", `${4 * MIB} bytes of memory`);
  });
});

test("what many entries have in common is reckoned once", async () => {
  const value = "v".repeat(60_000);
  const item = (at: number) => ({ path: `${at}`, pax: { "SCHILY.xattr.user.a": value } });
  expect((await unpackMany(1000, MIB, item)).root.entries.size).toBe(1000);
});

test("a header that an entry's path comes from is not kept", async () => {
  const comment = "c".repeat(500_000);
  const before = process.memoryUsage().rss;
  const item = (at: number) => ({ pax: { comment, path: `a/name-that-is-too-long-to-be-copied-${at}` } });
  const tree = await unpackMany(1000, MIB, item);
  Bun.gc(true);
  expect(process.memoryUsage().rss - before).toBeLessThan(250 * MIB);
  expect(tree.find("a/name-that-is-too-long-to-be-copied-999")).toBeDefined();
});

describe("what an image may cost follows from what is reckoned for each thing", () => {
  const path = (at: number): string => `${at}`.padStart(60, "p");
  const { name, attribute, list, slot } = TREE_COST;
  const value = (at: number): string => `${at}`.padStart(500, "v");
  const things: [string, cost: number, (at: number) => TarItem][] = [
    ["names", name + 60, (at) => ({ path: path(at) })],
    ["symlinks", name + 60 + 90, (at) => ({ path: path(at), type: "symlink", linkname: "t".repeat(90) })],
    [
      "attributes",
      name + 60 + list + slot + attribute + "user.a".length + 500,
      (at) => ({ path: path(at), pax: { "SCHILY.xattr.user.a": value(at) } }),
    ],
  ];
  test.each(things)("%s", async (_, cost, item) => {
    const count = 100;
    expect((await unpackMany(count, count * cost, item)).root.entries.size).toBe(count);
    await expectError(unpackMany(count, count * cost - 1, item), "E_LIMIT", "of memory");
  });

  test("and the manual says how much that is", () => {
    const readme = readFileSync(join(import.meta.dir, "../../src/manual/speed.md"), "utf8");
    for (const said of [
      `${name} bytes and its path for each name`,
      `${attribute} bytes, name and value for each attribute`,
      `${list} bytes for a file's list of attributes and ${slot} for each in it`,
      `may come to ${TREE_BYTES / 2 ** 30} GiB`,
      `${Math.floor(TREE_BYTES / (name + 60))} names with paths of 60 bytes`,
    ]) {
      expect(readme).toContain(said);
    }
    const [, kibibytes, gibibytes] =
      /\| ([\d.]+) KiB among a million[\s\S]*the table says (\d+) GiB/.exec(readme) ?? [];
    const names = Math.floor(TREE_BYTES / (name + 60));
    expect(Math.round((names * Number(kibibytes)) / 2 ** 20)).toBe(Number(gibibytes));
  });
});
