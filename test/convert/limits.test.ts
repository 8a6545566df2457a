/** An image beyond a limit is refused, soon, and an image within it is none the worse. */
import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { convert } from "../../src/convert/convert.ts";
import { planConversion } from "../../src/convert/dry-run.ts";
import { LayerBudget, type Limits, limitsRequest } from "../../src/convert/limits.ts";
import type { ConvertOptions } from "../../src/convert/options.ts";
import { noise } from "../registry/support.ts";
import { entriesOf, tarOf } from "../source/support.ts";
import { expectError } from "../support/expect-error.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { scratchFolder } from "../support/scratch.ts";
import { type TarItem, tar } from "../support/tar-builder.ts";

const scratch = scratchFolder();
const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** Tars of an image that is made where it is not there; its source. */
function image(name: string, layers: () => readonly (readonly TarItem[])[]): string {
  if (!existsSync(scratch(name))) buildLayout(scratch(name), { layers: layers().map(tar) });
  return `oci:${scratch(name)}`;
}

const SMALL: readonly (readonly TarItem[])[] = [
  [{ path: "f", data: noise(100_000, 1) }, { path: "a/b/c/d" }],
  [{ path: "a/.wh.b" }, { path: "h", type: "hardlink", linkname: "f" }],
];
/** Five that are in the tars, and a, a/b, a/b/c and once more a. */
const SMALL_ENTRIES = 4 + 4;
const SMALL_BYTES = SMALL.reduce((sum, items) => sum + tar(items).length, 0);
const small = (): string => image("small", () => SMALL);

function options(source: string, more: Partial<ConvertOptions> = {}): ConvertOptions {
  return { source, platform: "linux/amd64", out: scratch("out"), force: true, ...more };
}

async function refused(asked: ConvertOptions, ...said: readonly string[]): Promise<void> {
  await expectError(convert(asked), "E_LIMIT", ...said);
  expect(existsSync(scratch("out"))).toBe(false);
}

async function digest(limits: Limits | undefined): Promise<string> {
  const { rootfsPath } = await convert(options(small(), { limits, out: scratch("whole") }));
  return createHash("sha256").update(readFileSync(rootfsPath)).digest("hex");
}

describe("an image", () => {
  const exact: Limits = { bytes: SMALL_BYTES, entries: SMALL_ENTRIES, layers: 2 };

  test("that comes to just the limits has the bytes it has without any", async () => {
    expect(await digest(exact)).toBe(await digest(undefined));
  });

  for (const workers of [0, 2]) {
    for (const [name, said] of [
      ["bytes", `come to more than ${SMALL_BYTES - 1} bytes`],
      ["entries", `have more than ${SMALL_ENTRIES - 1} entries`],
      ["layers", "has 2 layers, more than 1"],
    ] as const) {
      test(`that comes to more ${name} is refused, with ${workers} threads`, () => {
        const limits = { ...exact, [name]: (exact[name] ?? 0) - 1 };
        return refused(options(small(), { limits, workers }), said, `--max-${name}`);
      });
    }
  }

  test("whose names take more memory is refused, and is none the worse with enough", async () => {
    const limits = { memory: 1000 };
    await refused(options(small(), { limits }), "more than 1000 bytes of memory", "--max-memory");
    expect(await digest({ memory: 5000 })).toBe(await digest(undefined));
  });

  test("of which the manifest says that it is beyond is refused before a layer is read", async () => {
    const events: string[] = [];
    const onProgress = ({ type }: { type: string }): void => void events.push(type);
    for (const limits of [{ bytes: 50_000 }, { layers: 1 }]) {
      await refused(options(small(), { limits, onProgress }), "more than");
      await expectError(planConversion(options(small(), { limits })), "E_LIMIT", "more than");
    }
    expect(events).toEqual([]);
  });

  test("in an archive that has to be kept is refused while that is", async () => {
    small();
    const bytes = Readable.from([gzipSync(await tarOf(entriesOf(scratch("small"))))]);
    await refused(
      options("", { source: { kind: "stream", bytes }, limits: { bytes: 90_000 } }),
      "archive has more than 90000 bytes",
    );
  });

  test("that swells without end is refused when it has reached the limit", async () => {
    const name = "bomb";
    const MEMBERS = 128;
    const zeros = gzipSync(Buffer.alloc(64 * MIB), { level: 1 });
    const header = tar([{ path: "zeros", size: MEMBERS * 64 * MIB }]).subarray(0, 512);
    const bomb = Buffer.concat([gzipSync(header), ...Array.from({ length: MEMBERS }, () => zeros)]);
    buildLayout(scratch(name), { layers: [header], store: () => bomb });
    for (const workers of [0, 2]) {
      let stored = 0;
      const onProgress: ConvertOptions["onProgress"] = (event) => {
        if (event.type === "layer") stored = event.stored;
      };
      const limits = { bytes: 80 * MIB };
      await refused(options(`oci:${scratch(name)}`, { limits, workers, onProgress }), `${80 * MIB} bytes`);
      expect(stored).toBeLessThan(workers === 0 ? bomb.length / 2 : bomb.length);
    }
  });
});

