import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { TIMEOUTS } from "../../src/http/timeouts.ts";
import { expectError } from "../support/expect-error.ts";
import { json, type LayoutImage } from "../support/layout-builder.ts";
import { ScriptedRegistry, sendStatus } from "../support/scripted-registry.ts";
import { letPeersBeLate, until } from "../support/waiting.ts";
import { LAYERS, NAME, noise, type Scene, warningsOf, withScene } from "./support.ts";

interface MirrorScene extends Scene {
  readonly mirror: ScriptedRegistry;
}

/** A scene whose registry has a mirror with all it has. */
const withMirror = (use: (scene: MirrorScene) => Promise<void>, image?: LayoutImage) =>
  withScene(async (scene) => {
    const mirror = await ScriptedRegistry.start();
    try {
      mirror.addLayout(join(scene.folder, "layout"));
      await use({ ...scene, mirror });
    } finally {
      mirror.close();
    }
  }, image);
/** An image of many layers. */
const MANY = { layers: Array.from({ length: 30 }, (_, i) => noise(1000, i)), compress: "none" } as const;
const digestsOf = ({ built }: Scene) => built.layers.map(({ digest }) => digest);

/** It is told, once. */
function expectLeftOut({ events }: Scene): void {
  expect(warningsOf(events)).toEqual([
    expect.stringMatching(/^mirror .*; asking 127\.0\.0\.1:\d+; it is not asked any more$/),
  ]);
}

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

  for (const [what, rule, asked] of [
    ["fails at everything", (response: ServerResponse) => sendStatus(response, 503), 5],
    ["wants a login", (response: ServerResponse) => sendStatus(response, 401), 2],
    [
      "redirects in a circle",
      (response: ServerResponse) => sendStatus(response, 307, { location: "/v2/again" }),
      11,
    ],
  ] as const) {
    test(`that ${what} is left out, and told once`, () =>
      withMirror(async (scene) => {
        const { mirror, pull } = scene;
        mirror.rule((_, response) => rule(response));
        expect(await pull({ mirrors: [mirror.host] })).toEqual(digestsOf(scene));
        expect(mirror.seen).toHaveLength(asked);
        expectLeftOut(scene);
      }, MANY));
  }

  test("that never answers is left out, and told once", () =>
    withMirror(async (scene) => {
      const { mirror, pull } = scene;
      mirror.rule(() => true);
      const pulling = pull({ mirrors: [mirror.host] });
      for (const asked of [1, 2, 3, 4, 5]) {
        await until(() => mirror.seen.length === asked);
        letPeersBeLate(TIMEOUTS.headers);
      }
      expect(await pulling).toEqual(digestsOf(scene));
      expect(mirror.seen).toHaveLength(5);
      expectLeftOut(scene);
    }, MANY));

  test("that is not there, by address or by name, is left out, and told once", () =>
    withMirror(async (scene) => {
      for (const [host, reason] of [
        ["127.0.0.1:1", "the connection was refused"],
        ["mirror.invalid", "the host is not known"],
      ] as const) {
        scene.events.length = 0;
        expect(await scene.pull({ mirrors: [host] })).toEqual(digestsOf(scene));
        expect(warningsOf(scene.events)).toEqual([expect.stringContaining(reason)]);
      }
    }, MANY));

  test("that does not speak TLS is left out, and told once", () =>
    withMirror(async (scene) => {
      const { mirror, registry, folder, pull, events } = scene;
      const caFile = join(folder, "ca.pem");
      writeFileSync(caFile, rootCertificates[0] ?? "");
      const secure = { caFile, insecureHosts: [registry.host], mirrors: [mirror.host] };
      expect(await pull(secure)).toEqual(digestsOf(scene));
      expect(warningsOf(events)).toEqual([expect.stringContaining("it is not asked any more")]);
    }, MANY));

  test("that lacks some is asked for the others, and what it lacks is told once", () =>
    withMirror(async (scene) => {
      const { mirror, registry, pull, events } = scene;
      const lacking = digestsOf(scene).slice(3);
      for (const digest of lacking) mirror.blobs.delete(digest);
      expect(await pull({ mirrors: [mirror.host] })).toEqual(digestsOf(scene));
      expect(mirror.seenOf("/blobs/")).toHaveLength(MANY.layers.length + 1);
      expect(registry.seenOf("/blobs/")).toHaveLength(lacking.length);
      expect(warningsOf(events)).toEqual([expect.stringMatching(/answered 404.*; asking 127\.0\.0\.1:\d+$/)]);
    }, MANY));

  test("that refuses one thing in an odd way is asked for the others", () =>
    withMirror(async (scene) => {
      const { mirror, pull } = scene;
      const [base = ""] = digestsOf(scene);
      mirror.rule(({ url }, response) => url.includes(base) && sendStatus(response, 451));
      expect(await pull({ mirrors: [mirror.host] })).toEqual(digestsOf(scene));
      expect(mirror.seenOf("/blobs/")).toHaveLength(MANY.layers.length + 1);
    }, MANY));

  test("must be a host", () =>
    withScene(async ({ pull }) => {
      await expectError(pull({ mirrors: ["https://mirror.io"] }), "E_USAGE", "is not the host of a registry");
    }));
});
