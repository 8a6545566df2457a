import { describe, expect, test } from "bun:test";
import { expectError } from "../support/expect-error.ts";
import { type Seen, sendStatus } from "../support/scripted-registry.ts";
import { withScene } from "./support.ts";
import { basic, demandToken, expectUnsaid, queryOf, SCOPE, writeDockerConfig } from "./token-server.ts";

describe("a token", () => {
  test("is asked for anonymously, with the realm's own query, service and scope, and shared by all requests", () =>
    withScene(async (scene) => {
      const server = demandToken(scene);
      await scene.pull();
      expect(server.asked).toHaveLength(1);
      expect(queryOf(server.asked[0])).toEqual([
        ["account", "x"],
        ["service", 'the "registry"'],
        ["scope", SCOPE],
      ]);
      expect(server.asked[0]?.authorization).toBeUndefined();
    }));

  test("is asked for with user and password, which go nowhere else", () =>
    withScene(async (scene) => {
      const server = demandToken(scene, () => ({ access_token: "abc", expires_in: 300 }));
      await scene.pull({ credentials: { username: "me", password: "pass:word:ü" } });
      expect(server.asked[0]?.authorization).toBe(basic("me", "pass:word:ü"));
      const others = scene.registry.seen.filter(({ url }) => !url.startsWith("/token"));
      expect(others.every(({ authorization = "" }) => !authorization.startsWith("Basic"))).toBe(true);
    }));

  test("asks for the registry's scope first and for the repository's own if that is another", () =>
    withScene(async (scene) => {
      const { registry, pull } = scene;
      let asked: Seen | undefined;
      registry.rule((seen, response) => {
        if (seen.url.startsWith("/token")) {
          asked = seen;
          response.end(JSON.stringify({ token: "t" }));
          return true;
        }
        if (seen.authorization !== undefined) return false;
        const challenge = `Bearer realm="http://${registry.host}/token",scope="repository:other:pull"`;
        return sendStatus(response, 401, { "www-authenticate": challenge });
      });
      await pull();
      expect(queryOf(asked)).toEqual([
        ["scope", "repository:other:pull"],
        ["scope", SCOPE],
      ]);
    }));

  test("that runs out in the middle of a pull is renewed once for all layers", () =>
    withScene(
      async (scene) => {
        const server = demandToken(scene);
        let blobs = 0;
        let release = () => {};
        const all = new Promise<void>((resolve) => {
          release = resolve;
        });
        scene.registry.rule(async ({ url, authorization }) => {
          if (!url.includes("/blobs/") || authorization !== "Bearer secret-token-1") return false;
          blobs += 1;
          // The first is the config; the four layers are refused together.
          if (blobs === 5) {
            server.expire();
            release();
          }
          if (blobs > 1) await all;
          return false;
        });
        await scene.pull();
        expect(server.tokens).toEqual(["secret-token-1", "secret-token-2"]);
      },
      { layers: [1, 2, 3, 4].map((n) => Buffer.alloc(1000, n)), compress: "none" },
    ));

  test("is renewed before a tenth of its life is left, and lives a minute if nobody tells", () =>
    withScene(async (scene) => {
      const server = demandToken(scene);
      const { timing } = scene;
      scene.registry.rule(({ url }) => {
        if (url.includes("/manifests/")) timing.pass(53_000);
        if (url.includes("/blobs/") && timing.now() < Date.UTC(2030, 0, 1, 0, 5)) timing.pass(120_000);
        return false;
      });
      await scene.pull({ concurrency: 1 });
      expect(server.tokens.length).toBeGreaterThan(1);
      // Every request but the first bore a token that was good: none had to be refused for its age.
      const refused = scene.registry.seen.filter(
        ({ authorization, url }) => !authorization && !url.startsWith("/token"),
      );
      expect(refused).toHaveLength(1);
    }));

  test("is renewed no more than once for one request: a second refusal is final", () =>
    withScene(async (scene) => {
      const server = demandToken(scene);
      scene.registry.rule(
        ({ url }, response) =>
          !url.startsWith("/token") &&
          server.tokens.length > 0 &&
          sendStatus(response, 401, { "www-authenticate": "Basic" }),
      );
      await expectError(scene.pull(), "E_DENIED", "401", "log in");
      expect(scene.registry.seenOf("/manifests/")).toHaveLength(2);
    }));

  test("is bought with an identity token, of which a newer one takes the place", () =>
    withScene(async (scene) => {
      writeDockerConfig(scene, {
        auths: { [scene.registry.host]: { auth: "", identitytoken: "old-refresh" } },
      });
      const server = demandToken(scene, (_, count) => ({
        access_token: `t${count}`,
        refresh_token: "new-refresh",
        expires_in: 60,
      }));
      scene.registry.rule(({ url }) => {
        if (url.includes("/manifests/")) scene.timing.pass(61_000);
        return false;
      });
      await scene.pull();
      expect(server.asked.map(({ method, authorization }) => [method, authorization])).toEqual([
        ["POST", undefined],
        ["POST", undefined],
      ]);
      expect(server.asked.map(({ body }) => Object.fromEntries(new URLSearchParams(body)))).toEqual([
        {
          grant_type: "refresh_token",
          client_id: "docker2vm",
          refresh_token: "old-refresh",
          service: 'the "registry"',
          scope: SCOPE,
        },
        {
          grant_type: "refresh_token",
          client_id: "docker2vm",
          refresh_token: "new-refresh",
          service: 'the "registry"',
          scope: SCOPE,
        },
      ]);
    }));

  for (const status of [404, 405]) {
    test(`server that answers the OAuth form with ${status} gets the identity token as a password`, () =>
      withScene(async (scene) => {
        writeDockerConfig(scene, { auths: { [scene.registry.host]: { identitytoken: "refresh" } } });
        const server = demandToken(scene, ({ method }) => (method === "POST" ? status : { token: "t" }));
        await scene.pull();
        expect(server.asked[1]?.authorization).toBe(basic("<token>", "refresh"));
      }));
  }

  test("of the registry itself is sent as it is", () =>
    withScene(async (scene) => {
      writeDockerConfig(scene, { auths: { [scene.registry.host]: { registrytoken: "as-is" } } });
      scene.registry.rule(({ authorization }, response) =>
        authorization === "Bearer as-is"
          ? false
          : sendStatus(response, 401, { "www-authenticate": 'Bearer realm="http://127.0.0.1:1/"' }),
      );
      expect(await scene.pull()).toHaveLength(2);
    }));

  test("server that refuses the password ends the pull, and the password stays unsaid", () =>
    withScene(async (scene) => {
      demandToken(scene, () => 401);
      const pulling = scene.pull({ credentials: { username: "me", password: "hunter2-secret" } });
      const error = await pulling.catch((reason: unknown) => reason);
      await expectError(Promise.reject(error), "E_DENIED", "token from", "401");
      expectUnsaid(scene, error, "hunter2-secret", basic("me", "hunter2-secret").slice(6));
    }));

  test("server that answers with something else, or with more than a mebibyte, ends the pull", () =>
    withScene(async (scene) => {
      demandToken(scene, () => ({ token: "two\r\nlines" }));
      await expectError(scene.pull(), "E_NETWORK", "no token");
      scene.registry.rule(({ url }, response) => {
        if (!url.startsWith("/token")) return false;
        response.end(`not json, but secret-token-9`);
        return true;
      });
      const error = await scene.pull().catch((reason: unknown) => reason);
      await expectError(Promise.reject(error), "E_NETWORK", "no token");
      expectUnsaid(scene, error, "secret-token-9");
      scene.registry.rule(({ url }, response) => {
        if (!url.startsWith("/token")) return false;
        const more = () => {
          while (response.write(Buffer.alloc(1 << 16, 32)));
          response.once("drain", more);
        };
        more();
        return true;
      });
      await expectError(scene.pull(), "E_BAD_MANIFEST", "1048576");
    }));

  test("server that is busy is asked again", () =>
    withScene(async (scene) => {
      const server = demandToken(scene, (_, count) => (count === 1 ? 503 : { token: "t" }));
      await scene.pull();
      expect(server.asked).toHaveLength(2);
      expect(scene.timing.slept).toEqual([1000]);
    }));
});
