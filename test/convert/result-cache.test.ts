import { beforeAll, describe, expect, test } from "bun:test";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { convert } from "../../src/convert/convert.ts";
import type { ConvertOptions } from "../../src/convert/options.ts";
import type { ProgressEvent } from "../../src/convert/progress.ts";
import { noise } from "../registry/support.ts";
import { cloningFolder } from "../support/cloning-folder.ts";
import { type BuiltImage, buildLayout } from "../support/layout-builder.ts";
import { testWith } from "../support/oracles.ts";
import { runBeside } from "../support/run-beside.ts";
import { scratchFolder } from "../support/scratch.ts";
import { tar } from "../support/tar-builder.ts";

const scratch = scratchFolder();
const cloning = cloningFolder();
const MAIN = join(import.meta.dir, "../../src/cli/main.ts");
let image: BuiltImage;

beforeAll(() => {
  const layers = [
    tar([
      { path: "noise", data: noise(1 << 20, 1) },
      { path: "bin/app", data: "app" },
      { path: "usr/bin/cloud-init", data: "#!", mode: 0o755 },
      { path: "usr/lib/systemd/systemd", data: "#!", mode: 0o755 },
      // What is told as a warning.
      { path: "etc/passwd", data: "root:x:0:0::/:\n", pax: { "SCHILY.xattr.": "v" } },
    ]),
  ];
  const config = { Cmd: ["/bin/app"], Labels: { "2": "two", a: "b" } };
  image = buildLayout(scratch("image"), { layers, tag: "1", config, created: "2020-01-01T00:00:00Z" });
});

/** The image in a layout of its own, which may be spoilt. */
function layoutCopy(): string {
  const folder = mkdtempSync(scratch("layout-"));
  cpSync(scratch("image"), folder, { recursive: true });
  return folder;
}

/** From now on whoever reads a layer fails. */
function spoil(layout: string): void {
  for (const { digest, size } of image.layers) {
    writeFileSync(join(layout, "blobs", digest.replace(":", "/")), Buffer.alloc(size));
  }
}

const OPTIONS = {
  platform: "linux/amd64",
  filesystem: { size: 24 << 20, verity: true },
  digest: true,
} as const satisfies Partial<ConvertOptions>;

/** Kinds of results, and how they are asked for. */
const RESULTS: readonly (readonly [string, Partial<ConvertOptions>])[] = [
  ["an image alone", {}],
  [
    "with all that may lie beside it",
    {
      profile: { name: "init", workload: { env: ["A=1"] } },
      writableDisk: { size: 16 << 20 },
      launch: { monitors: ["qemu", "libvirt"] },
    },
  ],
  ["of a cloud-init with a seed", { profile: { name: "cloud-init", seedImage: true } }],
  ["an EROFS", { filesystem: { type: "erofs", compress: "lz4" } }],
];

function filesOf(folder: string): Record<string, string> {
  const names = readdirSync(folder).sort();
  return Object.fromEntries(
    names.map((name) => [
      name,
      `${statSync(join(folder, name)).mode} ${Bun.hash(readFileSync(join(folder, name)))}`,
    ]),
  );
}

async function converted(source: string, out: string, more: Partial<ConvertOptions>) {
  const events: ProgressEvent[] = [];
  const onProgress = (event: ProgressEvent) => void events.push(event);
  const result = await convert({ ...OPTIONS, ...more, source, out, onProgress });
  return { ...result, stations: events.map(({ type }) => type) };
}

