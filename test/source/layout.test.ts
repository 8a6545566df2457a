import { describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import {
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { formatPlatform } from "../../src/oci/platform.ts";
import { readPlace } from "../../src/source/folder-store.ts";
import type { ImageChoice, LayerBlob } from "../../src/source/source.ts";
import { expectError } from "../support/expect-error.ts";
import { alpineLayout } from "../support/images.ts";
import { addToIndex, buildLayout, json, sha256, writeBlob, writeIndex } from "../support/layout-builder.ts";
import { AMD64, ARM64, inFolder, LAYERS, readImage, simpleLayout, withSource } from "./support.ts";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";

const read = (path: string, select?: ImageChoice, platform = AMD64) =>
  readImage({ kind: "oci-layout", path, select }, path, platform);
const digestOf = async (...args: Parameters<typeof read>) => `${(await read(...args)).image.manifestDigest}`;
const blobPath = (folder: string, digest: string) => join(folder, "blobs", digest.replace(":", "/"));

type Built = ReturnType<typeof simpleLayout>;

/** A test in a folder that holds a layout with one image. */
function withLayout(name: string, use: (folder: string, built: Built) => Promise<void>): void {
  test(name, () => inFolder((folder) => use(folder, simpleLayout(folder))));
}

describe("a layout", () => {
  withLayout(
    "with one image gives its documents and the stored bytes of its layers",
    async (folder, built) => {
      const { image, origin, contents } = await read(folder);
      expect(origin).toEqual({ kind: "oci-layout", reference: `oci:${folder}` });
      expect<string>(image.manifestDigest).toBe(built.manifest.digest);
      expect(formatPlatform(image.platform)).toBe("linux/amd64");
      expect(
        image.layers.map(
          ({ index, digest, size, diffId, mediaType }) =>
            ({ index, digest, size, diffId, mediaType }) as unknown,
        ),
      ).toEqual(built.layers.map((layer, index) => ({ ...layer, index, diffId: built.diffIds[index] })));
      expect(contents.map(sha256)).toEqual(built.layers.map((layer) => layer.digest));
    },
  );

  withLayout("is read through a symlink to its folder", async (folder, built) => {
    const link = join(folder, "link");
    symlinkSync(folder, link);
    expect(await digestOf(link)).toBe(built.manifest.digest);
  });

  for (const [what, link] of [
    [
      "blobs",
      (folder: string, { layers, config }: Built) => {
        mkdirSync(join(folder, "store"));
        for (const { digest } of [...layers, config]) {
          const path = blobPath(folder, digest);
          renameSync(path, join(folder, "store", basename(path)));
          symlinkSync(join("../../store", basename(path)), path);
        }
      },
    ],
    [
      "folders, by a whole path,",
      (folder: string) => {
        renameSync(join(folder, "blobs"), join(folder, "elsewhere"));
        symlinkSync(join(folder, "elsewhere"), join(folder, "blobs"));
      },
    ],
    [
      "documents, by several,",
      (folder: string) => {
        renameSync(join(folder, "index.json"), join(folder, "first.json"));
        symlinkSync("first.json", join(folder, "second.json"));
        symlinkSync("./second.json", join(folder, "index.json"));
      },
    ],
  ] as const) {
    withLayout(`is read through symlinks of its ${what} that stay in its folder`, async (folder, built) => {
      link(folder, built);
      const around = join(folder, "link");
      symlinkSync(folder, around);
      for (const path of [folder, around]) {
        const { contents } = await read(path);
        expect(contents.map(sha256)).toEqual(built.layers.map(({ digest }) => digest));
      }
    });
  }

  withLayout(
    "gives large layers in chunks of 1 MiB, those of up to 8 MiB in smaller ones",
    async (folder) => {
      rmSync(join(folder, "index.json"));
      const MIB = 1 << 20;
      const layers = [Buffer.alloc(8 * MIB + 5, 1), Buffer.alloc(MIB + 5, 2)];
      buildLayout(folder, { layers, compress: "none" });
      await withSource({ kind: "oci-layout", path: folder }, folder, async (source) => {
        const { layers: found } = await source.resolve(AMD64);
        const lengths = await Promise.all(
          found.map(async (layer) => {
            const each: number[] = [];
            for await (const chunk of layer.open()) each.push(chunk.length);
            return each;
          }),
        );
        const quarters = new Array(4).fill(MIB / 4);
        expect(lengths).toEqual([
          [...new Array(8).fill(MIB), 5],
          [...quarters, 5],
        ]);
      });
    },
  );

  test("with an image of no layers resolves", () =>
    inFolder(async (folder) => {
      buildLayout(folder, { layers: [] });
      expect((await read(folder)).image.layers).toEqual([]);
    }));

  withLayout("stops giving a layer when the signal is aborted", async (folder) => {
    await withSource({ kind: "oci-layout", path: folder }, folder, async (source) => {
      const [layer] = (await source.resolve(AMD64)).layers;
      const reason = new Error("enough");
      const chunks = layer?.open(AbortSignal.abort(reason))[Symbol.asyncIterator]();
      expect(await chunks?.next().catch((error: unknown) => error)).toBe(reason);
    });
  });

  test("takes blobs named by sha512", () =>
    inFolder(async (folder) => {
      const built = simpleLayout(folder);
      const bytes = readFileSync(blobPath(folder, built.manifest.digest));
      const digest = `sha512:${new Bun.CryptoHasher("sha512").update(bytes).digest("hex")}`;
      mkdirSync(join(folder, "blobs/sha512"));
      writeFileSync(blobPath(folder, digest), bytes);
      writeIndex(folder, [{ ...built.manifest, digest }]);
      expect(await digestOf(folder)).toBe(digest);
    }));

  test("takes a config that is embedded in its descriptor", () =>
    inFolder(async (folder) => {
      const built = simpleLayout(folder);
      const config = readFileSync(blobPath(folder, built.config.digest));
      rmSync(blobPath(folder, built.config.digest));
      const manifest = {
        schemaVersion: 2,
        config: { ...built.config, data: config.toString("base64") },
        layers: built.layers,
      };
      writeIndex(folder, [writeBlob(folder, json(manifest), MANIFEST)]);
      expect((await read(folder)).image.layers).toHaveLength(2);
    }));
});

describe("of several images in a layout", () => {
  /** Two tags, the second for two platforms, and both in a nested index. */
  function twoTags(folder: string) {
    const one = buildLayout(folder, { layers: [LAYERS[0]], tag: "one" });
    const amd64 = buildLayout(folder, { layers: [LAYERS[1]], tag: "registry.example/team/two:1.0" });
    const arm64 = buildLayout(folder, {
      layers: LAYERS,
      tag: "registry.example/team/two:1.0",
      platform: { os: "linux", architecture: "arm64", variant: "v8" },
    });
    return { one: one.manifest.digest, amd64: amd64.manifest.digest, arm64: arm64.manifest.digest };
  }

  test("one is chosen by its name, whole or shortened", () =>
    inFolder(async (folder) => {
      const { one, amd64 } = twoTags(folder);
      expect(await digestOf(folder, { tag: "one" })).toBe(one);
      for (const tag of ["registry.example/team/two:1.0", "two:1.0", "1.0"]) {
        expect(await digestOf(folder, { tag })).toBe(amd64);
      }
    }));

  test("an exact name goes before a shortened one", () =>
    inFolder(async (folder) => {
      buildLayout(folder, { layers: [LAYERS[0]], tag: "example.org/a:1" });
      const exact = buildLayout(folder, { layers: [LAYERS[1]], tag: "1" });
      expect(await digestOf(folder, { tag: "1" })).toBe(exact.manifest.digest);
    }));

  test("those of one name are one image for several platforms", () =>
    inFolder(async (folder) => {
      const { arm64 } = twoTags(folder);
      expect(await digestOf(folder, { tag: "1.0" }, ARM64)).toBe(arm64);
      await expectError(read(folder, { tag: "one" }, ARM64), "E_PLATFORM_NOT_FOUND", "there is linux/amd64");
    }));

  test("one is chosen by its digest", () =>
    inFolder(async (folder) => {
      const { one, arm64 } = twoTags(folder);
      expect(await digestOf(folder, { digest: one })).toBe(one);
      expect(await digestOf(folder, { digest: arm64 }, ARM64)).toBe(arm64);
      await expectError(
        read(folder, { digest: sha256(LAYERS[0]) }),
        "E_IMAGE_NOT_FOUND",
        sha256(LAYERS[0]),
        '"one"',
      );
      await expectError(read(folder, { digest: "sha256:../x" }), "E_USAGE", "is not a digest");
    }));

  test("one in a nested index is chosen by platform, and by digest", () =>
    inFolder(async (folder) => {
      const { amd64, arm64 } = twoTags(folder);
      const { manifests } = JSON.parse(readFileSync(join(folder, "index.json"), "utf8"));
      writeIndex(folder, [
        writeBlob(folder, json({ schemaVersion: 2, manifests: manifests.slice(1) }), INDEX),
      ]);
      expect(await digestOf(folder, {}, ARM64)).toBe(arm64);
      expect(await digestOf(folder, { digest: amd64 })).toBe(amd64);
    }));

  test("none is guessed: the names are listed", () =>
    inFolder(async (folder) => {
      twoTags(folder);
      await expectError(
        read(folder),
        "E_IMAGE_NOT_FOUND",
        "3 images",
        '"one"',
        '"registry.example/team/two:1.0" (linux/arm64)',
      );
      await expectError(read(folder, { tag: "three" }), "E_IMAGE_NOT_FOUND", '"three"', '"one"');
    }));

  test("two of one name and one platform are ambiguous", () =>
    inFolder(async (folder) => {
      buildLayout(folder, { layers: [LAYERS[0]], tag: "same" });
      buildLayout(folder, { layers: [LAYERS[1]], tag: "same" });
      await expectError(read(folder, { tag: "same" }), "E_IMAGE_NOT_FOUND", "2 images");
    }));

  withLayout("one that has two names is one image, found by either", async (folder, built) => {
    for (const name of ["one", "two"]) {
      addToIndex(folder, { ...built.manifest, annotations: { "org.opencontainers.image.ref.name": name } });
    }
    for (const select of [{}, { tag: "one" }, { tag: "two" }]) {
      expect(await digestOf(folder, select)).toBe(built.manifest.digest);
    }
  });

  withLayout("attestations are none", async (folder, built) => {
    const annotations = { "vnd.docker.reference.type": "attestation-manifest" };
    addToIndex(folder, { ...writeBlob(folder, json({}), MANIFEST), annotations });
    expect(await digestOf(folder)).toBe(built.manifest.digest);
  });
});

describe("a layout is refused", () => {
  test("that is not there", () =>
    expectError(read("/nonexistent/layout"), "E_IMAGE_NOT_FOUND", "/nonexistent/layout", "no such file"));

  withLayout("that is a file", (folder) =>
    expectError(read(join(folder, "index.json")), "E_IMAGE_NOT_FOUND", "is not a folder", "docker-archive:"),
  );

  test("that is an empty folder", () =>
    inFolder((folder) => expectError(read(folder), "E_IMAGE_NOT_FOUND", "not an OCI layout", "oci-layout")));

  withLayout("without index.json", (folder) => {
    rmSync(join(folder, "index.json"));
    return expectError(read(folder), "E_IMAGE_NOT_FOUND", "not an OCI layout", "index.json");
  });

  withLayout("of another version", (folder) => {
    writeFileSync(join(folder, "oci-layout"), json({ imageLayoutVersion: "2.0.0" }));
    return expectError(read(folder), "E_UNSUPPORTED", "imageLayoutVersion", '"2.0.0"');
  });

  withLayout("with no image in it", (folder) => {
    writeIndex(folder, []);
    return expectError(read(folder), "E_IMAGE_NOT_FOUND", "no container image");
  });

  withLayout("whose manifest is not there", (folder, built) => {
    rmSync(blobPath(folder, built.manifest.digest));
    return expectError(read(folder), "E_BAD_MANIFEST", "manifest", built.manifest.digest, "is not there");
  });

  withLayout("whose layer is not there, before any is read", (folder, built) => {
    const digest = built.layers[1]?.digest ?? "";
    rmSync(blobPath(folder, digest));
    return expectError(read(folder), "E_BAD_MANIFEST", "layer 2", digest, "is not there");
  });

  withLayout("whose layer has lost bytes, before any is read", (folder, built) => {
    truncateSync(blobPath(folder, built.layers[0]?.digest ?? ""), 9);
    return expectError(read(folder), "E_SIZE_MISMATCH", "layer 1", "9 bytes are there");
  });

  withLayout("whose manifest was changed", (folder, built) => {
    const path = blobPath(folder, built.manifest.digest);
    writeFileSync(path, readFileSync(path, "utf8").replace('"schemaVersion":2', '"schemaVersion":3'));
    return expectError(read(folder), "E_DIGEST_MISMATCH", "manifest", built.manifest.digest);
  });

  withLayout("whose config was changed", (folder, built) => {
    const path = blobPath(folder, built.config.digest);
    writeFileSync(path, readFileSync(path, "utf8").replace("amd64", "amd46"));
    return expectError(read(folder), "E_DIGEST_MISMATCH", "config", built.config.digest);
  });

  withLayout("whose config is for another architecture than its descriptor says", async (folder) => {
    rmSync(join(folder, "index.json"));
    const built = buildLayout(folder, { layers: [], platform: { os: "linux", architecture: "s390x" } });
    writeIndex(folder, [{ ...built.manifest, platform: AMD64 }]);
    await expectError(
      read(folder),
      "E_PLATFORM_NOT_FOUND",
      "is listed for linux/amd64, but its config says linux/s390x",
      "--platform linux/amd64 takes it all the same",
    );
    writeIndex(folder, [built.manifest]);
    await expectError(
      read(folder),
      "E_PLATFORM_NOT_FOUND",
      "is for linux/s390x, not for linux/amd64",
      "--platform linux/s390x",
    );
  });

  withLayout("for another system than linux: no platform is recommended", async (folder) => {
    rmSync(join(folder, "index.json"));
    const windows = { os: "windows", architecture: "amd64" };
    const built = buildLayout(folder, { layers: [], platform: windows });
    for (const listed of [built.manifest, { ...built.manifest, platform: windows }]) {
      writeIndex(folder, [listed]);
      const error = await read(folder).catch((thrown: unknown) => thrown);
      expect(error).toHaveProperty("code", "E_PLATFORM_NOT_FOUND");
      expect(error).toHaveProperty(
        "hint",
        "only linux images can be converted; if its files are linux's all the same, --any-platform takes it",
      );
    }
  });

  withLayout("with fewer layers than diff_ids", (folder, built) => {
    const manifest = json({ schemaVersion: 2, config: built.config, layers: built.layers.slice(1) });
    writeIndex(folder, [writeBlob(folder, manifest, MANIFEST)]);
    return expectError(read(folder), "E_BAD_MANIFEST", "has 1 layers, but its config names 2");
  });

  for (const [how, target] of [
    ["out of it", (outside: string) => outside],
    [
      "out of it by a way of its own",
      (outside: string) => join("../../../", basename(dirname(outside)), "blob"),
    ],
    ["to a device", () => "/dev/zero"],
  ] as const) {
    withLayout(`whose blob is a symlink ${how}`, (folder, built) =>
      inFolder((elsewhere) => {
        const path = blobPath(folder, built.layers[0]?.digest ?? "");
        renameSync(path, join(elsewhere, "blob"));
        symlinkSync(target(join(elsewhere, "blob")), path);
        return expectError(read(folder), "E_UNSUPPORTED", path, "leads out of the folder", "cp -rL");
      }),
    );
  }

  withLayout(
    "whose blobs folder is a symlink out of it, to one beside it whose name begins as its own",
    (folder) => {
      const beside = `${folder}-beside`;
      renameSync(join(folder, "blobs"), beside);
      symlinkSync(beside, join(folder, "blobs"));
      return expectError(read(folder), "E_UNSUPPORTED", join(folder, "blobs"), "leads out", beside).finally(
        () => rmSync(beside, { recursive: true }),
      );
    },
  );

  withLayout("whose index.json is a symlink to nothing", (folder) => {
    rmSync(join(folder, "index.json"));
    symlinkSync("elsewhere", join(folder, "index.json"));
    return expectError(read(folder), "E_UNSUPPORTED", "index.json", 'leads to "elsewhere"', "is not there");
  });

  withLayout("whose blob is a symlink in a circle", (folder, built) => {
    const path = blobPath(folder, built.config.digest);
    rmSync(path);
    symlinkSync(path, path);
    return expectError(read(folder), "E_UNSUPPORTED", path, "in a circle");
  });

  withLayout("whose blob is a symlink to a folder", (folder, built) => {
    const path = blobPath(folder, built.config.digest);
    rmSync(path);
    symlinkSync("..", path);
    return expectError(read(folder), "E_UNSUPPORTED", path, "is not a regular file");
  });

  withLayout("whose blob is a folder", (folder, built) => {
    const path = blobPath(folder, built.config.digest);
    rmSync(path);
    mkdirSync(path);
    return expectError(read(folder), "E_UNSUPPORTED", path, "is not a regular file");
  });

  withLayout("whose index.json is larger than 4 MiB, before it is read", (folder) => {
    truncateSync(join(folder, "index.json"), 1 << 30);
    return expectError(read(folder), "E_BAD_MANIFEST", "index.json", "1073741824 bytes");
  });
});

describe("a layer's file is read the same by who waits for it and by who does not:", () => {
  /** Of a layer that comes in large chunks. */
  const SIZE = (8 << 20) + 2_500_000;
  const ways: readonly [string, (layer: LayerBlob) => AsyncIterable<Uint8Array> | Iterable<Uint8Array>][] = [
    ["open", (layer) => layer.open()],
    ["readPlace", ({ place }) => readPlace(place ?? { folder: "", name: "no place", size: 0 })],
  ];
  for (const [name, start] of ways) {
    const withLayer = (use: (path: string, layer: LayerBlob, content: Buffer) => Promise<void>) =>
      inFolder(async (folder) => {
        const content = randomBytes(SIZE);
        const built = buildLayout(folder, { layers: [content], compress: "none" });
        await withSource({ kind: "oci-layout", path: folder }, folder, async (source) => {
          const [layer] = (await source.resolve(AMD64)).layers;
          if (layer === undefined) throw new Error("no layer");
          await use(blobPath(folder, built.layers[0]?.digest ?? ""), layer, content);
        });
      });
    const all = async (layer: LayerBlob): Promise<Buffer> => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of start(layer)) chunks.push(chunk);
      return Buffer.concat(chunks);
    };

    test(`${name}: in chunks of at most 1 MiB`, () =>
      withLayer(async (_, layer, content) => {
        const lengths: number[] = [];
        for await (const chunk of start(layer)) lengths.push(chunk.length);
        const whole = Math.floor(SIZE / (1 << 20));
        expect(lengths).toEqual([...new Array(whole).fill(1 << 20), SIZE % (1 << 20)]);
        expect((await all(layer)).equals(content)).toBe(true);
      }));

    test(`${name}: cut short meanwhile`, () =>
      withLayer(async (path, layer) => {
        truncateSync(path, SIZE - 1_000_000);
        await expectError(all(layer), "E_IO", path, "ended 1000000 bytes early");
      }));

    test(`${name}: gone meanwhile`, () =>
      withLayer(async (path, layer) => {
        rmSync(path);
        await expectError(all(layer), "E_IO", path, "was removed");
      }));

    test(`${name}: a link meanwhile`, () =>
      withLayer(async (path, layer) => {
        rmSync(path);
        symlinkSync("/dev/zero", path);
        await expectError(all(layer), "E_UNSUPPORTED", path, "symbolic link");
      }));
  }
});

const alpine = alpineLayout();
if (alpine !== undefined) {
  test("the alpine layout is one image for two platforms", async () => {
    for (const [platform, layer] of [
      [AMD64, "sha256:fe07684b16b82247c3539ed86a65ff37a76138ec25d380bd80c869a1a4c73236"],
      [ARM64, "sha256:d69d4d41cfe2ee680d6972795e2a1eb9e4dc4ec3b3c5e0797c9ab43bb3726fa7"],
    ] as const) {
      const { image, contents } = await read(alpine, {}, platform);
      expect(contents.map(sha256)).toEqual([layer]);
      expect(image.config.config.Cmd).toEqual(["/bin/sh"]);
    }
  });
}
