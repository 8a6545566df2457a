import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { expectError } from "../support/expect-error.ts";
import { ScriptedRegistry, sendStatus } from "../support/scripted-registry.ts";
import { type Scene, withScene } from "./support.ts";
import { basic, demandToken, expectUnsaid, queryOf, SCOPE, writeDockerConfig } from "./token-server.ts";

interface RedirectedScene extends Scene {
  /** Where the scene's registry redirects what `part` is in. */
  readonly target: ScriptedRegistry;
}

/** A scene whose registry redirects to another one, which has all the image's parts. */
const withTarget = (use: (scene: RedirectedScene) => Promise<void>, part = "/v2/") =>
  withScene(async (scene) => {
    const target = await ScriptedRegistry.start();
    try {
      target.addLayout(join(scene.folder, "layout"));
      scene.registry.rule(
        ({ url }, response) =>
          url.includes(part) && sendStatus(response, 307, { location: `http://${target.host}${url}` }),
      );
      await use({ ...scene, target });
    } finally {
      target.close();
    }
  });
const digestsOf = ({ built }: Scene) => built.layers.map(({ digest }) => digest);
const given = { credentials: { username: "me", password: "own-secret" } };
const keep = (scene: RedirectedScene, fields: unknown) =>
  writeDockerConfig(scene, { auths: { [scene.target.host]: fields } });
const kept = { auth: Buffer.from("you:kept").toString("base64") };

