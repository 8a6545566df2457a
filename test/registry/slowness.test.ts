/** Servers that send a byte now and then. */
import { describe, expect, test } from "bun:test";
import type { ServerResponse } from "node:http";
import { expectError } from "../support/expect-error.ts";
import { LAYERS, retriesOf, type Scene, withScene } from "./support.ts";
import { demandToken } from "./token-server.ts";

const digestsOf = ({ built }: Scene) => built.layers.map(({ digest }) => digest);

/** A byte every ten seconds of what is longer, until nobody listens any more. */
async function trickle({ timing }: Scene, response: ServerResponse, bytes: Uint8Array): Promise<void> {
  response.setHeader("content-length", bytes.length);
  for (let at = 0; !response.destroyed; at++) {
    timing.pass(10_000);
    response.write(bytes.subarray(at, at + 1));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("a server that trickles", () => {
  const LONG = Buffer.alloc(100_000, " ");

  for (const [what, path, status] of [
    ["a manifest", "/manifests/", 200],
    ["a token", "/token", 200],
    ["what it says of an error", "/manifests/", 400],
  ] as const) {
    test(`${what} is left, and not asked again`, () =>
      withScene(async (scene) => {
        const { registry, pull, events } = scene;
        if (path === "/token") demandToken(scene);
        registry.rule(({ url }, response) => {
          if (!url.includes(path)) return false;
          response.statusCode = status;
          void trickle(scene, response, LONG);
          return true;
        });
        await expectError(pull(), "E_NETWORK", status === 200 ? "too slowly" : "answered 400");
        expect(retriesOf(events)).toEqual([]);
        expect(registry.seenOf(path)).toHaveLength(1);
      }));
  }

  test("a config is left, and not asked again", () =>
    withScene(async (scene) => {
      const { registry, pull, built } = scene;
      const { digest } = built.config;
      registry.rule(({ url }, response) => {
        if (!url.includes(digest)) return false;
        void trickle(scene, response, registry.blobs.get(digest) ?? LONG);
        return true;
      });
      await expectError(pull(), "E_NETWORK", "too slowly");
      expect(registry.seenOf(digest)).toHaveLength(1);
    }));

  test("a layer is asked for the rest, some times", () =>
    withScene(async (scene) => {
      const { registry, pull, timing } = scene;
      const [base = ""] = digestsOf(scene);
      registry.rule(({ url, range }, response) => {
        if (!url.includes(base)) return false;
        const start = Number(/\d+/.exec(range ?? "0")?.[0]);
        if (start > 0) {
          response.statusCode = 206;
          response.setHeader("content-range", `bytes ${start}-${LAYERS[0].length - 1}/${LAYERS[0].length}`);
        }
        void trickle(scene, response, LAYERS[0].subarray(start));
        return true;
      });
      await expectError(pull({ concurrency: 1 }), "E_NETWORK", "too slowly");
      const ranges = registry.seenOf(base).map(({ range }) => Number(/\d+/.exec(range ?? "0")?.[0]));
      expect(ranges).toHaveLength(5);
      expect(ranges).toEqual([...new Set(ranges)].sort((a, b) => a - b));
      expect(timing.slept).toEqual([1000, 3000, 9000, 27_000]);
    }));

  test("a layer, and is faster when it is asked again, is forgiven", () =>
    withScene(async (scene) => {
      const { registry, pull } = scene;
      const [base = ""] = digestsOf(scene);
      let asked = 0;
      registry.rule(({ url }, response) => {
        if (!url.includes(base) || asked++ > 0) return false;
        void trickle(scene, response, LAYERS[0]);
        return true;
      });
      expect(await pull()).toEqual(digestsOf(scene));
      expect(retriesOf(scene.events)).toHaveLength(1);
    }));

  test("is left by the rules that are given", () =>
    withScene(async (scene) => {
      scene.registry.rule(({ url }, response) => {
        if (!url.includes("/manifests/")) return false;
        void trickle(scene, response, LONG);
        return true;
      });
      const timeouts = { document: 25_000 };
      await expectError(scene.pull({ timeouts }), "E_NETWORK", "the whole did not come in 25 s");
    }));
});