for (const [how, folder, copies, needs, kinds] of [
  ["copied", () => scratch(), true, [], RESULTS],
  ["cloned", () => cloning(), false, ["mkfs.xfs"], RESULTS.slice(1, 2)],
] as const) {
  describe(`a result that is kept and ${how}`, () => {
    for (const [what, options] of kinds) {
      testWith(needs, `is the same files as a new one: ${what}`, async () => {
        const home = mkdtempSync(join(folder(), "home-"));
        const layout = layoutCopy();
        const results = { cacheFolder: join(home, "cache"), copies };
        const place = join(home, "vm");
        const first = await converted(`oci:${layout}`, place, { ...options, results });
        expect(first.reused).toBeUndefined();
        expect(first.warnings).not.toEqual([]);
        const fresh = filesOf(place);
        const again = { ...options, results, force: true };
        // Where the image lies, and under which name, is no part of the result, but is told of it.
        const elsewhere = layoutCopy();
        spoil(elsewhere);
        await converted(`oci:${layout}:1`, place, { ...options, force: true });
        const named = filesOf(place);
        expect(named).not.toEqual(fresh);
        spoil(layout);
        const second = await converted(`oci:${layout}`, place, again);
        expect(second.reused).toBe("result-cache");
        expect(second.stations).not.toContain("layer");
        expect(second.stations).toContain("reused");
        expect(filesOf(place)).toEqual(fresh);
        const { reused: _, stations: __, allocatedBytes: ___, ...said } = second;
        expect(first).toMatchObject(said);
        await converted(`oci:${layout}:1`, place, again);
        expect(filesOf(place)).toEqual(named);
        // A guest that writes to its disk changes nobody else's.
        writeFileSync(
          join(place, readdirSync(place).find((name) => name.startsWith("rootfs")) ?? ""),
          "changed",
        );
        expect((await converted(`oci:${elsewhere}`, join(home, "other"), again)).reused).toBe("result-cache");
        rmSync(home, { recursive: true });
      });
    }
  });
}

describe("a result", () => {
  test("that was damaged is made anew and kept again, with a warning", async () => {
    const results = { cacheFolder: scratch("damaged"), copies: true };
    const source = `oci:${scratch("image")}`;
    const out = scratch("damaged-out");
    await converted(source, out, { results });
    const fresh = filesOf(out);
    const [key = ""] = readdirSync(scratch("damaged/results"));
    const kept = scratch("damaged/results", key, "rootfs.ext4");
    const bytes = readFileSync(kept);
    bytes[bytes.length - 4097] = 1 ^ (bytes[bytes.length - 4097] ?? 0);
    writeFileSync(kept, bytes);
    const second = await converted(source, out, { results, force: true });
    expect([second.reused, second.warnings.at(0)]).toEqual([
      undefined,
      expect.stringContaining("is damaged: it is dropped"),
    ]);
    expect(filesOf(out)).toEqual(fresh);
    expect((await converted(source, out, { results, force: true })).reused).toBe("result-cache");
    expect(filesOf(out)).toEqual(fresh);
  });

  test("of a place that takes none is no failure", async () => {
    writeFileSync(scratch("file"), "");
    const results = { cacheFolder: scratch("file"), copies: true };
    const { warnings } = await converted(`oci:${scratch("image")}`, scratch("none"), { results });
    expect(warnings.join("\n")).toContain("the result is not kept");
  });

  test("is neither kept nor used where no manifest says what the image is", async () => {
    const results = { cacheFolder: scratch("unkept"), copies: true };
    writeFileSync(scratch("flat.tar"), tar([{ path: "a", data: "a" }]));
    for (const [source, more] of [
      [`rootfs-tar:${scratch("flat.tar")}`, {}],
      [`oci:${scratch("image")}`, { dense: true }],
    ] as const) {
      for (let i = 0; i < 2; i++) {
        const { reused } = await converted(source, scratch("vm"), { ...more, results, force: true });
        expect(reused).toBeUndefined();
      }
    }
    expect(() => readdirSync(scratch("unkept/results"))).toThrow("ENOENT");
  });

  test("is made and used by two commands at once, and the third uses it", async () => {
    const command = (name: string) => {
      const image = ["convert", `oci:${scratch("image")}`, "--platform", "linux/amd64", "--format", "json"];
      const cache = ["--cache-dir", scratch("shared"), "--result-cache", "--digest"];
      return [
        process.execPath,
        "--no-env-file",
        MAIN,
        ...image,
        ...cache,
        "--out",
        scratch(`shared-${name}`),
      ];
    };
    const ended = await Promise.all(["a", "b"].map((name) => runBeside(command(name))));
    expect(ended.map(({ status }) => status)).toEqual([0, 0]);
    const { stdout } = await runBeside(command("c"));
    expect(JSON.parse(stdout).reused).toBe("result-cache");
    const [a, b, c] = ["a", "b", "c"].map((name) => filesOf(scratch(`shared-${name}`)));
    expect(a).toEqual(c ?? {});
    expect(b).toEqual(c ?? {});
  });
});
