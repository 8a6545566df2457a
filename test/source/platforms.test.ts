/** Platforms that documents leave out, halve or contradict one another about, and where the hints lead. */
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Docker2vmError } from "../../src/errors.ts";
import { parsePlatform, type StatedPlatform, type WantedPlatform } from "../../src/oci/platform.ts";
import { openRegistrySource } from "../../src/source/registry-source.ts";
import type { ImageChoice, ImageSpec, ResolvedImage } from "../../src/source/source.ts";
import { NAME, LAYERS as PULLED, withScene } from "../registry/support.ts";
import { expectError } from "../support/expect-error.ts";
import { buildLayout, json, writeBlob, writeIndex } from "../support/layout-builder.ts";
import { AMD64, ARM64, docker, entriesOf, inFolder, LAYERS, oci, tarOf, withSource } from "./support.ts";

const INDEX = "application/vnd.oci.image.index.v1+json";

interface Said {
  readonly config: StatedPlatform;
  /** In the index; undefined: nothing is said there. */
  readonly listed?: StatedPlatform | undefined;
}

/** A layout of a tag whose index lists such images; gives their descriptors. */
function layoutOf(folder: string, images: readonly Said[]) {
  const listed = images.map(({ config, listed: platform }, i) => {
    const built = buildLayout(folder, {
      layers: [],
      platform: config as { os: string; architecture: string },
      config: { Cmd: [`${i}`] },
    });
    return { ...built.manifest, ...(platform === undefined ? {} : { platform }) };
  });
  const index = writeBlob(folder, json({ schemaVersion: 2, mediaType: INDEX, manifests: listed }), INDEX);
  writeIndex(folder, [index]);
  return listed;
}

const resolve = (spec: ImageSpec, wanted: WantedPlatform): Promise<ResolvedImage> =>
  withSource(spec, "/nowhere", (source) => source.resolve(wanted));
const layout = (path: string, select?: ImageChoice): ImageSpec => ({ kind: "oci-layout", path, select });
const named = (platform: WantedPlatform): WantedPlatform => ({ ...platform, named: true });

/** Which of the images it is: its number. */
const which = ({ config }: ResolvedImage) => Number(config.config.Cmd[0]);

test("an index without platforms gives the image whose config is for the one asked for", () =>
  inFolder(async (folder) => {
    layoutOf(folder, [{ config: AMD64 }, { config: ARM64 }]);
    expect(which(await resolve(layout(folder), AMD64))).toBe(0);
    expect(which(await resolve(layout(folder), ARM64))).toBe(1);
    await expectError(
      resolve(layout(folder), parsePlatform("linux/s390x")),
      "E_PLATFORM_NOT_FOUND",
      "there is linux/amd64, linux/arm64",
    );
  }));

test("an entry that is listed for another platform than its config says is taken by its name, or by its digest", () =>
  inFolder(async (folder) => {
    const [, arm] = layoutOf(folder, [
      { config: AMD64, listed: AMD64 },
      { config: AMD64, listed: ARM64 },
    ]);
    const taken = await resolve(layout(folder), named(ARM64));
    expect([which(taken), taken.platform, taken.warnings.length]).toEqual([1, ARM64, 1]);
    const meant = await resolve(layout(folder, { digest: arm?.digest }), AMD64);
    expect([which(meant), meant.platform, meant.warnings.length]).toEqual([1, AMD64, 1]);
  }));

test("an entry of the layout that cannot be read is in nobody's way, and is told of where it is meant", () =>
  inFolder(async (folder) => {
    const built = buildLayout(folder, { layers: LAYERS });
    const name = (tag: string) => ({ annotations: { "org.opencontainers.image.ref.name": tag } });
    const digest = `blake3:${"0".repeat(64)}`;
    const broken = { ...built.manifest, digest, ...name("broken") };
    writeIndex(folder, [
      broken,
      { mediaType: "application/x", digest, size: 1 },
      { ...built.manifest, ...name("v1") },
    ]);
    for (const choice of [{}, { tag: "v1" }, { digest: built.manifest.digest }]) {
      expect<string>((await resolve(layout(folder, choice), AMD64)).manifestDigest).toBe(
        built.manifest.digest,
      );
    }
    await expectError(resolve(layout(folder, { tag: "broken" }), AMD64), "E_UNSUPPORTED", "blake3");
    await expectError(resolve(layout(folder, { tag: "v2" }), AMD64), "E_IMAGE_NOT_FOUND", "v1");
  }));

