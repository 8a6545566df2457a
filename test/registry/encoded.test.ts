import { describe, expect, test } from "bun:test";
import type { ServerResponse } from "node:http";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { expectError } from "../support/expect-error.ts";
import { sendBroken, sendWhole } from "../support/scripted-registry.ts";
import { LAYERS, noise, type Scene, withScene } from "./support.ts";
import { demandToken } from "./token-server.ts";

const digestsOf = ({ built }: Scene) => built.layers.map(({ digest }) => digest);

/** Sent as proxies do that encode on the way: in pieces, their sum unsaid. */
function sendEncoded(response: ServerResponse, bytes: Uint8Array, coding = "gzip"): true {
  response.setHeader("content-encoding", coding);
  response.flushHeaders();
  response.end(coding === "gzip" ? gzipSync(bytes) : brotliCompressSync(bytes));
  return true;
}

/** Has all of the registry's answers whose path holds `part` encoded. */
function encode({ registry }: Scene, part: string, coding?: string): void {
  registry.rule(({ url }, response) => {
    const reference = url.split("/").at(-1) ?? "";
    const manifest = registry.manifests.get(reference);
    const bytes = manifest?.bytes ?? registry.blobs.get(reference);
    if (!url.includes(part) || bytes === undefined) return false;
    if (manifest !== undefined) response.setHeader("content-type", manifest.mediaType);
    return sendEncoded(response, bytes, coding);
  });
}

describe("a registry that encodes, unasked,", () => {
  test("its manifests is understood, and their digest is of what was encoded", () =>
    withScene(async (scene) => {
      const { pull, registry, built } = scene;
      encode(scene, "/manifests/");
      expect(await pull()).toEqual(digestsOf(scene));
      const byDigest = `${registry.host}/team/app@${built.manifest.digest}`;
      expect(await pull({}, byDigest)).toEqual(digestsOf(scene));
      registry.rule(({ url }, response) =>
        url.includes("/manifests/") ? sendEncoded(response, Buffer.from('{"schemaVersion":2}')) : false,
      );
      await expectError(pull({}, byDigest), "E_DIGEST_MISMATCH");
    }));

  test("its tokens is understood", () =>
    withScene(async (scene) => {
      demandToken(scene);
      scene.registry.rule(({ url }, response) => {
        if (!url.startsWith("/token")) return false;
        return sendEncoded(response, Buffer.from(JSON.stringify({ token: "secret-token-1" })));
      });
      const { registry } = scene;
      registry.rule(({ authorization, url }, response) => {
        if (authorization !== "Bearer secret-token-1" || url.startsWith("/token")) return false;
        const [, , reference = ""] = /(manifests|blobs)\/(.+)/.exec(url) ?? [];
        const manifest = registry.manifests.get(reference);
        if (manifest !== undefined) response.setHeader("content-type", manifest.mediaType);
        response.end(manifest?.bytes ?? registry.blobs.get(reference));
        return true;
      });
      expect(await scene.pull()).toEqual(digestsOf(scene));
    }));

  test("its configs and layers is understood, with the length told or not", () =>
    withScene(async (scene) => {
      encode(scene, "/blobs/");
      expect(await scene.pull()).toEqual(digestsOf(scene));
      scene.registry.rule(({ url }, response) => {
        const blob = scene.registry.blobs.get(url.split("/").at(-1) ?? "");
        if (blob === undefined) return false;
        response.setHeader("content-encoding", "gzip");
        sendWhole(response, gzipSync(blob));
        return true;
      });
      expect(await scene.pull()).toEqual(digestsOf(scene));
    }));

  test("a layer, and breaks off, is asked for the whole again: a range would be of other bytes", () =>
    withScene(async (scene) => {
      const { registry, pull, built } = scene;
      const [base = ""] = digestsOf(scene);
      let asked = 0;
      registry.rule(({ url }, response) => {
        if (!url.includes(base)) return false;
        if (asked++ > 0) return sendEncoded(response, LAYERS[0]);
        response.setHeader("content-encoding", "gzip");
        response.write(gzipSync(LAYERS[0]).subarray(0, 100_000), () => response.socket?.destroy());
        return true;
      });
      expect(await pull()).toEqual(built.layers.map(({ digest }) => digest));
      expect(registry.seenOf(base).map(({ range }) => range)).toEqual([undefined, undefined]);
    }));

  test("the rest of a layer that has broken off is asked for the whole", () =>
    withScene(async (scene) => {
      const { registry, pull } = scene;
      const [base = ""] = digestsOf(scene);
      let asked = 0;
      registry.rule(({ url, range }, response) => {
        if (!url.includes(base) || asked++ > 1) return false;
        if (range === undefined) {
          sendBroken(response, LAYERS[0], 100_000);
          return true;
        }
        response.statusCode = 206;
        response.setHeader("content-range", `bytes 100000-${LAYERS[0].length - 1}/${LAYERS[0].length}`);
        return sendEncoded(response, LAYERS[0].subarray(100_000));
      });
      expect(await pull()).toEqual(digestsOf(scene));
      expect(registry.seenOf(base).map(({ range }) => range)).toEqual([
        undefined,
        "bytes=100000-",
        undefined,
      ]);
    }));

  test("a layer of other bytes, or of more, is found out", () =>
    withScene(async (scene) => {
      const [base = ""] = digestsOf(scene);
      for (const [bytes, code] of [
        [noise(LAYERS[0].length, 9), "E_DIGEST_MISMATCH"],
        [noise(LAYERS[0].length + 1, 1), "E_SIZE_MISMATCH"],
        [Buffer.alloc(1 << 24), "E_SIZE_MISMATCH"],
      ] as const) {
        scene.registry.rule(({ url }, response) => url.includes(base) && sendEncoded(response, bytes));
        await expectError(scene.pull(), code);
      }
    }));

  test("what it says of an error is heard", () =>
    withScene(async ({ pull, registry }) => {
      registry.rule((_, response) => {
        response.statusCode = 403;
        return sendEncoded(response, Buffer.from(JSON.stringify({ errors: [{ message: "not for you" }] })));
      });
      await expectError(pull(), "E_DENIED", "not for you");
    }));

  for (const part of ["/manifests/", "/blobs/"]) {
    test(`in a way that is not undone here is told the way (${part})`, () =>
      withScene(async (scene) => {
        encode(scene, part, "br");
        await expectError(scene.pull(), "E_NETWORK", "Content-Encoding: br");
      }));
  }
});

test("a layer that is gzip by itself, and said to be, is taken as it is, with its length told or not", () =>
  withScene(
    async (scene) => {
      const { registry, built, pull } = scene;
      for (const isLengthTold of [true, false]) {
        registry.rule(({ url }, response) => {
          const blob = registry.blobs.get(url.split("/").at(-1) ?? "");
          if (blob === undefined || url.includes(built.config.digest)) return false;
          response.setHeader("content-encoding", "gzip");
          if (isLengthTold) response.setHeader("content-length", blob.length);
          else response.flushHeaders();
          response.end(blob);
          return true;
        });
        expect(await pull()).toEqual(digestsOf(scene));
      }
    },
    { layers: LAYERS, compress: "gzip" },
  ));
