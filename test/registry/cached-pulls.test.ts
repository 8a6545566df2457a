import { describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import {
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { listCache, verifyCache } from "../../src/cache/upkeep.ts";
import { openRegistrySource } from "../../src/source/registry-source.ts";
import { collect } from "../source/support.ts";
import { expectError } from "../support/expect-error.ts";
import { json, sha256 } from "../support/layout-builder.ts";
import { sendStatus } from "../support/scripted-registry.ts";
import { until } from "../support/waiting.ts";
import { AMD64, LAYERS, noise, type Scene, warningsOf, withScene } from "./support.ts";

const cacheOf = ({ folder }: Pick<Scene, "folder">) => join(folder, "cache");
const blobOf = (scene: Pick<Scene, "folder">, digest = "") =>
  join(cacheOf(scene), "blobs", digest.replace(":", "/"));
const digestsOf = ({ built }: Pick<Scene, "built">) => built.layers.map(({ digest }) => digest);
const ROUNDS = 40;

/** Files below a folder that this process has open. */
function openFilesIn(folder: string): readonly string[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(folder) ? [path] : [];
    } catch {
      // That of the folder of descriptors itself.
      return [];
    }
  });
}

const leftovers = (scene: Pick<Scene, "folder">) => readdirSync(join(cacheOf(scene), "tmp"));

describe("a second pull", () => {
  test("asks the registry for the tag alone, and with the digest for nothing", () =>
    withScene(async (scene) => {
      const { registry, built, name, pull, events } = scene;
      const cacheFolder = cacheOf(scene);
      expect(await pull({ cacheFolder })).toEqual(digestsOf(scene));
      registry.seen.length = 0;
      events.length = 0;
      expect(await pull({ cacheFolder })).toEqual(digestsOf(scene));
      expect(registry.seen.map(({ method, url }) => `${method} ${url}`)).toEqual([
        "HEAD /v2/team/app/manifests/latest",
      ]);
      expect(events.map((event) => event.type === "download" && event.cached)).toEqual([true, true]);
      registry.seen.length = 0;
      expect(await pull({ cacheFolder }, `${name}@${built.manifest.digest}`)).toEqual(digestsOf(scene));
      expect(registry.seen).toEqual([]);
      expect(leftovers(scene)).toEqual([]);
    }));

  test("of a tag that has moved gets the new image, and again only what it does not have", () =>
    withScene(async (scene) => {
      const { registry, pull, built } = scene;
      const cacheFolder = cacheOf(scene);
      await pull({ cacheFolder });
      const config = json({
        os: "linux",
        architecture: "amd64",
        rootfs: { type: "layers", diff_ids: built.diffIds.slice(1) },
      });
      const mediaType = "application/vnd.oci.image.manifest.v1+json";
      const manifest = {
        schemaVersion: 2,
        config: { ...built.config, ...registry.putBlob(config) },
        layers: built.layers.slice(1),
      };
      registry.putManifest(json(manifest), mediaType, "latest");
      registry.seen.length = 0;
      expect(await pull({ cacheFolder })).toEqual(digestsOf(scene).slice(1));
      expect(registry.seenOf("/blobs/").map(({ url }) => url.split("/").at(-1))).toEqual([sha256(config)]);
    }));

  test("works with a registry that answers HEAD with nothing", () =>
    withScene(async (scene) => {
      const cacheFolder = cacheOf(scene);
      scene.registry.rule(({ method }, response) => method === "HEAD" && sendStatus(response, 405));
      await scene.pull({ cacheFolder });
      expect(await scene.pull({ cacheFolder })).toEqual(digestsOf(scene));
    }));
});

