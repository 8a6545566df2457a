import { describe, expect, test } from "bun:test";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { withRegistry } from "../support/docker-registry.ts";
import { expectError } from "../support/expect-error.ts";
import { testWith } from "../support/oracles.ts";
import { sendStatus, sendWhole } from "../support/scripted-registry.ts";
import { MANIFEST, manifestWith, OCI, sendEndless } from "./documents.ts";
import { LAYERS, noise, type Scene, warningsOf, withScene } from "./support.ts";

describe("a registry that lies", () => {
  test("in Docker-Content-Digest is warned of: the own sum decides", () =>
    withScene(async ({ pull, registry, events, built }) => {
      const wrong = `sha256:${"b".repeat(64)}`;
      registry.rule(({ url }, response) => {
        if (!url.includes("/manifests/")) return false;
        const { bytes, mediaType } = registry.manifests.get("latest") ?? {
          bytes: Buffer.of(),
          mediaType: "",
        };
        response.setHeader("content-type", mediaType);
        response.setHeader("docker-content-digest", wrong);
        sendWhole(response, bytes);
        return true;
      });
      expect(await pull()).toHaveLength(2);
      expect(warningsOf(events)).toEqual([expect.stringContaining(wrong)]);
      expect(warningsOf(events)[0]).toContain(built.manifest.digest);
    }));

  /** Answers for the base layer. */
  const instead = (
    { registry, built }: Scene,
    answer: (response: ServerResponse, blob: Uint8Array) => void,
  ) =>
    registry.rule(({ url }, response) => {
      if (!url.includes(built.layers[0]?.digest ?? "")) return false;
      answer(response, LAYERS[0]);
      return true;
    });

  test("about a layer's length is not read at all", () =>
    withScene(async (scene) => {
      instead(scene, (response, blob) => sendWhole(response, blob.subarray(1)));
      await expectError(scene.pull(), "E_SIZE_MISMATCH", "300000 bytes", "299999");
    }));

  test("with a layer without end is read one byte too far", () =>
    withScene(async (scene) => {
      instead(scene, sendEndless);
      await expectError(scene.pull(), "E_SIZE_MISMATCH", "more came");
    }));

  test("with a layer that is shorter than it should be, however it is asked", () =>
    withScene(async (scene) => {
      // Chunked: no length to tell beforehand.
      instead(scene, (response, blob) => response.write(blob.subarray(0, 1000), () => response.end()));
      await expectError(scene.pull(), "E_NETWORK", "ended at 1000 bytes");
      scene.registry.rule(
        ({ url, range }, response) =>
          url.includes(scene.built.layers[0]?.digest ?? "") &&
          range !== undefined &&
          sendStatus(response, 416),
      );
      await expectError(scene.pull(), "E_SIZE_MISMATCH", "no more than 1000 bytes");
    }));

  test("with other bytes of the right length is found out at their end", () =>
    withScene(async (scene) => {
      instead(scene, (response, blob) => sendWhole(response, noise(blob.length, 9)));
      await expectError(scene.pull(), "E_DIGEST_MISMATCH", scene.built.layers[0]?.digest ?? "");
    }));

  test("with other bytes after a break is found out too", () =>
    withScene(async (scene) => {
      let first = true;
      instead(scene, (response, blob) => {
        response.setHeader("content-length", blob.length);
        if (first) response.write(blob.subarray(0, 1000), () => response.socket?.destroy());
        else response.end(noise(blob.length, 9));
        first = false;
      });
      await expectError(scene.pull(), "E_DIGEST_MISMATCH");
    }));

  test("in Content-Encoding changes nothing: bytes are taken as they are", () =>
    withScene(async (scene) => {
      instead(scene, (response, blob) => {
        response.setHeader("content-encoding", "gzip, gzip");
        sendWhole(response, blob);
      });
      expect(await scene.pull()).toHaveLength(2);
    }));

  test("about its config is found out", () =>
    withScene(async ({ pull, registry, built }) => {
      registry.blobs.set(built.config.digest, Buffer.alloc(built.config.size, 32));
      await expectError(pull(), "E_DIGEST_MISMATCH", built.config.digest);
    }));

  test("with a header of a megabyte is not listened to", () =>
    withScene(async ({ pull, registry }) => {
      registry.rule((_, response) => {
        response.socket?.write(`HTTP/1.1 200 OK\r\nX: ${"x".repeat(1 << 20)}\r\n\r\n`);
        return true;
      });
      await expectError(pull(), "E_NETWORK", "header is too large");
    }));

  test("in what it says of an error is quoted, not obeyed", () =>
    withScene(async ({ pull, registry }) => {
      registry.rule((_, response) => sendStatus(response, 403, {}, "DENIED", "\u001b[2Jno"));
      await expectError(pull(), "E_DENIED", "DENIED \\u001b[2Jno");
      registry.rule((_, response) => {
        response.statusCode = 403;
        return sendEndless(response);
      });
      await expectError(pull(), "E_DENIED", "403");
    }));
});

