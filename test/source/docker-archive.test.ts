import { describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { formatPlatform } from "../../src/oci/platform.ts";
import { expectError } from "../support/expect-error.ts";
import { json, sha256 } from "../support/layout-builder.ts";
import {
  ARM64,
  docker,
  type Entry,
  inFolder,
  LAYERS,
  manifestJson,
  readImage,
  savedImage,
  writeTar,
} from "./support.ts";

describe("a docker-archive", () => {
  test("gives its layers in order, with the image ID for a manifest digest", () =>
    inFolder(async (folder) => {
      const { image, entries, imageId } = savedImage("alpine:3.20");
      const { image: resolved, contents } = await readImage(
        docker(await writeTar(folder, [...entries, manifestJson(image)])),
        folder,
      );
      expect<string>(resolved.manifestDigest).toBe(imageId);
      expect(contents).toEqual([...LAYERS]);
      expect(resolved.config.config.Cmd).toEqual(["/bin/sh"]);
      expect(formatPlatform(resolved.platform)).toBe("linux/amd64");
      for (const layer of resolved.layers) {
        expect<string | undefined>(layer.digest).toBe(layer.diffId);
        expect(layer.mediaType).toBe("application/vnd.docker.image.rootfs.diff.tar");
      }
    }));

  test("with several images is asked for one by name, tag or image ID", () =>
    inFolder(async (folder) => {
      const one = savedImage("example.org/team/one:1.0");
      const two = savedImage(null, "arm64");
      const path = await writeTar(folder, [
        ...one.entries,
        ...two.entries,
        manifestJson(one.image, two.image),
      ]);
      for (const tag of ["example.org/team/one:1.0", "one:1.0", "1.0"]) {
        expect<string>((await readImage(docker(path, { tag }), folder)).image.manifestDigest).toBe(
          one.imageId,
        );
      }
      const byId = await readImage(docker(path, { digest: two.imageId }), folder, ARM64);
      expect<string>(byId.image.manifestDigest).toBe(two.imageId);
      await expectError(
        readImage(docker(path), folder),
        "E_IMAGE_NOT_FOUND",
        "holds 2 images",
        "example.org/team/one:1.0",
        two.image.Config,
      );
      await expectError(
        readImage(docker(path, { tag: "2.0" }), folder),
        "E_IMAGE_NOT_FOUND",
        '"2.0"',
        "example.org/team/one:1.0",
      );
    }));

  test("with compressed layers states a digest only where the file name does", () =>
    inFolder(async (folder) => {
      const { image, entries } = savedImage("a:1");
      const gzip = gzipSync(LAYERS[0]);
      const zstd = Bun.zstdCompressSync(LAYERS[1]);
      const name = `blobs/${sha256(zstd).replace(":", "/")}`;
      const layers: Entry[] = [
        ["a/layer.tar", gzip],
        [name, zstd],
      ];
      const archive = [
        ...layers,
        ...entries.slice(2),
        manifestJson({ ...image, Layers: ["a/layer.tar", name] }),
      ];
      const { image: resolved } = await readImage(docker(await writeTar(folder, archive)), folder);
      expect(
        resolved.layers.map((layer) => [
          layer.digest as string | undefined,
          layer.mediaType.split(".").at(-1),
        ]),
      ).toEqual([
        [undefined, "gzip"],
        [sha256(zstd), "zstd"],
      ]);
      expect(resolved.layers.map((layer) => layer.diffId as string)).toEqual(LAYERS.map(sha256));
      // Threads read them by themselves.
      expect(resolved.layers.map(({ place }) => place?.size)).toEqual([gzip.length, zstd.length]);
    }));

  test("is read with symlinks and hard links in the place of layers", () =>
    inFolder(async (folder) => {
      const { image, entries } = savedImage("a:1");
      const links: Entry[] = [
        [{ name: "c/layer.tar", type: "symlink", linkname: "../a/layer.tar" }],
        [{ name: "d/layer.tar", type: "link", linkname: "b/layer.tar" }],
      ];
      const archive = [
        ...entries,
        ...links,
        manifestJson({ ...image, Layers: ["c/layer.tar", "d/layer.tar"] }),
      ];
      expect((await readImage(docker(await writeTar(folder, archive)), folder)).contents).toEqual([
        ...LAYERS,
      ]);
    }));

  test("is read with layer names that are not ASCII, and with ./ before names", () =>
    inFolder(async (folder) => {
      const { image, entries } = savedImage("a:1");
      const archive: Entry[] = [
        ["./schicht-ä.tar", LAYERS[0]],
        ...entries.slice(1),
        manifestJson({ ...image, Layers: ["schicht-ä.tar", "./b/layer.tar"] }),
      ];
      expect((await readImage(docker(await writeTar(folder, archive)), folder)).contents).toEqual([
        ...LAYERS,
      ]);
    }));

  test("is read though another image of the archive cannot be, which is told of where that is meant", () =>
    inFolder(async (folder) => {
      const { image, entries, imageId } = savedImage("a:1");
      const unreadable = { Config: 1, RepoTags: ["broken:1"], Layers: [] };
      const missing = { Config: "missing.json", RepoTags: ["missing:1"], Layers: [] };
      const path = await writeTar(folder, [...entries, manifestJson(unreadable, missing, image)]);
      for (const choice of [{ tag: "a:1" }, { digest: imageId }]) {
        expect<string>((await readImage(docker(path, choice), folder)).image.manifestDigest).toBe(imageId);
      }
      await expectError(readImage(docker(path, { tag: "broken:1" }), folder), "E_BAD_MANIFEST", "[0].Config");
      await expectError(
        readImage(docker(path, { tag: "missing:1" }), folder),
        "E_BAD_MANIFEST",
        "missing.json",
      );
      await expectError(readImage(docker(path, { tag: "b:1" }), folder), "E_IMAGE_NOT_FOUND", '"a:1"');
    }));

  const broken = (
    name: string,
    change: (saved: ReturnType<typeof savedImage>) => readonly Entry[],
    ...expected: Parameters<typeof expectError> extends [unknown, ...infer Rest] ? Rest : never
  ) =>
    test(`is refused ${name}`, () =>
      inFolder(async (folder) => {
        const path = await writeTar(folder, change(savedImage("a:1")));
        await expectError(readImage(docker(path), folder), ...expected);
      }));

  broken(
    "whose layer is not there",
    ({ image, entries }) => [...entries.slice(1), manifestJson(image)],
    "E_BAD_MANIFEST",
    "layer 1",
    '"a/layer.tar"',
    "is not there",
  );
  broken(
    "whose config is not there",
    ({ image, entries }) => [...entries.slice(0, 2), manifestJson(image)],
    "E_BAD_MANIFEST",
    "there is no",
  );
  broken(
    "whose config does not hash to its name",
    ({ image, entries }) => [...entries.slice(0, 2), [image.Config, json({})], manifestJson(image)],
    "E_DIGEST_MISMATCH",
    "the bytes hash to",
  );
  broken(
    "with fewer layers than diff_ids",
    ({ image, entries }) => [...entries, manifestJson({ ...image, Layers: ["a/layer.tar"] })],
    "E_BAD_MANIFEST",
    "has 1 layers",
  );
  broken(
    "with too many layers",
    ({ image, entries }) => [...entries, manifestJson({ ...image, Layers: Array(1001).fill("a/layer.tar") })],
    "E_UNSUPPORTED",
    "1001 layers",
  );
  broken(
    "with nothing in its list",
    ({ entries }) => [...entries, manifestJson()],
    "E_IMAGE_NOT_FOUND",
    "lists no image",
  );
  broken(
    "whose list is an object",
    ({ entries }) => [...entries, ["manifest.json", json({})]],
    "E_BAD_MANIFEST",
    "manifest.json: expected a list",
  );
  broken(
    "whose list is not JSON",
    ({ entries }) => [...entries, ["manifest.json", Buffer.from("[")]],
    "E_BAD_MANIFEST",
    "not valid JSON",
  );
  broken(
    "whose layer is a link out of it",
    ({ image, entries }) => [
      ...entries.slice(1),
      [{ name: "a/layer.tar", type: "symlink", linkname: "../../etc/passwd" }],
      manifestJson(image),
    ],
    "E_BAD_ARCHIVE",
    "link out of the archive",
    "../../etc/passwd",
  );
  broken(
    "whose layer is an absolute link",
    ({ image, entries }) => [
      ...entries.slice(1),
      [{ name: "a/layer.tar", type: "symlink", linkname: "/etc/passwd" }],
      manifestJson(image),
    ],
    "E_BAD_ARCHIVE",
    "link out of the archive",
  );
  broken(
    "whose layer is a link to itself",
    ({ image, entries }) => [
      ...entries.slice(1),
      [{ name: "a/layer.tar", type: "symlink", linkname: "layer.tar" }],
      manifestJson(image),
    ],
    "E_BAD_ARCHIVE",
    "too many links",
  );
  broken(
    "whose layer is a folder",
    ({ image, entries }) => [
      ...entries.slice(1),
      [{ name: "a/layer.tar", type: "directory" }],
      manifestJson(image),
    ],
    "E_BAD_ARCHIVE",
    "not a plain file",
  );
  broken(
    "whose layers name a file of this machine",
    ({ image, entries }) => [
      ...entries,
      manifestJson({ ...image, Layers: ["/etc/passwd", "../../../etc/passwd"] }),
    ],
    "E_BAD_MANIFEST",
    "is not there",
  );

  test("for another platform is refused with what it is for", () =>
    inFolder(async (folder) => {
      const { image, entries } = savedImage("a:1", "arm64");
      const path = await writeTar(folder, [...entries, manifestJson(image)]);
      await expectError(
        readImage(docker(path), folder),
        "E_PLATFORM_NOT_FOUND",
        "is for linux/arm64, not for linux/amd64",
      );
    }));
});