describe("of an image for a size", () => {
  const filesystem = { size: 4 * MIB };
  const contents = (mib: number) => [{ path: "f", data: noise(mib * MIB, mib) }];

  test("one layer may write four times that, and what is just too large is told how much it needs", async () => {
    const source = image("large", () => [contents(18)]);
    await refused(
      options(source, { filesystem }),
      `more than ${16 * MIB} bytes of contents`,
      "--size",
      "--max-bytes",
    );
    for (const more of [{ source: image("larger", () => [contents(8)]) }, { limits: { bytes: 64 * MIB } }]) {
      await expectError(convert(options(source, { filesystem, ...more })), "E_SIZE_TOO_SMALL", "MiB)");
    }
  });

  test("what upper layers remove may be more", async () => {
    const source = image("emptied", () => [contents(22), [{ path: ".wh.f" }]]);
    const { apparentBytes } = await convert(options(source, { filesystem: { size: 5 * MIB } }));
    expect(apparentBytes).toBe(5 * MIB);
  });

  test("the limits are these", () => {
    const layers = [{ size: 1000 }, { size: 1000 }];
    const chosen = { fixedBlocks: (64 * MIB) / 4096 };
    const budget = (count: number, limits: Limits = {}) =>
      new LayerBudget(layers.slice(0, count), { limits: limitsRequest(limits), filesystem: chosen });
    budget(1).addBlocks((256 * MIB) / 4096);
    expect(() => budget(1).addBlocks((256 * MIB) / 4096 + 1)).toThrow(`${256 * MIB} bytes of contents`);
    budget(2).addBlocks((256 * MIB + GIB) / 4096);
    expect(() => budget(2).addBlocks((256 * MIB + GIB) / 4096 + 1)).toThrow(`${256 * MIB + GIB} bytes`);
    budget(1, { bytes: 2 ** 50 }).addBlocks(2 ** 30);
    budget(1).addBytes(2 ** 40);
    expect(() => budget(1).addBytes(2 ** 40 + 1)).toThrow(`more than ${2 ** 40} bytes`);
    const auto = { limits: limitsRequest(), filesystem: { fixedBlocks: undefined } };
    new LayerBudget([{ size: 2 ** 40 }], auto).addBytes(2 ** 42);
    new LayerBudget(layers, auto).addBlocks(2 ** 40);
  });
});

test("what is no limit is refused", async () => {
  for (const limits of [{ bytes: 0 }, { entries: -1 }, { layers: 1.5 }, { bytes: Number.NaN }]) {
    await expectError(convert(options(small(), { limits })), "E_USAGE", "is not possible");
  }
});
