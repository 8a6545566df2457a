/** Hints that must lead somewhere from where the user stands. */
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openSource } from "../../src/source/open.ts";
import { withScene } from "../registry/support.ts";
import { expectError } from "../support/expect-error.ts";
import { buildLayout, json } from "../support/layout-builder.ts";
import { sendStatus } from "../support/scripted-registry.ts";
import {
  AMD64,
  docker,
  entriesOf,
  inFolder,
  LAYERS,
  manifestJson,
  oci,
  readImage,
  savedImage,
  tarOf,
  withSource,
} from "./support.ts";

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

test("who pipes several images in cannot name one behind a path", () =>
  inFolder(async (folder) => {
    const one = savedImage("a:1");
    const other = savedImage("b:1", "arm64");
    const saved = await tarOf([
      ...one.entries,
      ...other.entries.slice(2),
      manifestJson(one.image, other.image),
    ]);
    const layout = join(folder, "layout");
    for (const tag of ["one", "two"]) buildLayout(layout, { layers: LAYERS, tag, config: { Cmd: [tag] } });
    for (const bytes of [saved, await tarOf(entriesOf(layout))]) {
      const resolving = withSource({ kind: "stdin", bytes: once(bytes) }, folder, (source) =>
        source.resolve(AMD64),
      );
      await expectError(resolving, "E_IMAGE_NOT_FOUND", "docker-archive:FILE:TAG");
    }
    writeFileSync(join(folder, "saved.tar"), saved);
    await expectError(readImage(docker(join(folder, "saved.tar")), folder), "E_IMAGE_NOT_FOUND", "PATH:TAG");
  }));

test("a folder for an archive, and an archive for a folder, come with the form that every command takes", () =>
  inFolder(async (folder) => {
    const file = join(folder, "file");
    writeFileSync(file, "x");
    const open = (spec: Parameters<typeof openSource>[0]) => openSource(spec, { scratchFolder: folder });
    await expectError(open(oci(folder)), "E_IMAGE_NOT_FOUND", `oci:${folder} (--oci-layout)`);
    await expectError(open({ kind: "oci-layout", path: file }), "E_IMAGE_NOT_FOUND", `oci-archive:${file}`);
  }));

test("where there is no image at all, that is said", () =>
  inFolder(async (folder) => {
    buildLayout(folder, { layers: [] });
    writeFileSync(join(folder, "index.json"), json({ schemaVersion: 2, manifests: [] }));
    const digest = `sha256:${"0".repeat(64)}`;
    for (const select of [{ tag: "a" }, { digest }]) {
      const reading = readImage({ kind: "oci-layout", path: folder, select }, folder);
      await expectError(reading, "E_IMAGE_NOT_FOUND", "there is no image at all");
    }
  }));

test("a part of an image that its registry has lost is nothing that another name would mend", () =>
  withScene(async ({ registry, built, pull }) => {
    const [base, top] = built.layers;
    for (const [digest = "", role] of [
      [top?.digest, "layer 2"],
      [base?.digest, "layer 1"],
      [built.config.digest, "config"],
    ] as const) {
      for (const status of [404, 410]) {
        registry.rule(({ url }, response) => url.endsWith(digest) && sendStatus(response, status));
        const failing = pull({ concurrency: 1 });
        await expectError(
          failing,
          "E_IMAGE_NOT_FOUND",
          `${role} ${digest}`,
          "has lost it",
          "push the image again",
        );
        expect(await failing.catch(({ hint }) => hint)).not.toContain("check the name");
      }
    }
    await expectError(pull({}, `${registry.host}/team/app:other`), "E_IMAGE_NOT_FOUND", "check the name");
  }));

test("a manifest that is lost is named with its platform, and so are the others that can be chosen", () =>
  withScene(async ({ registry, built, pull }) => {
    const { digest, size } = built.manifest;
    const gone = `sha256:${"0".repeat(64)}`;
    const mediaType = "application/vnd.oci.image.manifest.v1+json";
    const index = "application/vnd.oci.image.index.v1+json";
    const list = (...manifests: readonly unknown[]) =>
      json({ schemaVersion: 2, mediaType: index, manifests });
    const amd64 = { mediaType, digest: gone, size, platform: { os: "linux", architecture: "amd64" } };
    const arm64 = {
      mediaType,
      digest,
      size,
      platform: { os: "linux", architecture: "arm64", variant: "v8" },
    };
    registry.putManifest(list(amd64, arm64), index, "latest");
    registry.putManifest(list({ ...amd64, platform: undefined }), index, "bare");
    registry.putManifest(list({ ...amd64, mediaType: index, platform: undefined }, arm64), index, "nested");
    for (const status of [404, 410]) {
      for (const [tag, ...said] of [
        ["latest", `manifest ${gone} for linux/amd64`, "--platform"],
        ["bare", `manifest ${gone}, which an index lists`],
        ["nested", `index ${gone}, which an index lists`],
      ] as const) {
        const failing = pull({}, `${registry.host}/team/app:${tag}`);
        await expectError(failing, "E_IMAGE_NOT_FOUND", ...said, "has lost it", "push the image again");
        expect(await failing.catch(({ hint }) => hint)).not.toContain("check the name");
      }
      registry.rule(({ url }, response) => url.endsWith(gone) && sendStatus(response, status));
    }
  }));

test("what a layout or an archive lacks is named, and that it is to be saved again", () =>
  inFolder(async (folder) => {
    const saved = savedImage("a:1");
    const { Config, Layers } = saved.image;
    for (const name of [Config, ...Layers]) {
      const path = join(folder, "saved.tar");
      writeFileSync(
        path,
        await tarOf([...saved.entries.filter(([entry]) => entry !== name), manifestJson(saved.image)]),
      );
      await expectError(readImage(docker(path), folder), "E_BAD_MANIFEST", name, "save the image again");
    }
    const built = buildLayout(join(folder, "layout"), { layers: LAYERS });
    const gone = `sha256:${"0".repeat(64)}`;
    const { mediaType, size } = built.manifest;
    const amd64 = { mediaType, size, digest: gone, platform: { os: "linux", architecture: "amd64" } };
    writeFileSync(join(folder, "layout", "index.json"), json({ schemaVersion: 2, manifests: [amd64] }));
    const reading = readImage({ kind: "oci-layout", path: join(folder, "layout") }, folder);
    await expectError(reading, "E_BAD_MANIFEST", `manifest ${gone} for linux/amd64`, "--platform");
  }));
