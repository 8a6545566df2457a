import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { expectError } from "../support/expect-error.ts";
import { sendStatus } from "../support/scripted-registry.ts";
import { type Scene, warningsOf, withScene } from "./support.ts";

const digestsOf = ({ built }: Scene) => built.layers.map(({ digest }) => digest);

describe("a HEAD", () => {
  const cached = ({ folder }: Scene) => ({ cacheFolder: join(folder, "cache") });

  for (const status of [400, 401, 403, 404, 405, 429, 500, 501, 503]) {
    test(`that is answered ${status} gives way to a GET, at once`, () =>
      withScene(async (scene) => {
        const { registry, pull, timing, events } = scene;
        await pull(cached(scene));
        registry.rule(({ method }, response) => method === "HEAD" && sendStatus(response, status));
        registry.seen.length = 0;
        expect(await pull(cached(scene))).toEqual(digestsOf(scene));
        const asked = registry.seenOf("/manifests/").map(({ method }) => method);
        expect(asked).toEqual(["HEAD", "GET"]);
        expect(timing.slept).toEqual([]);
        expect(warningsOf(events)).toEqual([]);
      }));
  }

  test("that the registry wants a password for gives way to a GET that needs none", () =>
    withScene(async (scene) => {
      const { registry, pull } = scene;
      await pull(cached(scene));
      registry.rule(
        ({ method }, response) =>
          method === "HEAD" && sendStatus(response, 401, { "www-authenticate": 'Basic realm="x"' }),
      );
      expect(await pull(cached(scene))).toEqual(digestsOf(scene));
    }));

  test("that breaks the connection gives way to a GET", () =>
    withScene(async (scene) => {
      const { registry, pull, timing } = scene;
      await pull(cached(scene));
      registry.rule(({ method }, response) => {
        if (method !== "HEAD") return false;
        response.socket?.destroy();
        return true;
      });
      expect(await pull(cached(scene))).toEqual(digestsOf(scene));
      expect(timing.slept).toEqual([]);
    }));

  test("that is refused as the GET is leaves the word to that", () =>
    withScene(async (scene) => {
      const { registry, pull } = scene;
      await pull(cached(scene));
      registry.rule((_, response) => sendStatus(response, 403, {}, "DENIED", "not for you"));
      await expectError(pull(cached(scene)), "E_DENIED", "not for you");
    }));
});
