/** Layers that are kept as they are unpacked: the same image with and without, whatever happens to them meanwhile. */
import { beforeAll, describe, expect, spyOn, test } from "bun:test";
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { listCache, verifyCache } from "../../src/cache/upkeep.ts";
import { convert } from "../../src/convert/convert.ts";
import { convertInto } from "../../src/convert/convert-into.ts";
import { layerKey } from "../../src/convert/layer-keeping.ts";
import type { ConvertOptions, FilesystemSettings } from "../../src/convert/options.ts";
import type { ProgressEvent } from "../../src/convert/progress.ts";
import * as reading from "../../src/disk/read-into.ts";
import { parseDigest } from "../../src/oci/digest.ts";
import { MemoryTarget } from "../../src/output/target.ts";
import { noise, withScene } from "../registry/support.ts";
import { expectError } from "../support/expect-error.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { runOk, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { type TarItem, tar } from "../support/tar-builder.ts";
import { fileBytes } from "./smallest.ts";

const scratch = scratchFolder();
const MIB = 1 << 20;

/** Contents with holes, what is hidden and replaced, attributes, links, what is told as a warning. */
const LAYERS: readonly (readonly TarItem[])[] = [
  [
    { path: "big", data: noise(3 * MIB + 77, 1) },
    { path: "zeros", data: fileBytes(900_000, 2, true) },
    ...Array.from({ length: 40 }, (_, n) => ({
      path: `d/f${n}`,
      data: fileBytes(n * 997, n),
      mtime: -n,
      uid: n * 1000,
      pax: { "SCHILY.xattr.user.a": `v${n % 3}`, atime: `${n}.5` },
    })),
    { path: "etc/passwd", data: "root:x:0:0::/:\n", pax: { "SCHILY.xattr.": "v" } },
    { path: "null", type: "char", major: 1, minor: 3, mode: 0o666 },
    { path: "hard", type: "hardlink", linkname: "d/f3" },
  ],
  [
    { path: "d/.wh.f1" },
    { path: "d/f2", data: fileBytes(70_001, 3) },
    { path: "soft", type: "symlink", linkname: "t".repeat(100) },
    { path: "later", type: "hardlink", linkname: "d/f4" },
    { path: ".wh..wh.plnk/1", data: "aufs" },
  ],
];

const KINDS: readonly FilesystemSettings[] = [
  { type: "ext4" },
  { type: "ext2" },
  { type: "erofs" },
  { type: "erofs", compress: "lz4" },
  { type: "xfs" },
];

interface Layout {
  readonly path: string;
  readonly keys: readonly string[];
  readonly digests: readonly string[];
}

let layers: Buffer[] = [];
beforeAll(() => {
  layers = LAYERS.map((items) => tar(items));
});

function layout(tars: readonly Uint8Array[] = layers, compress: "gzip" | "none" = "gzip"): Layout {
  const path = mkdtempSync(scratch("layout-"));
  const built = buildLayout(path, { layers: tars, compress, created: "2020-01-01T00:00:00Z" });
  const keys = built.diffIds.map((diffId) => layerKey({ diffId: parseDigest(diffId, "test") }));
  return { path, keys, digests: built.layers.map(({ digest }) => digest) };
}

/** From now on whoever reads a layer fails. */
function spoil({ path, digests }: Layout): void {
  for (const digest of digests) {
    const blob = join(path, "blobs", digest.replace(":", "/"));
    writeFileSync(blob, Buffer.alloc(statSync(blob).size));
  }
}

const newStore = () => mkdtempSync(scratch("store-"));
const folderOf = (store: string, key = "") => join(store, "layers", key.slice("sha256:".length));
const tarOf = (store: string, key = "") => join(folderOf(store, key), "tar");
const entriesOf = (store: string, key = "") => join(folderOf(store, key), "entries");
const leftovers = (store: string) => readdirSync(join(store, "tmp"));

