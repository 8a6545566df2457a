import { describe, expect, test } from "bun:test";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { sha256Of } from "../../src/oci/digest.ts";
import type { ImageIndex } from "../../src/oci/index-document.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../../src/oci/media-types.ts";
import { parsePlatform } from "../../src/oci/platform.ts";
import { selectManifest } from "../../src/oci/select.ts";
import { expectError } from "../support/expect-error.ts";

const AMD64 = parsePlatform("linux/amd64");

function descriptor(name: string, more: Partial<Descriptor> = {}): Descriptor {
  return {
    mediaType: OCI_MANIFEST,
    digest: sha256Of(Buffer.from(name)),
    size: 1,
    annotations: {},
    urls: [],
    ...more,
  };
}
const image = (platform: string) => descriptor(platform, { platform: parsePlatform(platform) });
const index = (name: string) => descriptor(name, { mediaType: OCI_INDEX });

/** Selects from an index; nested ones are found by name. */
function select(
  manifests: readonly Descriptor[],
  platform = "linux/amd64",
  nested: Readonly<Record<string, ImageIndex>> = {},
) {
  const byDigest = new Map(Object.entries(nested).map(([name, value]) => [index(name).digest, value]));
  const readIndex = async ({ digest }: Descriptor) => byDigest.get(digest) ?? { manifests: [] };
  return selectManifest({ manifests }, parsePlatform(platform), readIndex, "index.json");
}

describe("of an index", () => {
  test("the manifest of the platform is taken", async () => {
    const manifests = [image("linux/arm64"), image("linux/amd64"), image("linux/arm/v6")];
    expect(await select(manifests)).toBe(manifests[1] as Descriptor);
    expect(await select(manifests, "linux/arm64/v8")).toBe(manifests[0] as Descriptor);
  });

  test("the nearest lesser variant is taken, wherever it stands", async () => {
    const manifests = [image("linux/arm/v5"), image("linux/arm/v7"), image("linux/arm/v6")];
    expect(await select(manifests, "linux/arm/v7")).toBe(manifests[1] as Descriptor);
    expect(await select(manifests, "linux/arm/v6")).toBe(manifests[2] as Descriptor);
    expect(await select(manifests, "linux/arm/v8")).toBe(manifests[1] as Descriptor);
  });

  test("the first of two equals is taken", async () => {
    const manifests = [descriptor("one", { platform: AMD64 }), descriptor("two", { platform: AMD64 })];
    expect(await select(manifests)).toBe(manifests[0] as Descriptor);
  });

  test("a lone manifest without a platform is taken, whatever stands beside it", async () => {
    const lone = descriptor("lone");
    const other = descriptor("other", { mediaType: "application/vnd.example+json" });
    expect(await select([other, lone])).toBe(lone);
  });

  test("attestations are passed over", async () => {
    const unknown = descriptor("a", { platform: { os: "unknown", architecture: "unknown" } });
    const annotated = descriptor("b", {
      platform: AMD64,
      annotations: { "vnd.docker.reference.type": "attestation-manifest" },
    });
    const lone = descriptor("lone");
    expect(await select([unknown, annotated, lone])).toBe(lone);
    await expectError(select([unknown, annotated]), "E_IMAGE_NOT_FOUND", "no container image");
  });

  test("what there is is listed when nothing fits", () =>
    expectError(
      select(
        [image("linux/arm64"), image("linux/s390x"), image("linux/s390x"), descriptor("none")],
        "linux/amd64",
      ),
      "E_PLATFORM_NOT_FOUND",
      "index.json: no image for linux/amd64; there is linux/arm64, linux/s390x, one without a platform",
      "--platform",
    ));

  test("the hint names what can be chosen: linux alone, by its platform or by its digest", async () => {
    const windows = descriptor("w", { platform: { os: "windows", architecture: "amd64" } });
    const cases: readonly [ReturnType<typeof image>[], string][] = [
      [[windows, image("linux/s390x"), image("linux/arm/v7")], "--platform: linux/s390x, linux/arm/v7"],
      [[windows], "only linux images can be converted"],
      [[windows, descriptor("a"), descriptor("b")], "by its digest"],
    ];
    for (const [listed, hint] of cases) {
      const error = await select(listed, "linux/amd64").catch((thrown: unknown) => thrown);
      expect(error).toHaveProperty("hint", expect.stringMatching(hint));
      expect(Bun.inspect(error)).not.toContain("--platform windows");
    }
  });

  test("nested indexes are followed three deep", async () => {
    const chain = {
      one: { manifests: [index("two")] },
      two: { manifests: [image("linux/arm64"), index("three")] },
      three: { manifests: [image("linux/amd64")] },
    };
    expect(await select([index("one")], "linux/amd64", chain)).toEqual(image("linux/amd64"));
    await expectError(
      select([index("zero")], "linux/amd64", { zero: { manifests: [index("one")] }, ...chain }),
      "E_UNSUPPORTED",
      "nested",
    );
  });

  test("an index that lists itself is read once", async () => {
    const loop = { loop: { manifests: [index("loop"), image("linux/amd64")] } };
    expect(await select([index("loop")], "linux/amd64", loop)).toEqual(image("linux/amd64"));
  });
});