describe("a damaged entry", () => {
  for (const [how, damage] of [
    ["changed", (path: string) => writeFileSync(path, noise(LAYERS[0].length, 77))],
    ["cut off", (path: string) => truncateSync(path, 1000)],
    ["emptied", (path: string) => truncateSync(path, 0)],
  ] as const) {
    test(`that was ${how} is noticed, dropped and fetched again, before a byte of it is used`, () =>
      withScene(async (scene) => {
        const cacheFolder = cacheOf(scene);
        const [base = ""] = digestsOf(scene);
        await scene.pull({ cacheFolder });
        damage(blobOf(scene, base));
        scene.registry.seen.length = 0;
        expect(await scene.pull({ cacheFolder })).toEqual(digestsOf(scene));
        expect(scene.registry.seenOf("/blobs/")).toHaveLength(1);
        expect(warningsOf(scene.events)).toEqual([expect.stringContaining(base)]);
        expect(sha256(readFileSync(blobOf(scene, base)))).toBe(base);
      }));
  }

  test("is the same for manifests and configs", () =>
    withScene(async (scene) => {
      const cacheFolder = cacheOf(scene);
      const { manifest, config } = scene.built;
      await scene.pull({ cacheFolder });
      for (const { digest } of [manifest, config]) writeFileSync(blobOf(scene, digest), "{}");
      expect(await scene.pull({ cacheFolder })).toEqual(digestsOf(scene));
      expect(await verifyCache(cacheFolder)).toEqual({ sound: 4, damaged: [], failed: [] });
    }));
});

describe("a pull that fails", () => {
  test("leaves whole entries and no others", () =>
    withScene(async (scene) => {
      const cacheFolder = cacheOf(scene);
      const [base = "", top = ""] = digestsOf(scene);
      scene.registry.blobs.set(top, noise(LAYERS[1].length, 5));
      await expectError(scene.pull({ cacheFolder, concurrency: 1 }), "E_DIGEST_MISMATCH", top);
      expect([base, top].map((digest) => existsSync(blobOf(scene, digest)))).toEqual([true, false]);
      expect(leftovers(scene)).toEqual([]);
    }));

  test("because it is aborted leaves nothing half done", () =>
    withScene(async (scene) => {
      const abort = new AbortController();
      scene.registry.rule(({ url }, response) => {
        if (!url.includes(digestsOf(scene)[0] ?? "")) return false;
        response.write(LAYERS[0].subarray(0, 1000), () => abort.abort(new Error("enough")));
        return true;
      });
      const pulling = scene.pull({ cacheFolder: cacheOf(scene), signal: abort.signal });
      expect(await pulling.catch(String)).toBe("Error: enough");
      expect(leftovers(scene)).toEqual([]);
      expect(existsSync(blobOf(scene, digestsOf(scene)[0]))).toBe(false);
    }));
});

