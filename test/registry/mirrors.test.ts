import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { expectError } from "../support/expect-error.ts";
import { json } from "../support/layout-builder.ts";
import { ScriptedRegistry, sendStatus } from "../support/scripted-registry.ts";
import { LAYERS, NAME, noise, type Scene, warningsOf, withScene } from "./support.ts";

interface MirrorScene extends Scene {
  readonly mirror: ScriptedRegistry;
}

/** A scene whose registry has a mirror with all it has. */
const withMirror = (use: (scene: MirrorScene) => Promise<void>) =>
  withScene(async (scene) => {
    const mirror = await ScriptedRegistry.start();
    try {
      mirror.addLayout(join(scene.folder, "layout"));
      await use({ ...scene, mirror });
    } finally {
      mirror.close();
    }
  });
const digestsOf = ({ built }: Scene) => built.layers.map(({ digest }) => digest);

describe("a mirror", () => {
  test("is asked for all that a digest names, and told whose mirror it is; the tag is asked at the registry", () =>
    withMirror(async (scene) => {
      const { mirror, registry, pull, built } = scene;
      expect(await pull({ mirrors: [mirror.host] })).toEqual(digestsOf(scene));
      expect(registry.seen.map(({ method, url }) => `${method} ${url}`)).toEqual([
        `HEAD /v2/${NAME}/manifests/latest`,
      ]);
      const ns = `?ns=${encodeURIComponent(registry.host)}`;
      expect(mirror.seen.map(({ url }) => url).sort()).toEqual(
        [
          `manifests/${built.manifest.digest}`,
          ...[built.config, ...built.layers].map(({ digest }) => `blobs/${digest}`),
        ]
          .map((path) => `/v2/${NAME}/${path}${ns}`)
          .sort(),
      );
    }));

  test("is asked for tags only where it is trusted with them", () =>
    withMirror(async (scene) => {
      const { mirror, registry, pull } = scene;
      expect(await pull({ mirrors: [mirror.host], trustMirrorTags: true })).toEqual(digestsOf(scene));
      expect(registry.seen).toEqual([]);
    }));

  test("that has nothing, fails, or is not there at all is passed over", () =>
    withMirror(async (scene) => {
      const { mirror, pull } = scene;
      for (const status of [404, 403, 500]) {
        mirror.rule((_, response) => sendStatus(response, status));
        expect(await pull({ mirrors: [mirror.host] })).toEqual(digestsOf(scene));
      }
      expect(await pull({ mirrors: ["127.0.0.1:1", mirror.host] })).toEqual(digestsOf(scene));
      expect(warningsOf(scene.events).join()).toContain("127.0.0.1:1");
    }));

  test("is followed by the next, in order", () =>
    withMirror(async (scene) => {
      const { mirror, registry, pull } = scene;
      const empty = await ScriptedRegistry.start();
      try {
        await pull({ mirrors: [empty.host, mirror.host] });
        expect(empty.seen.length).toBe(mirror.seen.length);
        expect(registry.seen).toHaveLength(1);
      } finally {
        empty.close();
      }
    }));

  test("that breaks off for good leaves the rest to the registry", () =>
    withMirror(async (scene) => {
      const { mirror, registry, pull } = scene;
      const [base = ""] = digestsOf(scene);
      let asked = 0;
      mirror.rule(({ url }, response) => {
        if (!url.includes(base)) return false;
        asked += 1;
        if (asked > 1) return sendStatus(response, 404);
        response.setHeader("content-length", LAYERS[0].length);
        response.write(LAYERS[0].subarray(0, 9000), () => response.socket?.destroy());
        return true;
      });
      expect(await pull({ mirrors: [mirror.host] })).toEqual(digestsOf(scene));
      expect(registry.seenOf(base).map(({ range }) => range)).toEqual(["bytes=9000-"]);
    }));

  test("that lies about a manifest is passed over, one that lies about a layer is found out", () =>
    withMirror(async (scene) => {
      const { mirror, pull, built } = scene;
      mirror.manifests.set(built.manifest.digest, {
        bytes: json({ schemaVersion: 2 }),
        mediaType: "application/json",
      });
      expect(await pull({ mirrors: [mirror.host] })).toEqual(digestsOf(scene));
      expect(warningsOf(scene.events).join()).toContain("hash to");
      mirror.blobs.set(digestsOf(scene)[0] ?? "", noise(LAYERS[0].length, 4));
      await expectError(pull({ mirrors: [mirror.host] }), "E_DIGEST_MISMATCH");
    }));

  test("never sees the registry's credentials", () =>
    withMirror(async (scene) => {
      const { mirror, registry, pull } = scene;
      const demand = (realm: string) => ({
        "www-authenticate": `Basic realm="${realm}"`,
      });
      registry.rule(({ authorization }, response) =>
        authorization ? false : sendStatus(response, 401, demand("r")),
      );
      mirror.rule((_, response) => sendStatus(response, 401, demand("m")));
      await pull({ mirrors: [mirror.host], credentials: { username: "me", password: "pw" } });
      expect(mirror.seen.every(({ authorization }) => authorization === undefined)).toBe(true);
      expect(registry.seen.some(({ authorization }) => authorization !== undefined)).toBe(true);
    }));

  test("must be a host", () =>
    withScene(async ({ pull }) => {
      await expectError(pull({ mirrors: ["https://mirror.io"] }), "E_USAGE", "is not the host of a registry");
    }));
});
