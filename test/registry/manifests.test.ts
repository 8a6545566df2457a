import { describe, test } from "bun:test";
import { expectError } from "../support/expect-error.ts";
import { json, sha256 } from "../support/layout-builder.ts";
import { INDEX, MANIFEST, manifestWith, OCI, sendEndless } from "./documents.ts";
import { type Scene, withScene } from "./support.ts";

describe("a manifest is refused", () => {
  const cases: readonly (readonly [
    string,
    (scene: Scene) => { bytes: Uint8Array; type?: string },
    "E_BAD_MANIFEST" | "E_UNSUPPORTED",
    string,
  ])[] = [
    [
      "of schema 1 by its type",
      () => ({
        bytes: json({ schemaVersion: 1 }),
        type: "application/vnd.docker.distribution.manifest.v1+prettyjws",
      }),
      "E_UNSUPPORTED",
      "schema 1",
    ],
    [
      "of schema 1 by its version",
      () => ({ bytes: json({ schemaVersion: 1 }) }),
      "E_UNSUPPORTED",
      "schema 1",
    ],
    [
      "that says it is of another type than its server",
      (scene) => ({ bytes: manifestWith(scene, { mediaType: INDEX }) }),
      "E_BAD_MANIFEST",
      "its descriptor says",
    ],
    [
      "that is an index as well",
      (scene) => ({ bytes: manifestWith(scene, { manifests: [] }) }),
      "E_BAD_MANIFEST",
      "an index and a manifest at once",
    ],
    [
      "of an artifact",
      (scene) => ({
        bytes: manifestWith(scene, {
          artifactType: "text/x",
          config: {
            mediaType: "application/vnd.oci.empty.v1+json",
            digest: sha256(Buffer.from("{}")),
            size: 2,
          },
        }),
      }),
      "E_UNSUPPORTED",
      "not a container image",
    ],
    [
      "with an encrypted layer",
      (scene) => ({
        bytes: manifestWith(scene, {
          layers: [{ ...scene.built.layers[0], mediaType: `${OCI}.layer.v1.tar+gzip+encrypted` }],
        }),
      }),
      "E_UNSUPPORTED",
      "encrypted",
    ],
    [
      "with fewer layers than its config",
      (scene) => ({ bytes: manifestWith(scene, { layers: [] }) }),
      "E_BAD_MANIFEST",
      "diff_ids",
    ],
    [
      "with a digest that is a path",
      (scene) => ({
        bytes: manifestWith(scene, {
          config: { ...scene.built.config, digest: "sha256:../../../etc/passwd" },
        }),
      }),
      "E_BAD_MANIFEST",
      "is not a digest",
    ],
    [
      "with a digest in capitals",
      (scene) => ({
        bytes: manifestWith(scene, { config: { ...scene.built.config, digest: `sha256:${"A".repeat(64)}` } }),
      }),
      "E_BAD_MANIFEST",
      "is not a digest",
    ],
    [
      "with a digest of an unknown kind",
      (scene) => ({
        bytes: manifestWith(scene, { config: { ...scene.built.config, digest: "blake3:abcd" } }),
      }),
      "E_UNSUPPORTED",
      "not supported",
    ],
    [
      "with a negative size",
      (scene) => ({ bytes: manifestWith(scene, { config: { ...scene.built.config, size: -1 } }) }),
      "E_BAD_MANIFEST",
      "whole number",
    ],
    [
      "with a size beyond 2^53",
      (scene) => ({ bytes: manifestWith(scene, { config: { ...scene.built.config, size: 2 ** 53 + 2 } }) }),
      "E_BAD_MANIFEST",
      "whole number",
    ],
    [
      "with a size of 1e308",
      (scene) => ({ bytes: manifestWith(scene, { config: { ...scene.built.config, size: 1e308 } }) }),
      "E_BAD_MANIFEST",
      "whole number",
    ],
    [
      "with a size that is text",
      (scene) => ({ bytes: manifestWith(scene, { config: { ...scene.built.config, size: "2" } }) }),
      "E_BAD_MANIFEST",
      "whole number",
    ],
    [
      "with a config larger than any",
      (scene) => ({ bytes: manifestWith(scene, { config: { ...scene.built.config, size: 1e9 } }) }),
      "E_BAD_MANIFEST",
      "1000000000 bytes",
    ],
    ["that is no JSON", () => ({ bytes: Buffer.from("<html>") }), "E_BAD_MANIFEST", "JSON"],
    [
      "of a type of its own",
      () => ({ bytes: json({ schemaVersion: 2, mediaType: "text/x" }), type: "text/x" }),
      "E_UNSUPPORTED",
      "text/x",
    ],
  ];
  for (const [what, make, code, why] of cases) {
    test(what, () =>
      withScene(async (scene) => {
        const { bytes, type = MANIFEST } = make(scene);
        scene.registry.putManifest(bytes, type, "bad");
        await expectError(scene.pull({}, `${scene.name}:bad`), code, why);
      }),
    );
  }

  test("when its bytes are others than its digest says", () =>
    withScene(async ({ pull, registry, name, built }) => {
      registry.manifests.set(built.manifest.digest, {
        bytes: json({ schemaVersion: 2 }),
        mediaType: MANIFEST,
      });
      await expectError(
        pull({}, `${name}@${built.manifest.digest}`),
        "E_DIGEST_MISMATCH",
        built.manifest.digest,
      );
    }));

  test("when it has one NUL more than it should", () =>
    withScene(async ({ pull, registry, name, built }) => {
      const { bytes, mediaType } = registry.manifests.get(built.manifest.digest) ?? {
        bytes: Buffer.of(),
        mediaType: "",
      };
      registry.manifests.set(built.manifest.digest, {
        bytes: Buffer.concat([bytes, Buffer.of(0)]),
        mediaType,
      });
      await expectError(pull({}, `${name}@${built.manifest.digest}`), "E_DIGEST_MISMATCH");
    }));

  test("when it has another size than its index says", () =>
    withScene(async ({ pull, registry, name, built }) => {
      const child = {
        ...built.manifest,
        size: built.manifest.size + 1,
        platform: { os: "linux", architecture: "amd64" },
      };
      registry.putManifest(json({ schemaVersion: 2, manifests: [child] }), INDEX, "sized");
      await expectError(pull({}, `${name}:sized`), "E_SIZE_MISMATCH", built.manifest.digest);
    }));

  test("before it is read when it says it has more than 4 MiB, and while it is read when it has no end", () =>
    withScene(async ({ pull, registry }) => {
      registry.rule(({ url }, response) => {
        if (!url.includes("/manifests/")) return false;
        response.setHeader("content-length", 1e9);
        response.write("{");
        return true;
      });
      await expectError(pull(), "E_BAD_MANIFEST", "4194304");
      registry.rule(({ url }, response) => url.includes("/manifests/") && sendEndless(response));
      await expectError(pull(), "E_BAD_MANIFEST", "4194304");
    }));

  test("when indexes are nested too deep", () =>
    withScene(async ({ pull, registry, name, built }) => {
      let child: Record<string, unknown> = { ...built.manifest };
      for (let depth = 0; depth < 5; depth++) {
        const bytes = json({ schemaVersion: 2, manifests: [child] });
        child = { mediaType: INDEX, digest: registry.putManifest(bytes, INDEX, "deep"), size: bytes.length };
      }
      await expectError(pull({}, `${name}:deep`), "E_UNSUPPORTED", "nested");
    }));
});