test("a saved image whose config is silent is taken, with a warning, and any platform is its own", () =>
  inFolder(async (folder) => {
    const saved = async (platform: StatedPlatform) => {
      const config = json({ ...platform, rootfs: { type: "layers", diff_ids: [] } });
      const entries = [["config.json", config]] as const;
      const path = join(folder, "saved.tar");
      const list = json([{ Config: "config.json", RepoTags: ["a:1"], Layers: [] }]);
      writeFileSync(path, await tarOf([...entries, ["manifest.json", list]]));
      return docker(path);
    };
    const silent = await resolve(await saved({ os: "", architecture: "" }), ARM64);
    expect(silent.platform).toEqual(ARM64);
    expect(silent.warnings).toEqual([expect.stringContaining("no operating system and no architecture")]);
    const windows = { os: "windows", architecture: "amd64" };
    expect((await resolve(await saved(windows), { ...ARM64, any: true })).platform).toEqual(windows);
  }));

test("of an archive that lists two platforms and holds one, any platform is that one", () =>
  inFolder(async (folder) => {
    const path = join(folder, "layout");
    const built = buildLayout(path, {
      layers: LAYERS,
      platform: ARM64 as { os: string; architecture: string },
    });
    const absent = { ...built.manifest, digest: `sha256:${"0".repeat(64)}`, platform: AMD64 };
    writeIndex(path, [absent, { ...built.manifest, platform: ARM64 }]);
    const blob = ({ digest }: { digest: string }) => digest.replace("sha256:", "blobs/sha256/");
    const saved = [{ Config: blob(built.config), RepoTags: ["a:1"], Layers: built.layers.map(blob) }];
    const archive = join(folder, "both.tar");
    writeFileSync(archive, await tarOf([...entriesOf(path), ["manifest.json", json(saved)]]));
    expect((await resolve(oci(archive), { ...AMD64, any: true })).platform).toEqual(ARM64);
  }));

test("an index in a registry that leaves out platforms is read as one in a layout", () =>
  withScene(
    async ({ registry, options, built }) => {
      const other = { ...built.manifest, digest: `sha256:${"0".repeat(64)}` };
      const manifests = [other, built.manifest];
      registry.putManifest(json({ schemaVersion: 2, manifests }), INDEX, "bare");
      const source = await openRegistrySource(`${registry.host}/${NAME}:bare`, options);
      const image = await source.resolve(AMD64);
      expect<string>(image.manifestDigest).toBe(built.manifest.digest);
      expect(image.warnings).toEqual([expect.stringContaining("names no operating system")]);
      await source.close();
    },
    { layers: PULLED, platform: { os: "", architecture: "amd64" } },
  ));

/** What the hint says to do, done; undefined where it says nothing that could be. */
function follow(hint: string, wanted: WantedPlatform, digest: string): [WantedPlatform, ImageChoice] {
  const platform = /--platform:? (linux\/[A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+)?)/.exec(hint)?.[1];
  const choice = hint.includes("@sha256") ? { digest } : {};
  if (platform !== undefined) return [named(parsePlatform(platform)), choice];
  expect(hint).toContain("--any-platform");
  return [{ ...wanted, any: true }, choice];
}

const WINDOWS = { os: "windows", architecture: "amd64" };

/** What a document may say, and what may be listed beside it: every pair of the first, with each of the second. */
const SAYS: readonly (StatedPlatform | undefined)[] = [
  undefined,
  AMD64,
  ARM64,
  WINDOWS,
  { os: "linux" },
  { architecture: "amd64" },
  { os: "windows" },
  { os: "linux", architecture: "no name" },
];
const BESIDE: readonly (readonly Said[])[] = [
  [],
  [{ config: parsePlatform("linux/s390x") }],
  [{ config: WINDOWS, listed: WINDOWS }],
];
const INDEXES = SAYS.flatMap((config = {}) =>
  SAYS.flatMap((listed) => BESIDE.map((others) => [{ config, listed }, ...others])),
);

/** Asks for a platform and, where it is refused, does what the hint says; whether it was. */
async function askTwice(
  path: string,
  wanted: WantedPlatform,
  digest: string,
  said: unknown,
): Promise<boolean> {
  const error = await resolve(layout(path), wanted).catch((thrown: unknown) => thrown);
  if (!(error instanceof Docker2vmError)) return false;
  expect(error.code).toBe("E_PLATFORM_NOT_FOUND");
  const [then, choice] = follow(error.hint ?? "", wanted, digest);
  const image = await resolve(layout(path, choice), then).catch((thrown: unknown) => thrown);
  const tried = { said, wanted, hint: error.hint };
  expect({ tried, image }).toEqual({ tried, image: expect.objectContaining({ layers: [] }) });
  return true;
}

test("whatever documents say and leave out, doing what the hint says gives the image", () =>
  inFolder(async (folder) => {
    let refused = 0;
    for (const [number, images] of INDEXES.entries()) {
      const path = join(folder, `${number}`);
      const [first] = layoutOf(path, images);
      for (const wanted of [AMD64, named(AMD64), ARM64, named(ARM64)]) {
        if (await askTwice(path, wanted, first?.digest ?? "", images)) refused++;
      }
    }
    expect(refused).toBeGreaterThan(100);
  }));