async function made(from: string, store?: string, more: Partial<ConvertOptions> = {}) {
  const out = mkdtempSync(scratch("out-"));
  const layerStore = store === undefined ? undefined : { folder: store };
  const source = from.includes(":") ? from : `oci:${from}`;
  const options = { source, platform: "linux/amd64", force: true, layerStore, ...more };
  const { rootfsPath, warnings } = await convert({ ...options, out });
  const hash = `${Bun.hash(readFileSync(rootfsPath))}`;
  rmSync(out, { recursive: true });
  return { hash, warnings };
}

describe("layers that are kept", () => {
  for (const filesystem of KINDS) {
    const name = `${filesystem.type}${filesystem.compress === undefined ? "" : " that is compressed"}`;
    test(`make the same ${name}, with the same warnings, without their blobs`, async () => {
      const image = layout();
      const store = newStore();
      const fresh = await made(image.path, undefined, { filesystem });
      expect(fresh.warnings.length).toBeGreaterThan(0);
      expect(await made(image.path, store, { filesystem })).toEqual(fresh);
      spoil(image);
      expect(await made(image.path, store, { filesystem })).toEqual(fresh);
      expect(await made(image.path, store, { filesystem, workers: 2 })).toEqual(fresh);
      expect(leftovers(store)).toEqual([]);
      await expectError(made(image.path, undefined, { filesystem }), "E_DIGEST_MISMATCH");
    });
  }

  test("are kept by threads as well, and used by whoever wants an image in memory", async () => {
    const image = layout();
    const store = newStore();
    const fresh = await made(image.path);
    expect(await made(image.path, store, { workers: 2 })).toEqual(fresh);
    spoil(image);
    const target = new MemoryTarget();
    const options = { source: `oci:${image.path}`, platform: "linux/amd64", layerStore: { folder: store } };
    await convertInto(target, options);
    expect(`${Bun.hash(target.bytes)}`).toBe(fresh.hash);
  });

  test("are kept by threads whose memory comes round several times while the disk is written", async () => {
    const image = layout([1, 2].map((n) => tar([{ path: `f${n}`, data: noise(21 * MIB + n, n) }])));
    const store = newStore();
    const fresh = await made(image.path, store, { workers: 2 });
    spoil(image);
    expect(await made(image.path, store, { workers: 2 })).toEqual(fresh);
    expect(await made(image.path, store, { workers: 0 })).toEqual(fresh);
    expect((await verifyCache(store)).sound).toBe(2);
  });

  test("are told of as layers that are read: all of their stored bytes come in", async () => {
    const image = layout();
    const store = newStore();
    await made(image.path, store);
    spoil(image);
    const stored = new Map<number, number>();
    let sizes: readonly number[] = [];
    await made(image.path, store, {
      onProgress: (event) => {
        if (event.type === "resolved") sizes = event.layers.map(({ size }) => size);
        if (event.type !== "layer") return;
        expect(event.stored).toBeGreaterThan(stored.get(event.index) ?? 0);
        stored.set(event.index, event.stored);
      },
    });
    expect(sizes.map((_, index) => stored.get(index))).toEqual([...sizes]);
  });

  test("serve every image that has them: only what is new is read", async () => {
    const store = newStore();
    await made(layout().path, store);
    const more = layout([...layers, tar([{ path: "new", data: noise(MIB, 9) }])]);
    const fresh = await made(more.path);
    spoil({ ...more, digests: more.digests.slice(0, 2) });
    expect(await made(more.path, store)).toEqual(fresh);
    expect((await listCache(store)).map(({ kind }) => kind)).toEqual(["layer", "layer", "layer"]);
  });

  test("that come in another form are checked in that form once, with what is told of it", async () => {
    const store = newStore();
    await made(layout().path, store);
    const plain = layout(layers, "none");
    const fresh = await made(plain.path);
    spoil(plain);
    await expectError(made(plain.path, store), "E_DIGEST_MISMATCH");
    const whole = layout(layers, "none");
    expect(await made(whole.path, store)).toEqual(fresh);
    expect(await made(plain.path, store)).toEqual(fresh);
    expect(readdirSync(folderOf(store, plain.keys[0])).length).toBe(4);
  });

  test("are not kept where a check failed, or where the conversion did not come to their end", async () => {
    const store = newStore();
    const wrong = mkdtempSync(scratch("wrong-"));
    const diffIds = [`sha256:${"0".repeat(64)}`];
    buildLayout(wrong, { layers: [layers[0] ?? Buffer.alloc(0)], diffIds });
    await expectError(made(wrong, store), "E_DIFF_ID_MISMATCH");
    const limits = { bytes: MIB };
    await expectError(made(layout().path, store, { limits }), "E_LIMIT");
    expect(await listCache(store)).toEqual([]);
    expect(leftovers(store)).toEqual([]);
  });

  test("are under the same limits as those that are read", async () => {
    const image = layout();
    const store = newStore();
    await made(image.path, store);
    spoil(image);
    for (const limits of [{ bytes: MIB }, { entries: 5 }, { memory: 1000 }]) {
      await expectError(made(image.path, store, { limits }), "E_LIMIT");
    }
    expect((await made(image.path, store)).hash).toBe((await made(layout().path)).hash);
  });

  test("that nobody can keep are no failure", async () => {
    const store = scratch("file");
    writeFileSync(store, "");
    const image = layout();
    const { hash, warnings } = await made(image.path, store);
    expect(hash).toBe((await made(image.path)).hash);
    expect(warnings.filter((each) => each.startsWith("layers are not kept"))).toHaveLength(1);
    const layerStore = { folder: store, quiet: true };
    expect((await made(image.path, store, { layerStore })).warnings.length).toBe(warnings.length - 1);
  });
});