describe("redirects", () => {
  test("without end, to other schemes and to nowhere are not followed", () =>
    withScene(async ({ pull, registry }) => {
      let to = "";
      registry.rule((_, response) => sendStatus(response, 302, { location: to }));
      for (const [target, why] of [
        ["/again", "more than 10 redirects"],
        ["file:///etc/passwd", "neither http nor https"],
        ["http://[", "no URL"],
      ] as const) {
        to = target;
        await expectError(pull(), "E_NETWORK", why);
      }
    }));
});

describe("layers kept elsewhere", () => {
  const foreign = (scene: Scene, url: string) => {
    const [base, top] = scene.built.layers;
    const layers = [{ ...base, mediaType: `${OCI}.layer.nondistributable.v1.tar`, urls: [url] }, top];
    scene.registry.putManifest(manifestWith(scene, { layers }), MANIFEST, "foreign");
    scene.registry.blobs.delete(base?.digest ?? "");
    return scene.pull;
  };

  test("are not fetched unless that is allowed, and never over plain http", () =>
    withScene(async (scene) => {
      const pull = foreign(scene, `http://${scene.registry.host}/elsewhere`);
      const name = `${scene.name}:foreign`;
      await expectError(pull({}, name), "E_IMAGE_NOT_FOUND");
      await expectError(pull({ allowForeign: true }, name), "E_IMAGE_NOT_FOUND");
      expect(scene.registry.seenOf("/elsewhere")).toEqual([]);
    }));
});

testWith(
  ["docker-registry", "skopeo", "openssl"],
  "a layer kept elsewhere is fetched from there, over https and without credentials, where that is allowed",
  () =>
    withRegistry({ tls: true }, ({ host, caFile, push }) =>
      withScene(
        async (scene) => {
          const { registry, built, folder } = scene;
          push(`oci:${join(folder, "layout")}:x`, "elsewhere:1");
          const [base, top] = built.layers;
          const urls = [`https://user:secret@${host}/v2/elsewhere/blobs/${base?.digest}`];
          const layers = [{ ...base, mediaType: `${OCI}.layer.nondistributable.v1.tar+gzip`, urls }, top];
          registry.putManifest(manifestWith(scene, { layers }), MANIFEST, "foreign");
          registry.blobs.delete(base?.digest ?? "");
          const options = { caFile, insecureHosts: [registry.host] };
          const name = `${scene.name}:foreign`;
          const digests = built.layers.map(({ digest }) => digest);
          expect(await scene.pull({ ...options, allowForeign: true }, name)).toEqual(digests);
          await expectError(scene.pull(options, name), "E_IMAGE_NOT_FOUND", base?.digest ?? "");
        },
        { layers: LAYERS, tag: "x" },
      ),
    ),
);

test("data embedded in a descriptor is used instead of a request", () =>
  withScene(async (scene) => {
    const config = scene.registry.blobs.get(scene.built.config.digest) ?? Buffer.of();
    const data = Buffer.from(config).toString("base64");
    const [base, top] = scene.built.layers;
    const layers = [base, { ...top, data: LAYERS[1].toString("base64") }];
    scene.registry.putManifest(
      manifestWith(scene, { config: { ...scene.built.config, data }, layers }),
      MANIFEST,
      "data",
    );
    expect(await scene.pull({}, `${scene.name}:data`)).toEqual(
      scene.built.layers.map(({ digest }) => digest),
    );
    expect(scene.registry.seenOf("/blobs/")).toHaveLength(1);
  }));

test("warnings of the registry are passed on once each", () =>
  withScene(async ({ registry, pull, events }) => {
    registry.rule((_, response) => {
      response.setHeader("warning", [
        '299 - "this registry moves"',
        '299 - "\u00c2\u009b31mred"',
        '199 - "other"',
      ]);
      response.setHeader("ratelimit-limit", "100;w=21600");
      response.setHeader("ratelimit-remaining", "76;w=21600");
      return false;
    });
    await pull();
    expect(warningsOf(events)).toEqual([`${registry.host}: this registry moves`]);
    expect(events).toContainEqual({ type: "rate-limit", limit: "100;w=21600", remaining: "76;w=21600" });
  }));