describe("several at once", () => {
  test("pulls into one cache all succeed and leave it sound", () =>
    withScene(async (scene) => {
      const cacheFolder = cacheOf(scene);
      const pulls = [1, 2, 3, 4].map(() => scene.pull({ cacheFolder }));
      for (const pulled of await Promise.all(pulls)) expect(pulled).toEqual(digestsOf(scene));
      expect(await verifyCache(cacheFolder)).toEqual({ sound: 4, damaged: [], failed: [] });
      expect(leftovers(scene)).toEqual([]);
    }));

  const PULLER = `
    import { openRegistrySource } from ${JSON.stringify(join(import.meta.dir, "../../src/source/registry-source.ts"))};
    const [name, cacheFolder] = process.argv.slice(2);
    const source = await openRegistrySource(name, { environment: {}, scratchFolder: cacheFolder, cacheFolder });
    const image = await source.resolve({ os: "linux", architecture: "amd64" });
    let bytes = 0;
    for (const layer of image.layers) for await (const chunk of layer.open()) bytes += chunk.length;
    await source.close();
    console.log(bytes);
  `;
  const startPuller = (scene: Scene) => {
    const script = join(scene.folder, "puller.ts");
    writeFileSync(script, PULLER);
    const child = spawn(process.execPath, [script, scene.name, cacheOf(scene)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    const ended = new Promise<string>((resolve) => child.on("close", () => resolve(said.trim())));
    return { child, ended };
  };
  const TOTAL = `${LAYERS[0].length + LAYERS[1].length}`;

  test("processes pull into one cache", () =>
    withScene(async (scene) => {
      const pullers = [1, 2, 3].map(() => startPuller(scene).ended);
      expect(await Promise.all(pullers)).toEqual([TOTAL, TOTAL, TOTAL]);
      expect(await verifyCache(cacheOf(scene))).toEqual({ sound: 4, damaged: [], failed: [] });
      expect(leftovers(scene)).toEqual([]);
    }));

  test("after a process is killed in the middle of a pull, the next one succeeds and tidies up", () =>
    withScene(async (scene) => {
      const { child, ended } = startPuller(scene);
      let stuck = true;
      scene.registry.rule(({ url }, response) => {
        if (!stuck || !url.includes(digestsOf(scene)[0] ?? "")) return false;
        stuck = false;
        response.setHeader("content-length", LAYERS[0].length);
        response.write(LAYERS[0].subarray(0, 200_000));
        return true;
      });
      await until(() => !stuck && leftovers(scene).length > 0);
      child.kill("SIGKILL");
      expect(await ended).toBe("");
      expect(leftovers(scene)).not.toEqual([]);
      expect(existsSync(blobOf(scene, digestsOf(scene)[0]))).toBe(false);
      expect(await startPuller(scene).ended).toBe(TOTAL);
      expect(leftovers(scene)).toEqual([]);
      expect(await verifyCache(cacheOf(scene))).toEqual({ sound: 4, damaged: [], failed: [] });
    }));
});

test("a pull that has ended has no file of the cache open", async () => {
  // A reader that is done closes its layer as well: which of the two comes first is chance.
  for (let round = 0; round < ROUNDS; round++) {
    await withScene(async (scene) => {
      await scene.pull({ cacheFolder: cacheOf(scene) });
      expect(openFilesIn(scene.folder)).toEqual([]);
    });
  }
});

test("a cache that vanishes under a pull does not spoil it", () =>
  withScene(async (scene) => {
    const cacheFolder = cacheOf(scene);
    const source = await openRegistrySource(scene.name, { ...scene.options, cacheFolder });
    const { layers } = await source.resolve(AMD64);
    rmSync(join(cacheFolder, "blobs"), { recursive: true });
    const digests: string[] = [];
    for (const layer of layers) digests.push(sha256(await collect(layer.open())));
    expect(digests).toEqual(digestsOf(scene));
    await source.close();
    expect(warningsOf(scene.events)).toHaveLength(1);
  }));

describe("offline", () => {
  test("everything comes from the cache, the tag as it last was", () =>
    withScene(async (scene) => {
      const cacheFolder = cacheOf(scene);
      await scene.pull({ cacheFolder });
      scene.registry.seen.length = 0;
      expect(await scene.pull({ cacheFolder, offline: true })).toEqual(digestsOf(scene));
      expect(scene.registry.seen).toEqual([]);
    }));

  test("what is not in the cache is not found, and the hint says how it gets there", () =>
    withScene(async (scene) => {
      const cacheFolder = cacheOf(scene);
      await expectError(
        scene.pull({ cacheFolder, offline: true }),
        "E_IMAGE_NOT_FOUND",
        "not in the cache",
        "without --offline",
      );
      await scene.pull({ cacheFolder });
      const [base = ""] = digestsOf(scene);
      rmSync(blobOf(scene, base));
      await expectError(
        scene.pull({ cacheFolder, offline: true }),
        "E_IMAGE_NOT_FOUND",
        base,
        "not in the cache",
      );
      expect((await listCache(cacheFolder)).length).toBe(3);
    }));

  test("needs a cache", () =>
    withScene(async ({ pull }) => {
      await expectError(pull({ offline: true }), "E_USAGE", "cache");
    }));
});