/** What may have happened to a file of a layer. */
const DAMAGES: Readonly<Record<string, (file: string, other: string) => void>> = {
  "cut off in a piece": (file) => truncateSync(file, MIB + 999),
  "cut off between pieces": (file) => truncateSync(file, 2 * MIB),
  emptied: (file) => truncateSync(file, 0),
  "written half, and zeros": (file) => {
    const { size } = statSync(file);
    truncateSync(file, size / 2);
    truncateSync(file, size);
  },
  "gone on with": (file) => appendFileSync(file, "more"),
  "another layer's": (file, other) => copyFileSync(other, file),
  "no file": (file) => {
    rmSync(file);
    mkdirSync(file);
  },
};

describe("a layer that was damaged", () => {
  for (const [what, damage] of Object.entries(DAMAGES)) {
    const title = `is dropped with a warning, and read and kept anew: ${what}`;
    test.each([["tar", tarOf] as const, ["entries", entriesOf] as const])(
      `${title}: %s`,
      async (_, fileOf) => {
        const image = layout();
        const store = newStore();
        const fresh = await made(image.path, store);
        damage(fileOf(store, image.keys[0]), fileOf(store, image.keys[1]));
        const { hash, warnings } = await made(image.path, store);
        expect(hash).toBe(fresh.hash);
        const told = warnings.filter((each) => each.includes("is damaged: it is dropped"));
        expect(told).toHaveLength(1);
        expect(warnings.filter((each) => !told.includes(each)).sort()).toEqual([...fresh.warnings].sort());
        spoil(image);
        expect(await made(image.path, store)).toEqual(fresh);
        expect(leftovers(store)).toEqual([]);
      },
    );
  }

  test("never reaches an image, whichever bit it is", async () => {
    const image = layout();
    const fresh = await made(image.path);
    const whole = newStore();
    await made(image.path, whole);
    const store = newStore();
    for (const fileOf of [tarOf, entriesOf]) {
      const { size } = statSync(fileOf(whole, image.keys[0]));
      const places = [0, 5, 600, size - 1, size - 8, size - 12, size - 16];
      if (size > MIB) places.push(MIB - 1, MIB, MIB + 3, 2 * MIB + 4);
      for (let n = 0; n < 6; n++) places.push(Math.floor(Math.random() * size));
      for (const at of places) {
        rmSync(store, { recursive: true });
        cpSync(whole, store, { recursive: true });
        const path = fileOf(store, image.keys[0]);
        const bytes = readFileSync(path);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
        writeFileSync(path, bytes);
        // Read by this thread or by others.
        const { hash, warnings } = await made(image.path, store, { workers: at % 2 === 0 ? 2 : 0 });
        const isTold = warnings.some((each) => each.includes("is damaged"));
        expect([path, at, hash, isTold]).toEqual([path, at, fresh.hash, true]);
      }
    }
  });

  test("has what is told of its blob told once, and so has one that was not", async () => {
    const path = mkdtempSync(scratch("called-gzip-"));
    const [lower = Buffer.alloc(0)] = layers;
    const built = buildLayout(path, { layers: [lower], store: (plain) => plain });
    const store = newStore();
    const fresh = await made(path, store);
    expect(fresh.warnings.filter((each) => each.includes("it is read as what it is"))).toHaveLength(1);
    expect(await made(path, store)).toEqual(fresh);
    const key = layerKey({ diffId: parseDigest(built.diffIds[0] ?? "", "test") });
    truncateSync(tarOf(store, key), 2 * MIB);
    const { warnings } = await made(path, store);
    expect(warnings.filter((each) => !each.includes("is damaged"))).toEqual([...fresh.warnings]);
  });

  test("is not seen to go back, and is whole at its end", async () => {
    const image = layout([tar([{ path: "big", data: noise(5 * MIB, 3) }])]);
    const store = newStore();
    await made(image.path, store);
    const bytes = readFileSync(tarOf(store, image.keys[0]));
    // In the fourth piece of five.
    const at = 3 * MIB + 5;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(tarOf(store, image.keys[0]), bytes);
    const heard: number[] = [];
    let whole = 0;
    const onProgress = (event: ProgressEvent): void => {
      if (event.type !== "layer") return;
      heard.push(event.stored);
      whole = event.size;
    };
    const { warnings } = await made(image.path, store, { onProgress });
    expect(warnings.some((each) => each.includes("is damaged"))).toBe(true);
    expect(heard[0]).toBeGreaterThan(0);
    expect(heard.length).toBeGreaterThan(3);
    expect(heard).toEqual([...new Set(heard)].sort((a, b) => a - b));
    expect(heard.at(-1)).toBe(whole);
  });

  test("and whose blob is damaged, too, fails as that does", async () => {
    const image = layout();
    const store = newStore();
    await made(image.path, store);
    truncateSync(tarOf(store, image.keys[0]), 2 * MIB);
    spoil(image);
    await expectError(made(image.path, store), "E_DIGEST_MISMATCH");
  });

  test("in what says of which form it is, is read anew", async () => {
    const image = layout();
    const store = newStore();
    const fresh = await made(image.path, store);
    const folder = folderOf(store, image.keys[0]);
    const form = join(folder, readdirSync(folder).find((name) => name.startsWith("form")) ?? "");
    const text = readFileSync(form, "utf8");
    for (const other of [text.replace("tar+gzip", "tar+zstd"), "", "{}", text.slice(0, -1)]) {
      writeFileSync(form, other);
      expect(await made(image.path, store)).toEqual(fresh);
    }
    spoil(image);
    expect(await made(image.path, store)).toEqual(fresh);
  });

  test("is kept anew where its folder lacks a file, and found by looking through the cache", async () => {
    const image = layout();
    const store = newStore();
    const fresh = await made(image.path, store);
    const [lower = "", upper = ""] = image.keys;
    for (const fileOf of [tarOf, entriesOf]) {
      rmSync(fileOf(store, lower));
      expect(await made(image.path, store)).toEqual(fresh);
    }
    spoil(image);
    expect(await made(image.path, store)).toEqual(fresh);
    rmSync(tarOf(store, upper));
    expect(await verifyCache(store)).toEqual({ sound: 1, damaged: [parseDigest(upper, "test")], failed: [] });
    expect(leftovers(store)).toEqual([]);
  });

  test("is found and removed by looking through the cache", async () => {
    const image = layout();
    const store = newStore();
    await made(image.path, store);
    truncateSync(tarOf(store, image.keys[1]), 10);
    const [, key = ""] = image.keys;
    expect(await verifyCache(store)).toEqual({ sound: 1, damaged: [parseDigest(key, "test")], failed: [] });
    expect(await verifyCache(store)).toEqual({ sound: 1, damaged: [], failed: [] });
  });
});