describe("a registry that another one redirects to", () => {
  for (const part of ["/v2/", "/manifests/", "/blobs/"]) {
    test(`and that wants a token is logged in at by its own challenge (${part})`, () =>
      withTarget(async (scene) => {
        const server = demandToken({ registry: scene.target });
        expect(await scene.pull()).toEqual(digestsOf(scene));
        expect(server.asked).toHaveLength(1);
        expect(queryOf(server.asked[0]).at(-1)).toEqual(["scope", SCOPE]);
        expect(scene.registry.seen.every(({ authorization }) => authorization === undefined)).toBe(true);
      }, part));
  }

  test("gets the credentials that are kept for it, and never those of the first, nor its token", () =>
    withTarget(async (scene) => {
      keep(scene, kept);
      const first = demandToken(scene, () => ({ token: "first-token" }));
      const second = demandToken({ registry: scene.target }, () => ({ token: "second-token" }));
      expect(await scene.pull(given)).toEqual(digestsOf(scene));
      expect(first.asked.map(({ authorization }) => authorization)).toEqual([basic("me", "own-secret")]);
      expect(second.asked.map(({ authorization }) => authorization)).toEqual([basic("you", "kept")]);
      const at = (registry: ScriptedRegistry) => new Set(registry.seen.map((seen) => seen.authorization));
      expect(at(scene.registry)).toEqual(
        new Set([undefined, basic("me", "own-secret"), "Bearer first-token"]),
      );
      expect(at(scene.target)).toEqual(new Set([undefined, basic("you", "kept"), "Bearer second-token"]));
    }));

  test("and that wants Basic gets what is kept for it", () =>
    withTarget(async (scene) => {
      keep(scene, kept);
      scene.target.rule(({ authorization }, response) =>
        authorization === basic("you", "kept")
          ? false
          : sendStatus(response, 401, { "www-authenticate": 'Basic realm="x"' }),
      );
      expect(await scene.pull(given)).toEqual(digestsOf(scene));
    }));

  for (const challenge of ['Basic realm="x"', "Negotiate"]) {
    test(`and that wants what there is not (${challenge}) is named, with what to do`, () =>
      withTarget(async (scene) => {
        const { target, pull, events } = scene;
        target.rule((_, response) => sendStatus(response, 401, { "www-authenticate": challenge }));
        const error = await pull(given).catch((thrown: unknown) => thrown);
        await expectError(Promise.reject(error), "E_DENIED", target.host, `docker login ${target.host}`);
        expect(target.seen.map(({ authorization }) => authorization)).toEqual([undefined]);
        expectUnsaid({ events }, error, "own-secret");
      }));
  }

  test("and that refuses every token is not asked for ever", () =>
    withTarget(async ({ target, registry, pull }) => {
      const server = demandToken({ registry: target });
      target.rule(
        ({ url }, response) =>
          !url.startsWith("/token") &&
          sendStatus(response, 401, { "www-authenticate": `Bearer realm="http://${target.host}/token"` }),
      );
      await expectError(pull(), "E_DENIED", "401", `docker login ${target.host}`);
      expect(server.asked.length).toBeLessThanOrEqual(2);
      expect(registry.seen).toHaveLength(1);
    }));

  test("and whose token has run out before its time gives another", () =>
    withTarget(async (scene) => {
      const server = demandToken({ registry: scene.target });
      let blobs = 0;
      scene.target.rule(({ url, authorization }) => {
        // Once the manifest is here.
        if (url.includes("/blobs/") && authorization !== undefined && blobs++ === 0) server.expire();
        return false;
      });
      expect(await scene.pull({ concurrency: 1 })).toEqual(digestsOf(scene));
      expect(server.tokens).toEqual(["secret-token-1", "secret-token-2"]);
    }));

  test("may name no token server that it may not lead to", () =>
    withTarget(async (scene) => {
      demandToken({ registry: scene.target }, undefined, "https://169.254.169.254/token");
      await expectError(scene.pull(), "E_DENIED", "token server", "private network");
    }));

  test("keeps its rights apart by repository", () =>
    withScene(async (scene) => {
      const target = await ScriptedRegistry.start();
      try {
        target.addLayout(join(scene.folder, "layout"));
        const tokenOf = (url: string) => `for-${/repository%3A(\w+)%2F/.exec(url)?.[1]}`;
        target.rule(({ url, authorization }, response) => {
          if (url.startsWith("/token")) {
            response.end(JSON.stringify({ token: tokenOf(url) }));
            return true;
          }
          const [, repository] = /^\/v2\/(\w+)\//.exec(url) ?? [];
          if (authorization === `Bearer for-${repository}`) return false;
          const challenge = `Bearer realm="http://${target.host}/token"`;
          return sendStatus(response, 401, { "www-authenticate": challenge });
        });
        scene.registry.rule(({ url }, response) => {
          const repository = url.includes("/manifests/") ? "documents" : "layers";
          const location = `http://${target.host}${url.replace("team/", `${repository}/`)}`;
          return sendStatus(response, 307, { location });
        });
        expect(await scene.pull()).toEqual(digestsOf(scene));
      } finally {
        target.close();
      }
    }));

  for (const [challenge, good] of [
    ['Basic realm="x"', basic("you", "kept")],
    ['Bearer realm="http://tokens.example/token"', `Bearer ${basic("you", "kept").slice(6)}`],
  ] as const) {
    test(`over plain http gets what is kept for it only where it is spoken to so (${challenge})`, () =>
      withScene(async (scene) => {
        // What is behind it: the other registry and its token server, which tells what it was told.
        const proxy = await ScriptedRegistry.start();
        proxy.addLayout(join(scene.folder, "layout"));
        proxy.rule(({ authorization }, response) =>
          authorization === good ? false : sendStatus(response, 401, { "www-authenticate": challenge }),
        );
        proxy.rule(({ url, authorization }, response) => {
          if (!url.includes("/token")) return false;
          response.end(JSON.stringify({ token: authorization?.slice(6) ?? "none" }));
          return true;
        });
        scene.registry.rule(({ url }, response) =>
          sendStatus(response, 307, { location: `http://registry.example${url}` }),
        );
        writeDockerConfig(scene, { auths: { "registry.example": kept } });
        const environment = { ...scene.options.environment, HTTP_PROXY: `http://${proxy.host}` };
        try {
          const insecureHosts = ["tokens.example"];
          const refused = scene.pull({ environment, insecureHosts });
          await expectError(refused, "E_DENIED", "--insecure-registry registry.example");
          const told = proxy.seen.map(({ authorization = "" }) => authorization);
          expect(told.filter((each) => each.startsWith("Basic"))).toEqual([]);
          insecureHosts.push("registry.example");
          expect(await scene.pull({ environment, insecureHosts })).toEqual(digestsOf(scene));
        } finally {
          proxy.close();
        }
      }));
  }
});
