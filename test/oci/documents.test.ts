import { describe, expect, test } from "bun:test";
import { parseIndex } from "../../src/oci/index-document.ts";
import { parseManifest } from "../../src/oci/manifest.ts";
import { expectError } from "../support/expect-error.ts";

const INDEX = "application/vnd.oci.image.index.v1+json";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const CONFIG = "application/vnd.oci.image.config.v1+json";
const LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";
const DIGEST = `sha256:${"ab".repeat(32)}`;
const EMPTY = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

const bytes = (value: unknown) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
const descriptor = (more: object = {}) => ({ mediaType: MANIFEST, digest: DIGEST, size: 7, ...more });
const index = (more: object = {}) => ({ schemaVersion: 2, manifests: [descriptor(more)] });
const manifest = (more: object = {}) => ({
  schemaVersion: 2,
  config: descriptor({ mediaType: CONFIG }),
  layers: [descriptor({ mediaType: LAYER })],
  ...more,
});
/** The index, all of whose entries must be readable. */
function readIndex(value: unknown) {
  const { unreadable = [], ...index } = parseIndex(bytes(value), "index.json");
  for (const { error } of unreadable) throw error;
  return index;
}
const readManifest = (value: unknown) => parseManifest(bytes(value), "manifest M", MANIFEST);

describe("an index", () => {
  test("is read with the platforms and annotations of its manifests", () => {
    const platform = { os: "linux", architecture: "aarch64", variant: "v8" };
    const [child] = readIndex(index({ platform, annotations: { a: "b" }, urls: null })).manifests;
    expect(child).toMatchObject({ mediaType: MANIFEST, size: 7, annotations: { a: "b" }, urls: [] });
    expect(child?.platform).toEqual({ os: "linux", architecture: "arm64" });
  });

  test("with `manifests: null`, as docker 25 wrote it, is empty", () => {
    expect(readIndex({ schemaVersion: 2, manifests: null }).manifests).toEqual([]);
  });

  const bad: readonly [string, unknown, "E_BAD_MANIFEST" | "E_UNSUPPORTED", ...string[]][] = [
    ["that is not JSON", "{", "E_BAD_MANIFEST", "index.json: not valid JSON"],
    ["that is empty", "", "E_BAD_MANIFEST", "not valid JSON"],
    ["with a NUL behind it", `${JSON.stringify(index())}\0`, "E_BAD_MANIFEST", "not valid JSON"],
    ["with a byte order mark", `\ufeff${JSON.stringify(index())}`, "E_BAD_MANIFEST", "not valid JSON"],
    ["nested without end", "[".repeat(100_000), "E_BAD_MANIFEST", "index.json"],
    ["that is a list", [], "E_BAD_MANIFEST", "expected an object, found a list"],
    ["that is null", null, "E_BAD_MANIFEST", "expected an object"],
    ["without manifests", { schemaVersion: 2 }, "E_BAD_MANIFEST", "index.json: manifests: expected a list"],
    [
      "without a schemaVersion",
      { manifests: [] },
      "E_BAD_MANIFEST",
      "schemaVersion: expected a whole number",
    ],
    [
      "of schemaVersion 3",
      { ...index(), schemaVersion: 3 },
      "E_BAD_MANIFEST",
      "schemaVersion is 3, expected 2",
    ],
    ["of schema 1", { schemaVersion: 1, fsLayers: [] }, "E_UNSUPPORTED", "schema 1 is not supported"],
    ["that is a manifest too (CVE-2021-41190)", { ...index(), ...manifest() }, "E_BAD_MANIFEST", "at once"],
    ["that has layers too (CVE-2021-41190)", { ...index(), layers: [] }, "E_BAD_MANIFEST", "at once"],
    [
      "that says it is a manifest",
      { ...index(), mediaType: MANIFEST },
      "E_BAD_MANIFEST",
      "is not an image index",
    ],
    [
      "whose manifests are no list",
      { schemaVersion: 2, manifests: {} },
      "E_BAD_MANIFEST",
      "manifests: expected a list, found an object",
    ],
    ["with a size of -1", index({ size: -1 }), "E_BAD_MANIFEST", "manifests[0].size", "found -1"],
    [
      "with a size of 2^53 + 1",
      JSON.stringify(index()).replace(":7", ":9007199254740993"),
      "E_BAD_MANIFEST",
      "manifests[0].size",
    ],
    [
      "with a size of 1e308",
      JSON.stringify(index()).replace(":7", ":1e308"),
      "E_BAD_MANIFEST",
      "manifests[0].size",
    ],
    ["with a size of half a byte", index({ size: 0.5 }), "E_BAD_MANIFEST", "manifests[0].size"],
    ["with a size in quotes", index({ size: "7" }), "E_BAD_MANIFEST", "manifests[0].size", 'found "7"'],
    ["without a size", index({ size: undefined }), "E_BAD_MANIFEST", "manifests[0].size", "found nothing"],
    [
      "with a path for a digest",
      index({ digest: "sha256:../../x" }),
      "E_BAD_MANIFEST",
      "manifests[0].digest",
    ],
    ["with a strange digest", index({ digest: "md5:00" }), "E_UNSUPPORTED", "manifests[0].digest"],
    [
      "with a media type that is a number",
      index({ mediaType: 1 }),
      "E_BAD_MANIFEST",
      "manifests[0].mediaType: expected a string, found 1",
    ],
    [
      "with a platform that is a string",
      index({ platform: "linux" }),
      "E_BAD_MANIFEST",
      "manifests[0].platform: expected an object",
    ],
    [
      "with an annotation that is a number",
      index({ annotations: { "a.b": 1 } }),
      "E_BAD_MANIFEST",
      'manifests[0].annotations["a.b"]: expected a string',
    ],
    [
      "with data that is not base64",
      index({ data: "***" }),
      "E_BAD_MANIFEST",
      "manifests[0].data: not base64",
    ],
  ];
  for (const [what, value, code, ...fragments] of bad) {
    test(`${what} is refused`, () => expectError(() => readIndex(value), code, ...fragments));
  }

  test("is read though one of its entries cannot be; of that is told what can be", () => {
    const names = { "org.opencontainers.image.ref.name": "x" };
    const foreign = {
      ...index().manifests[0],
      digest: "blake3:00",
      annotations: names,
      platform: { os: "Linux" },
    };
    const { manifests, unreadable = [] } = parseIndex(
      bytes({ schemaVersion: 2, manifests: [foreign, "text", index().manifests[0]] }),
      "index.json",
    );
    expect(manifests).toHaveLength(1);
    const [first, second] = unreadable;
    expect(first).toMatchObject({ digest: "blake3:00", annotations: names, platform: { os: "linux" } });
    expect(first?.error.message).toContain("manifests[0].digest: the digest algorithm");
    expect(second).toMatchObject({ digest: undefined, mediaType: undefined, annotations: {} });
  });

  test("of more than 4 MiB is refused before it is parsed", () =>
    expectError(() => readIndex(" ".repeat((4 << 20) + 1)), "E_BAD_MANIFEST", "4194305 bytes"));

  test("that is not UTF-8 is refused", () =>
    expectError(
      () => parseIndex(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), "index.json"),
      "E_BAD_MANIFEST",
    ));

  test("that says to be what its descriptor does not is refused", () =>
    expectError(
      () =>
        parseIndex(
          bytes({ ...index(), mediaType: INDEX }),
          "index I",
          "application/vnd.docker.distribution.manifest.list.v2+json",
        ),
      "E_BAD_MANIFEST",
      INDEX,
      "manifest.list",
    ));
});

