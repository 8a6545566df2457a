/** A cache is never a reason to fail a pull: what the system refuses there is told once. */
import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { verifyCache } from "../../src/cache/upkeep.ts";
import { convert } from "../../src/convert/convert.ts";
import { runWith } from "../cli/fake-host.ts";
import { sha256 } from "../support/layout-builder.ts";
import { runOk, testWith } from "../support/oracles.ts";
import { tar } from "../support/tar-builder.ts";
import { AMD64, noise, type Scene, warningsOf, withScene } from "./support.ts";

const MIB = 1 << 20;
const LARGE = {
  layers: [noise(9 * MIB + 5, 1), noise(5 * MIB, 2), noise(70_000, 3)],
  compress: "none",
} as const;
const digestsOf = ({ built }: Scene) => built.layers.map(({ digest }) => digest);

/** A disk of so many bytes, as long as it is used. */
async function onDisk(folder: string, size: string, use: (disk: string) => Promise<void>): Promise<void> {
  const disk = join(folder, "disk");
  mkdirSync(disk);
  runOk("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", disk]);
  try {
    await use(disk);
  } finally {
    // A test that fails may have left files open.
    runOk("umount", ["--lazy", disk]);
  }
}

function expectOneWarning({ events }: Scene, ...said: readonly string[]): void {
  const warnings = warningsOf(events);
  for (const text of ["going on without the cache: ", ...said]) expect(warnings.join("\n")).toContain(text);
  expect(warnings).toHaveLength(1);
}

/** Every blob was asked for once, from its beginning. */
function expectNothingTwice({ registry, built }: Scene): void {
  const asked = registry.seenOf("/blobs/");
  expect(asked.map(({ range }) => range)).toEqual(asked.map(() => undefined));
  expect(asked).toHaveLength(built.layers.length + 1);
}

describe("a cache that cannot be written to", () => {
  test("because it lies below a file", () =>
    withScene(async (scene) => {
      writeFileSync(join(scene.folder, "file"), "");
      expect(await scene.pull({ cacheFolder: join(scene.folder, "file/cache") })).toEqual(digestsOf(scene));
      expectOneWarning(scene, join(scene.folder, "file/cache"), "ENOTDIR");
      expectNothingTwice(scene);
    }));

  testWith(["loop mount"], "because its disk is read-only and empty", () =>
    withScene((scene) =>
      onDisk(scene.folder, "8m", async (disk) => {
        runOk("mount", ["-o", "remount,ro", disk]);
        expect(await scene.pull({ cacheFolder: join(disk, "cache") })).toEqual(digestsOf(scene));
        expectOneWarning(scene, "EROFS");
        expectNothingTwice(scene);
      }),
    ),
  );

  testWith(["loop mount"], "because its disk is read-only, is still read from", () =>
    withScene((scene) =>
      onDisk(scene.folder, "8m", async (disk) => {
        const { pull, registry, events, built } = scene;
        const cacheFolder = join(disk, "cache");
        await pull({ cacheFolder });
        const [base = ""] = digestsOf(scene);
        rmSync(join(cacheFolder, "blobs", base.replace(":", "/")));
        runOk("mount", ["-o", "remount,ro", disk]);
        registry.seen.length = 0;
        events.length = 0;
        expect(await pull({ cacheFolder })).toEqual(built.layers.map(({ digest }) => digest));
        expect(registry.seenOf("/blobs/").map(({ url }) => url.split("/").at(-1))).toEqual([base]);
        expectOneWarning(scene, "EROFS");
      }),
    ),
  );
});

describe("a cache whose disk becomes full", () => {
  for (const size of ["4k", "64k", "1m", "3m", "11m"]) {
    testWith(["loop mount"], `at ${size} is left, and nothing is asked for twice`, () =>
      withScene(
        (scene) =>
          onDisk(scene.folder, size, async (disk) => {
            const cacheFolder = join(disk, "cache");
            expect(await scene.pull({ cacheFolder })).toEqual(digestsOf(scene));
            expectOneWarning(scene, disk);
            expectNothingTwice(scene);
            // What is named is whole, the rest has left nothing, and the files beside it have no names.
            if (existsSync(cacheFolder)) expect((await verifyCache(cacheFolder)).damaged).toEqual([]);
            if (size !== "4k") expect(readdirSync(join(cacheFolder, "tmp"))).toEqual([]);
            expect(readdirSync(join(scene.folder, "scratch"))).toEqual([]);
          }),
        LARGE,
      ),
    );
  }

  testWith(["loop mount"], "is no trouble to readers that come late, one after another", () =>
    withScene(
      (scene) =>
        onDisk(scene.folder, "3m", async (disk) => {
          const source = await scene.open({ cacheFolder: join(disk, "cache") });
          const { layers } = await source.resolve(AMD64, true);
          const digests: string[] = [];
          for (const layer of layers) {
            await Bun.sleep(700);
            const hash = createHash("sha256");
            for await (const chunk of layer.open()) {
              hash.update(chunk);
              await Bun.sleep(30);
            }
            digests.push(`sha256:${hash.digest("hex")}`);
          }
          await source.close();
          expect(digests).toEqual(digestsOf(scene));
          expectOneWarning(scene, disk);
          expectNothingTwice(scene);
        }),
      LARGE,
    ),
  );

  const layers = [0, 1].map((n) => tar([{ path: `file${n}`, data: noise(6 * MIB, n) }]));
  testWith(["loop mount"], "makes the same image, byte for byte", () =>
    withScene(
      (scene) =>
        onDisk(scene.folder, "7m", async (disk) => {
          const make = async (source: string, out: string, workers: number) => {
            const { timing: _, onEvent, scratchFolder: _scratch, ...registry } = scene.options;
            const { rootfsPath, warnings } = await convert({
              source,
              platform: "linux/amd64",
              out: join(scene.folder, out),
              workers,
              registry: { ...registry, cacheFolder: join(disk, "cache") },
            });
            return { image: sha256(readFileSync(rootfsPath)), warnings };
          };
          const expected = await make(`oci:${join(scene.folder, "layout")}`, "expected", 0);
          for (const workers of [0, 2]) {
            rmSync(join(disk, "cache"), { recursive: true, force: true });
            const pulled = await make(`docker://${scene.name}`, `pulled${workers}`, workers);
            expect(pulled.image).toBe(expected.image);
            expect(pulled.warnings).toEqual([expect.stringContaining("the disk is full")]);
          }
        }),
      { layers, compress: "none" },
    ),
  );
});

test("an entry that cannot be read counts as not there, which is told once", () =>
  withScene(async (scene) => {
    const cacheFolder = join(scene.folder, "cache");
    await scene.pull({ cacheFolder });
    for (const { digest } of [scene.built.manifest, scene.built.config]) {
      const path = join(cacheFolder, "blobs", digest.replace(":", "/"));
      rmSync(path);
      mkdirSync(path);
    }
    scene.events.length = 0;
    expect(await scene.pull({ cacheFolder })).toEqual(digestsOf(scene));
    expectOneWarning(scene, scene.built.manifest.digest.slice(7));
  }));

test("the commands for the cache say what is wrong with a folder that is none", () =>
  withScene(async ({ folder }) => {
    writeFileSync(join(folder, "file"), "");
    for (const action of ["ls", "prune", "verify"]) {
      for (const cache of ["file", "file/cache"]) {
        const { code, stderr } = await runWith(["cache", action, "--cache-dir", join(folder, cache)]);
        expect(stderr).toContain(`error: ${join(folder, cache)}`);
        expect(stderr).toContain("hint: --cache-dir names another folder");
        expect(code).toBe(8);
      }
    }
  }));
