import { describe, expect } from "bun:test";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expectError } from "../support/expect-error.ts";
import { json, sha256, writeBlob, writeIndex } from "../support/layout-builder.ts";
import {
  docker,
  type Entry,
  entriesOf,
  manifestJson,
  oci,
  readImage,
  type simpleLayout,
  withLayoutBeside,
  writeTar,
} from "./support.ts";

describe("an archive that is both, as docker writes since 25", () => {
  /** The layout's entries with a manifest.json that names the same blobs. */
  function both(layout: string, built: ReturnType<typeof simpleLayout>): Entry[] {
    const name = (digest: string) => `blobs/${digest.replace(":", "/")}`;
    const image = {
      Config: name(built.config.digest),
      RepoTags: ["a:1"],
      Layers: built.layers.map((layer) => name(layer.digest)),
    };
    return [...entriesOf(layout), manifestJson(image)];
  }

  withLayoutBeside("is read by its index", async (folder, layout, built) => {
    const path = await writeTar(folder, both(layout, built));
    for (const spec of [oci(path), docker(path)]) {
      expect<string>((await readImage(spec, folder)).image.manifestDigest).toBe(built.manifest.digest);
    }
  });

  withLayoutBeside("is found by a name that only manifest.json has", async (folder, layout, built) => {
    const path = await writeTar(folder, both(layout, built));
    expect<string>((await readImage(docker(path, { tag: "a:1" }), folder)).image.manifestDigest).toBe(
      built.config.digest,
    );
  });

  const viaDocker = (name: string, spoil: (layout: string, built: ReturnType<typeof simpleLayout>) => void) =>
    withLayoutBeside(`is read by manifest.json where ${name}`, async (folder, layout, built) => {
      spoil(layout, built);
      const { image, contents } = await readImage(
        docker(await writeTar(folder, both(layout, built))),
        folder,
      );
      expect<string>(image.manifestDigest).toBe(built.config.digest);
      expect(contents.map(sha256)).toEqual(built.layers.map((layer) => layer.digest));
      expect(image.layers.map((layer) => layer.digest as string | undefined)).toEqual(
        built.layers.map((layer) => layer.digest),
      );
    });

  viaDocker("the index says `manifests: null`", (layout) => writeIndex(layout, null));
  viaDocker("the manifest has no layers", (layout, built) => {
    const manifest = json({ schemaVersion: 2, config: built.config, layers: [] });
    writeIndex(layout, [writeBlob(layout, manifest, "application/vnd.oci.image.manifest.v1+json")]);
  });
  viaDocker("the manifest was not saved", (layout, built) => {
    rmSync(join(layout, "blobs", built.manifest.digest.replace(":", "/")));
  });
  viaDocker("oci-layout is missing", (layout) => rmSync(join(layout, "oci-layout")));

  withLayoutBeside(
    "is refused where a byte of its manifest is wrong, whatever manifest.json says",
    async (folder, layout, built) => {
      const path = join(layout, "blobs", built.manifest.digest.replace(":", "/"));
      writeFileSync(path, readFileSync(path, "utf8").replace("2", "3"));
      await expectError(
        readImage(docker(await writeTar(folder, both(layout, built))), folder),
        "E_DIGEST_MISMATCH",
        "manifest",
      );
    },
  );

  withLayoutBeside(
    "is refused with the index's own fault where neither serves",
    async (folder, layout, built) => {
      writeIndex(layout, null);
      const path = await writeTar(folder, [
        ...both(layout, built).slice(0, -1),
        ["manifest.json", Buffer.from("[")],
      ]);
      await expectError(
        readImage(docker(path), folder),
        "E_IMAGE_NOT_FOUND",
        "index.json: lists no container image",
      );
    },
  );
});
