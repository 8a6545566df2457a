import { describe, expect, test } from "bun:test";
import { Docker2vmError } from "../../src/errors.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { sha256Of } from "../../src/oci/digest.ts";
import type { ImageIndex, UnreadableEntry } from "../../src/oci/index-document.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../../src/oci/media-types.ts";
import { parsePlatform, type StatedPlatform, type WantedPlatform } from "../../src/oci/platform.ts";
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

/** What configs say, by the name of the manifest; of the others none can be read. */
type Configs = Readonly<Record<string, StatedPlatform>>;

/** Selects from an index; nested ones are found by name. */
function select(
  manifests: readonly Descriptor[],
  platform = "linux/amd64",
  nested: Readonly<Record<string, ImageIndex>> = {},
) {
  return choose({ manifests }, { ...parsePlatform(platform), named: true }, {}, nested);
}

function choose(
  from: ImageIndex,
  wanted: WantedPlatform,
  configs: Configs = {},
  nested: Readonly<Record<string, ImageIndex>> = {},
) {
  const byDigest = new Map(Object.entries(nested).map(([name, value]) => [index(name).digest, value]));
  const stated = new Map(Object.entries(configs).map(([name, value]) => [descriptor(name).digest, value]));
  const read = {
    index: async ({ digest }: Descriptor) => byDigest.get(digest) ?? absent("index"),
    platform: async ({ digest }: Descriptor) => stated.get(digest) ?? absent("config"),
  };
  return selectManifest(from, wanted, read, "index.json");
}

function absent(what: string): never {
  throw new Docker2vmError("E_BAD_MANIFEST", `the ${what} is not there`);
}