test("layers that were kept in a former way are not read, and go", async () => {
  const image = layout();
  const store = newStore();
  const former = ["1", "2"].map((digit) => `sha256:${digit.repeat(64)}`);
  const leave = (key = ""): void => {
    mkdirSync(folderOf(store, key), { recursive: true });
    writeFileSync(join(folderOf(store, key), "parts"), noise(2 * MIB, 1));
  };
  for (const key of former) leave(key);
  expect((await listCache(store)).map(({ digest }) => `${digest}`).sort()).toEqual(former);
  const fresh = await made(image.path, store);
  expect(fresh).toEqual(await made(image.path));
  expect((await listCache(store)).map(({ digest }) => `${digest}`).sort()).toEqual([...image.keys].sort());
  leave(former[0]);
  expect(await verifyCache(store)).toEqual({ sound: 2, damaged: [], failed: [] });
  expect((await listCache(store)).length).toBe(2);
  expect(leftovers(store)).toEqual([]);
});

test("a kept layer that cannot be read now is passed over with a warning, and stays", async () => {
  const image = layout();
  const store = newStore();
  const fresh = await made(image.path, store);
  const kept = tarOf(store, image.keys[0]);
  const { readInto } = reading;
  for (const [code, from] of [
    ["EIO", MIB],
    ["ENOMEM", 0],
  ] as const) {
    using _ = spyOn(reading, "readInto").mockImplementation(async (fd, buffer, length, position) => {
      const fails = (position ?? 0) >= from && readlinkSync(`/proc/self/fd/${fd}`) === kept;
      if (fails) throw Object.assign(new Error(`${code}: it fails`), { code });
      return readInto(fd, buffer, length, position);
    });
    const { hash, warnings } = await made(image.path, store);
    expect(hash).toBe(fresh.hash);
    const told = warnings.filter((each) => each.includes("as it is unpacked"));
    expect(told).toEqual([expect.stringContaining(`cannot be read (${code}: it fails)`)]);
  }
  spoil(image);
  expect(await made(image.path, store)).toEqual(fresh);
});

