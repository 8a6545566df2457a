import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { openRegistrySource } from "../../src/source/registry-source.ts";
import { expectError } from "../support/expect-error.ts";
import { buildLayout, json, sha256 } from "../support/layout-builder.ts";
import { sendStatus } from "../support/scripted-registry.ts";
import { INDEX, MANIFEST } from "./documents.ts";
import { AMD64, LAYERS, NAME, withScene } from "./support.ts";

describe("an image", () => {
  test("comes by tag, by digest, and by tag and digest, of which the digest counts", () =>
    withScene(async ({ pull, built, name, registry }) => {
      const digests = built.layers.map(({ digest }) => digest);
      expect(await pull({}, `${name}:latest`)).toEqual(digests);
      expect(await pull({}, `${name}@${built.manifest.digest}`)).toEqual(digests);
      const seen = registry.seen.length;
      expect(await pull({}, `${name}:nosuchtag@${built.manifest.digest}`)).toEqual(digests);
      expect(registry.seen[seen]?.url).toBe(`/v2/${NAME}/manifests/${built.manifest.digest}`);
    }));

  test("is told from where it came, with its digest, platform and layers", () =>
    withScene(async ({ name, options, built }) => {
      const source = await openRegistrySource(`docker://${name}`, options);
      const image = await source.resolve(AMD64);
      expect(source.origin).toEqual({ kind: "registry", reference: `docker://${name}:latest` });
      expect<string>(image.manifestDigest).toBe(built.manifest.digest);
      expect(image.platform).toEqual({ os: "linux", architecture: "amd64" });
      expect(
        image.layers.map(
          ({ index, digest, size, mediaType, diffId }) =>
            ({ index, digest, size, mediaType, diffId }) as unknown,
        ),
      ).toEqual(built.layers.map((layer, index) => ({ ...layer, index, diffId: built.diffIds[index] })));
      await source.close();
    }));

  test("is asked for with everything this program can read, and its blobs as they are", () =>
    withScene(async ({ pull, registry }) => {
      await pull();
      expect(registry.seen[0]?.headers.accept?.split(", ").sort()).toEqual([
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        INDEX,
        MANIFEST,
      ]);
      expect(registry.seen.every(({ headers }) => headers["accept-encoding"] === "identity")).toBe(true);
    }));

  test("that is not there is not found, and the message says what was asked for", () =>
    withScene(async ({ pull, registry, name }) => {
      await expectError(pull({}, `${name}:nosuchtag`), "E_IMAGE_NOT_FOUND", `${name}:nosuchtag`);
      registry.rule(({ url }, response) => url.includes("/nobody/") && sendStatus(response, 404));
      await expectError(
        pull({}, `${registry.host}/nobody/nothing`),
        "E_IMAGE_NOT_FOUND",
        "nobody/nothing:latest",
      );
      await expectError(pull({}, `${name}@sha256:${"0".repeat(64)}`), "E_IMAGE_NOT_FOUND", "0000");
    }));

  test("of several platforms is the one for the platform asked for; attestations and nested indexes are seen through", () =>
    withScene(async (scene) => {
      const { registry, folder, pull } = scene;
      const [arm, amd] = ["arm64", "amd64"].map((architecture) => {
        const layout = join(folder, architecture);
        const built = buildLayout(layout, {
          layers: [Buffer.from(architecture)],
          compress: "none",
          platform: { os: "linux", architecture },
        });
        registry.addLayout(layout, architecture);
        return { built, child: { ...built.manifest, platform: { os: "linux", architecture } } };
      });
      const attestation = {
        ...arm?.built.manifest,
        digest: `sha256:${"a".repeat(64)}`,
        platform: { os: "unknown", architecture: "unknown" },
      };
      const inner = json({ schemaVersion: 2, mediaType: INDEX, manifests: [attestation, amd?.child] });
      const digest = registry.putManifest(inner, INDEX);
      const outer = json({
        schemaVersion: 2,
        manifests: [arm?.child, { mediaType: INDEX, digest, size: inner.length }],
      });
      registry.putManifest(outer, INDEX, "multi");
      expect(await pull({}, `${registry.host}/${NAME}:multi`)).toEqual([sha256(Buffer.from("amd64"))]);
    }));

  test("for another platform is not taken, whether the index or the config says so", () =>
    withScene(
      async ({ pull, registry, name, built }) => {
        await expectError(pull(), "E_PLATFORM_NOT_FOUND", "linux/s390x");
        registry.putManifest(
          json({
            schemaVersion: 2,
            manifests: [{ ...built.manifest, platform: { os: "linux", architecture: "amd64" } }],
          }),
          INDEX,
          "lies",
        );
        await expectError(pull({}, `${name}:lies`), "E_PLATFORM_NOT_FOUND", "linux/s390x");
      },
      { layers: LAYERS, platform: { os: "linux", architecture: "s390x" } },
    ));

  test("in docker's own format, with parameters on its media type, is taken", () =>
    withScene(async (scene) => {
      const docker = "application/vnd.docker";
      const mediaType = `${docker}.distribution.manifest.v2+json`;
      const { config, layers } = scene.built;
      const bytes = json({
        schemaVersion: 2,
        mediaType,
        config: { ...config, mediaType: `${docker}.container.image.v1+json` },
        layers: layers.map((layer) => ({ ...layer, mediaType: `${docker}.image.rootfs.diff.tar` })),
      });
      scene.registry.putManifest(bytes, `${mediaType}; charset=utf-8`, "docker");
      expect(await scene.pull({}, `${scene.name}:docker`)).toHaveLength(2);
    }));

  test("whose server calls it JSON and nothing more is known by what it is", () =>
    withScene(async ({ pull, registry, name }) => {
      const bytes = registry.manifests.get("latest")?.bytes ?? Buffer.of();
      registry.putManifest(bytes, "application/json", "plain");
      expect(await pull({}, `${name}:plain`)).toHaveLength(2);
    }));
});
