/** Hints that must lead somewhere from where the user stands. */
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openSource } from "../../src/source/open.ts";
import { withScene } from "../registry/support.ts";
import { expectError } from "../support/expect-error.ts";
import { buildLayout, json } from "../support/layout-builder.ts";
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

test("a part of an image that its registry lacks is nothing that another name would mend", () =>
  withScene(async ({ registry, built, pull }) => {
    registry.blobs.delete(built.layers[0]?.digest ?? "");
    const error = await pull().catch((thrown: unknown) => thrown);
    expect(error).toHaveProperty("code", "E_IMAGE_NOT_FOUND");
    expect(error).toHaveProperty("hint", "the image is not whole there: it has to be pushed again");
    await expectError(pull({}, `${registry.host}/team/app:other`), "E_IMAGE_NOT_FOUND", "check the name");
  }));