test("kept layers take what they may, and those go that were used longest ago", async () => {
  const store = newStore();
  const images = [1, 2, 3].map((seed) => layout([tar([{ path: "f", data: noise(MIB, seed) }])]));
  const layerStore = { folder: store, limit: 2.5 * MIB };
  const [first, second, third] = images as [Layout, Layout, Layout];
  await made(first.path, store, { layerStore });
  await made(second.path, store, { layerStore });
  for (const { keys } of [first, second]) utimesSync(entriesOf(store, keys[0]), 1000, 1000);
  await made(first.path, store, { layerStore });
  await made(third.path, store, { layerStore });
  const kept = (await listCache(store)).map(({ digest }) => `${digest}`);
  expect(kept.sort()).toEqual([first.keys[0] ?? "", third.keys[0] ?? ""].sort());
  // One that is more than all may take is none of them.
  const large = layout([tar([{ path: "f", data: noise(4 * MIB, 9) }])]);
  await made(large.path, store, { layerStore });
  expect((await listCache(store)).length).toBe(2);
  expect(leftovers(store)).toEqual([]);
});

test("only layers of the least size or more are kept, and looked for", async () => {
  const store = newStore();
  const tars = [200 << 10, 100].map((size, seed) => tar([{ path: `f${seed}`, data: noise(size, seed) }]));
  const image = layout(tars);
  const layerStore = { folder: store, least: 100 << 10 };
  const fresh = await made(image.path, store, { layerStore });
  expect((await listCache(store)).map(({ digest }) => `${digest}`)).toEqual([image.keys[0] ?? ""]);
  expect(await made(image.path, store, { layerStore })).toEqual(fresh);
  expect(await made(image.path, store)).toEqual(fresh);
  expect((await listCache(store)).length).toBe(2);
  spoil(image);
  await expectError(made(image.path, store, { layerStore }), "E_DIGEST_MISMATCH");
});