describe("embedded data", () => {
  test("is decoded", () => {
    const [child] = readIndex(index({ digest: EMPTY, size: 0, data: "" })).manifests;
    expect(child?.data).toHaveLength(0);
  });

  test("of another size is refused", () =>
    expectError(
      () => readIndex(index({ digest: EMPTY, size: 0, data: "AA==" })),
      "E_SIZE_MISMATCH",
      "manifests[0].data",
    ));

  test("of another digest is refused", () =>
    expectError(
      () => readIndex(index({ digest: EMPTY, size: 1, data: "AA==" })),
      "E_DIGEST_MISMATCH",
      "manifests[0].data",
    ));
});

describe("a manifest", () => {
  test("is read with its layers in order", () => {
    const layers = [descriptor({ mediaType: LAYER, size: 1 }), descriptor({ mediaType: LAYER, size: 2 })];
    const read = readManifest(manifest({ layers }));
    expect(read.config.mediaType).toBe(CONFIG);
    expect(read.layers.map((layer) => layer.size)).toEqual([1, 2]);
  });

  test("without layers is an image without layers", () => {
    expect(readManifest(manifest({ layers: null })).layers).toEqual([]);
  });

  test("of an artifact is no container image", async () => {
    const config = descriptor({ mediaType: "application/vnd.oci.empty.v1+json" });
    const artifactType = "application/vnd.example+type";
    await expectError(
      () => readManifest(manifest({ config, artifactType })),
      "E_UNSUPPORTED",
      "manifest M: not a container image",
      artifactType,
    );
    await expectError(() => readManifest(manifest({ config })), "E_UNSUPPORTED", "vnd.oci.empty.v1+json");
  });

  test("of docker's may have lost the type of its config, one of OCI's may not", async () => {
    const DOCKER = "application/vnd.docker.distribution.manifest.v2+json";
    for (const lost of ["application/octet-stream", "application/json", "text/html", ""]) {
      const config = descriptor({ mediaType: lost });
      const old = bytes(manifest({ mediaType: DOCKER, config }));
      expect(parseManifest(old, "manifest M", DOCKER).config.mediaType).toBe(lost);
      await expectError(() => readManifest(manifest({ config })), "E_UNSUPPORTED", "not a container image");
    }
  });

  test("with an encrypted layer is refused, naming it", () => {
    const layers = [descriptor({ mediaType: LAYER }), descriptor({ mediaType: `${LAYER}+encrypted` })];
    return expectError(() => readManifest(manifest({ layers })), "E_UNSUPPORTED", "layers[1]", "encrypted");
  });

  test("with more than 1000 layers is refused", () => {
    const layers = Array.from({ length: 1001 }, () => descriptor({ mediaType: LAYER }));
    return expectError(() => readManifest(manifest({ layers })), "E_UNSUPPORTED", "1001 layers");
  });

  test("without a config is refused", () =>
    expectError(
      () => readManifest(manifest({ config: undefined })),
      "E_BAD_MANIFEST",
      "config: expected an object, found nothing",
    ));

  test("that says to be docker's where its descriptor says OCI is refused", () =>
    expectError(
      () => readManifest(manifest({ mediaType: "application/vnd.docker.distribution.manifest.v2+json" })),
      "E_BAD_MANIFEST",
      "its descriptor says",
    ));
});

test("a message shows control characters of the image escaped", async () => {
  await expectError(
    () => readIndex(index({ size: "\u001b[31m\u009b\u202e" })),
    "E_BAD_MANIFEST",
    '"\\u001b[31m\\u009b\\u202e"',
  );
});