/** An entry that says only half of its platform. */
const HALF = descriptor("half", { platform: { architecture: "ppc64le" } });

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
      choose(
        {
          manifests: [
            image("linux/arm64"),
            image("linux/s390x"),
            image("linux/s390x"),
            descriptor("a"),
            HALF,
          ],
        },
        AMD64,
        { a: parsePlatform("linux/riscv64"), half: {} },
      ),
      "E_PLATFORM_NOT_FOUND",
      "index.json: no image for linux/amd64; there is linux/arm64, linux/s390x, linux/riscv64, (no os)/ppc64le",
      "--platform: linux/arm64, linux/s390x, linux/riscv64, linux/ppc64le",
    ));

  test("the hint names what can be chosen: linux alone, by its platform or by its digest", async () => {
    const windows = descriptor("w", { platform: { os: "windows", architecture: "amd64" } });
    const odd = descriptor("o", { platform: { os: "linux", architecture: "no name" } });
    const cases: readonly [ReturnType<typeof image>[], string][] = [
      [[windows, image("linux/s390x"), image("linux/arm/v7")], "--platform: linux/s390x, linux/arm/v7"],
      [[windows], "only linux images can be converted; if its files are linux's .* --any-platform"],
      [[odd], "^--any-platform takes it"],
      [[windows, odd], "^--any-platform .*: name the one that is meant by its digest"],
    ];
    for (const [listed, hint] of cases) {
      const error = await select(listed, "linux/amd64").catch((thrown: unknown) => thrown);
      expect(error).toHaveProperty("hint", expect.stringMatching(new RegExp(hint)));
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

  describe("that leaves out platforms", () => {
    const [a, b] = [descriptor("a"), descriptor("b")];

    test("the configs tell", async () => {
      const configs = { a: parsePlatform("linux/arm64"), b: AMD64 };
      expect(await choose({ manifests: [a, b] }, AMD64, configs)).toBe(b);
      expect(await choose({ manifests: [image("linux/arm64"), a, b] }, AMD64, configs)).toBe(b);
    });

    test("one that says it goes before one whose config would", async () => {
      const listed = image("linux/amd64");
      expect(await choose({ manifests: [a, listed] }, AMD64, { a: AMD64 })).toBe(listed);
    });

    test("the config completes half a platform, and is not believed against it", async () => {
      const half = descriptor("half", { platform: { architecture: "amd64" } });
      const other = image("linux/arm64");
      for (const config of [AMD64, {}, parsePlatform("linux/arm64")]) {
        expect(await choose({ manifests: [other, half] }, AMD64, { half: config })).toBe(half);
      }
      const windows = { half: { os: "windows", architecture: "amd64" } };
      await expectError(choose({ manifests: [other, half] }, AMD64, windows), "E_PLATFORM_NOT_FOUND");
    });

    test("what nobody says may be anything, and comes last", async () => {
      expect(await choose({ manifests: [a, b] }, AMD64, { a: {}, b: AMD64 })).toBe(b);
      expect(await choose({ manifests: [a, b] }, AMD64, { a: { os: "linux" }, b: { os: "plan9" } })).toBe(a);
    });

    test("the configs of a hundred are asked for, not of any number", () =>
      expectError(
        select(Array.from({ length: 101 }, (_, i) => descriptor(`${i}`))),
        "E_UNSUPPORTED",
        "lists 101 manifests without a platform",
        "by its digest",
      ));
  });

  describe("an entry that cannot be read or followed", () => {
    const broken = (more: Partial<UnreadableEntry> = {}): UnreadableEntry => ({
      error: new Docker2vmError("E_UNSUPPORTED", "a digest of an unknown kind"),
      mediaType: OCI_MANIFEST,
      annotations: {},
      ...more,
    });

    test("is in nobody's way who means another", async () => {
      const amd64 = image("linux/amd64");
      for (const from of [
        { manifests: [amd64], unreadable: [broken({ platform: AMD64 })] },
        { manifests: [index("not there"), amd64] },
        { manifests: [descriptor("not there"), amd64] },
      ]) {
        expect(await choose(from, AMD64)).toBe(amd64);
      }
      const told = descriptor("told");
      expect(await choose({ manifests: [descriptor("not there"), told] }, AMD64, { told: AMD64 })).toBe(told);
    });

    test("is the error where it may have been meant, and only there", async () => {
      const from = { manifests: [image("linux/arm64")], unreadable: [broken({ platform: AMD64 })] };
      await expectError(choose(from, AMD64), "E_UNSUPPORTED", "unknown kind");
      await expectError(choose(from, parsePlatform("linux/s390x")), "E_PLATFORM_NOT_FOUND", "linux/arm64");
      await expectError(choose({ manifests: [], unreadable: [broken()] }, AMD64), "E_UNSUPPORTED");
      const foreign = broken({ mediaType: "application/vnd.example+json" });
      await expectError(choose({ manifests: [], unreadable: [foreign] }, AMD64), "E_IMAGE_NOT_FOUND");
    });

    test("is not passed over where the network is to blame", () => {
      const read = async () => {
        throw new Docker2vmError("E_NETWORK", "no answer");
      };
      const listed = { manifests: [index("far"), image("linux/arm64")] };
      const choosing = selectManifest(listed, AMD64, { index: read, platform: read }, "index.json");
      return expectError(choosing, "E_NETWORK", "no answer");
    });
  });

  describe("whatever the platform", () => {
    const any = { ...AMD64, any: true };

    test("the only image is taken", async () => {
      const windows = descriptor("w", { platform: { os: "windows", architecture: "amd64" } });
      for (const only of [windows, image("linux/arm64"), descriptor("none")]) {
        expect(await choose({ manifests: [only] }, any)).toBe(only);
      }
    });

    test("one of several is not: even where one would serve", async () => {
      const manifests = [image("linux/amd64"), image("linux/arm64")];
      await expectError(
        choose({ manifests }, any),
        "E_PLATFORM_NOT_FOUND",
        "has 2 images",
        "--platform: linux/amd64, linux/arm64",
      );
      await expectError(
        choose({ manifests: [HALF, descriptor("a")] }, any),
        "E_PLATFORM_NOT_FOUND",
        "ppc64le",
      );
    });
  });
});