testWith(
  ["loop mount"],
  "nothing is kept where the disk is nearly full, and what was begun is gone",
  async () => {
    const disk = scratch("disk");
    mkdirSync(disk);
    runOk("mount", ["-t", "tmpfs", "-o", "size=160m", "tmpfs", disk]);
    try {
      writeFileSync(join(disk, "full"), Buffer.alloc(90 * MIB));
      const large = layout([tar([{ path: "f", data: Buffer.alloc(100 * MIB, 7) }])]);
      const fresh = await made(large.path);
      const { hash, warnings } = await made(large.path, disk);
      expect([hash, warnings.length]).toEqual([fresh.hash, fresh.warnings.length + 1]);
      expect(warnings.join("\n")).toContain("less than a tenth of the filesystem is free");
      expect(await listCache(disk)).toEqual([]);
      expect(leftovers(disk)).toEqual([]);
      writeFileSync(join(disk, "more"), Buffer.alloc(60 * MIB));
      expect((await made(layout().path, disk)).warnings.join("\n")).toContain("less than a tenth");
      expect(await listCache(disk)).toEqual([]);
    } finally {
      runOk("umount", [disk]);
    }
  },
);

testWith(["loop mount"], "what is kept leaves room for the image", async () => {
  const disk = scratch("small disk");
  mkdirSync(disk);
  runOk("mount", ["-t", "tmpfs", "-o", "size=160m", "tmpfs", disk]);
  try {
    const tars = [60, 50].map((size, n) => tar([{ path: `f${n}`, data: noise(size * MIB, n + 1) }]));
    const image = layout(tars, "none");
    const layerStore = { folder: join(disk, "cache") };
    const options = { source: `oci:${image.path}`, platform: "linux/amd64", layerStore };
    const { warnings } = await convert({ ...options, out: join(disk, "out") });
    expect(warnings.join("\n")).toContain("the image may need what is free there");
    expect(await listCache(layerStore.folder)).toEqual([]);
    rmSync(join(disk, "out"), { recursive: true });
    // One of half the size has room for both.
    const smaller = { ...options, source: `oci:${layout(tars.slice(0, 1), "none").path}` };
    expect((await convert({ ...smaller, out: join(disk, "out") })).warnings).toEqual([]);
    expect((await listCache(layerStore.folder)).length).toBe(1);
  } finally {
    runOk("umount", [disk]);
  }
});

describe("an image in a registry", () => {
  test("is made offline, of kept layers and the documents that the cache has", () =>
    withScene(
      async ({ registry, name, folder, built }) => {
        const store = join(folder, "store");
        const access = { insecureHosts: [registry.host], cacheFolder: store };
        const fresh = await made(`docker://${name}`, store, { registry: access });
        for (const { digest } of built.layers) rmSync(join(store, "blobs", digest.replace(":", "/")));
        const offline = { ...access, offline: true };
        expect(await made(`docker://${name}`, store, { registry: offline })).toEqual(fresh);
        rmSync(join(store, "layers"), { recursive: true });
        await expectError(made(`docker://${name}`, store, { registry: offline }), "E_IMAGE_NOT_FOUND");
      },
      { layers },
    ));

  test("is made of kept layers without asking for them, and of its own where they are damaged", () =>
    withScene(
      async ({ registry, name, folder, built }) => {
        const store = join(folder, "store");
        const access = { insecureHosts: [registry.host], cacheFolder: undefined };
        const pull = () => made(`docker://${name}`, store, { registry: access });
        const fetched = () => registry.seenOf("/blobs/").map(({ url }) => url.split("/").at(-1));
        const fresh = await pull();
        expect(fetched().sort()).toEqual([built.config, ...built.layers].map(({ digest }) => digest).sort());
        registry.seen.length = 0;
        expect(await pull()).toEqual(fresh);
        expect(fetched()).toEqual([built.config.digest]);
        const [lower, upper] = built.diffIds.map((id) => layerKey({ diffId: parseDigest(id, "test") }));
        for (const [key, missing] of [
          [lower, built.layers[0]],
          [upper, built.layers[1]],
        ] as const) {
          truncateSync(tarOf(store, key), 10);
          registry.seen.length = 0;
          const { hash, warnings } = await pull();
          expect([hash, warnings.length]).toEqual([fresh.hash, fresh.warnings.length + 1]);
          expect(fetched().sort()).toEqual([built.config.digest, missing?.digest ?? ""].sort());
        }
        rmSync(join(store, "layers"), { recursive: true });
        expect(await pull()).toEqual(fresh);
      },
      { layers },
    ));
});
