import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { makeSigningKey, simpleSigningPayload } from "../support/cosign.ts";
import { json } from "../support/layout-builder.ts";
import { sendStatus, sendWhole } from "../support/scripted-registry.ts";
import { INDEX, MANIFEST } from "./documents.ts";
import {
  expectRefusal,
  KEY,
  listReferrers,
  putSignature,
  referrersIndex,
  referrersTag,
  sigTag,
} from "./signing.ts";
import { type Scene, withScene } from "./support.ts";

const OTHER = makeSigningKey();

/** Puts the scene's image below an index, which is then what the name stands for; its digest. */
function putIndex({ registry, built }: Scene): string {
  const child = { ...built.manifest, platform: { os: "linux", architecture: "amd64" } };
  return registry.putManifest(referrersIndex([child]), INDEX, "latest");
}

/** So many manifests that refer to an image and sign nothing of it, each another. */
function putOthers(scene: Scene, count: number, length = 0): object[] {
  return Array.from({ length: count }, (_, i) => {
    const bytes = json({ schemaVersion: 2, mediaType: MANIFEST, layers: [], i, filling: "x".repeat(length) });
    return { mediaType: MANIFEST, digest: scene.registry.putManifest(bytes, MANIFEST), size: bytes.length };
  });
}

describe("where a registry has no list of referrers", () => {
  const answers: readonly (readonly [string, Parameters<Scene["registry"]["rule"]>[0]])[] = [
    ["bad request", (_, response) => sendStatus(response, 400)],
    ["method not allowed", (_, response) => sendStatus(response, 405)],
    [
      "a page for people",
      (_, response) => {
        response.setHeader("content-type", "text/html");
        sendWhole(response, Buffer.from("<html>"));
        return true;
      },
    ],
  ];
  for (const [what, answer] of answers) {
    test(`and answers with ${what}, the tag stands in for it`, () =>
      withScene(async (scene) => {
        const { digest } = scene.built.manifest;
        const index = referrersIndex([putSignature(scene, simpleSigningPayload(digest))]);
        scene.registry.putManifest(index, INDEX, referrersTag(digest));
        scene.registry.rule((seen, response) => seen.url.includes("/referrers/") && answer(seen, response));
        expect(await scene.pull({ verifyKey: KEY.publicKey })).toHaveLength(2);
      }));
  }
});

describe("a search for signatures", () => {
  test("goes on where a list is broken", () =>
    withScene(async (scene) => {
      const digest = putIndex(scene);
      scene.registry.putManifest(Buffer.from("{"), INDEX, referrersTag(scene.built.manifest.digest));
      listReferrers(scene, digest, [putSignature(scene, simpleSigningPayload(digest))]);
      expect(await scene.pull({ verifyKey: KEY.publicKey })).toHaveLength(2);
    }));

  test("asks for cosign's tags of index and manifest before any list", () =>
    withScene(async (scene) => {
      const digest = putIndex(scene);
      putSignature(scene, simpleSigningPayload(digest), KEY, sigTag(digest));
      expect(await scene.pull({ verifyKey: KEY.publicKey })).toHaveLength(2);
      expect(scene.registry.seenOf("/referrers/")).toEqual([]);
    }));

  test("looks at 100 manifests for the image and its index together, and says that there are more", () =>
    withScene(async (scene) => {
      const digest = putIndex(scene);
      const good = putSignature(scene, simpleSigningPayload(digest));
      listReferrers(scene, scene.built.manifest.digest, putOthers(scene, 60));
      listReferrers(scene, digest, [...putOthers(scene, 60), good]);
      await expectRefusal(scene, "bears no signature; there is more than is looked at");
      expect(scene.registry.seenOf(good.digest)).toEqual([]);
    }));

  test("looks at 100 signatures for the image and its index together", () =>
    withScene(async (scene) => {
      const digest = putIndex(scene);
      const { registry } = scene;
      for (const of of [scene.built.manifest.digest, digest]) {
        const { layers } = JSON.parse(
          Buffer.from(
            registry.manifests.get(putSignature(scene, simpleSigningPayload(of), OTHER).digest)?.bytes ?? [],
          ).toString(),
        );
        const many = Array.from({ length: 60 }, () => layers[0]);
        registry.putManifest(json({ schemaVersion: 2, layers: many }), MANIFEST, sigTag(of));
      }
      await expectRefusal(scene, "bears 100 signatures, none of them valid", "there is more than");
    }));

  test("reads 32 MiB for the image and its index together", () =>
    withScene(async (scene) => {
      const digest = putIndex(scene);
      const good = putSignature(scene, simpleSigningPayload(digest));
      listReferrers(scene, scene.built.manifest.digest, putOthers(scene, 5, 4_000_000));
      listReferrers(scene, digest, [...putOthers(scene, 5, 4_000_001), good]);
      await expectRefusal(scene, "there is more than is looked at");
    }));

  test("counts what does not have the size that was promised", () =>
    withScene(async (scene) => {
      const { digest } = scene.built.manifest;
      const liars = putOthers(scene, 12, 100).map((descriptor) => ({ ...descriptor, size: 10 }));
      const good = putSignature(scene, simpleSigningPayload(digest));
      listReferrers(scene, digest, [...liars, good]);
      await expectRefusal(scene, "8 could not be read", "there is more than is looked at");
    }));

  test("ends where pages of nothing follow one another", () =>
    withScene(async (scene) => {
      const { digest } = scene.built.manifest;
      scene.registry.rule(({ url }, response) => {
        if (!url.includes("/referrers/")) return false;
        response.setHeader("content-type", INDEX);
        response.setHeader("link", `</v2/x/referrers/${digest}?n=1>; rel="next"`);
        sendWhole(response, referrersIndex([]));
        return true;
      });
      await expectRefusal(scene, "there is more than is looked at");
      expect(scene.registry.seenOf("/referrers/").length).toBeLessThan(30);
    }));

  test("finds offline what a registry's list told", () =>
    withScene(async (scene) => {
      const { digest } = scene.built.manifest;
      listReferrers(scene, digest, [putSignature(scene, simpleSigningPayload(digest))]);
      const options = { verifyKey: KEY.publicKey, cacheFolder: join(scene.folder, "cache") };
      await scene.pull(options);
      scene.registry.close();
      expect(await scene.pull({ ...options, offline: true })).toHaveLength(2);
    }));
});
