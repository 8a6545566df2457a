import { describe, expect, test } from "bun:test";
import { createReadStream, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openSource } from "../../src/source/open.ts";
import type { ImageChoice, ImageSpec } from "../../src/source/source.ts";
import {
  bundleInLayout,
  makeSigningKey,
  signedBundle,
  signInLayout,
  simpleSigningPayload,
  statementOf,
} from "../support/cosign.ts";
import { withRegistry } from "../support/docker-registry.ts";
import { expectError } from "../support/expect-error.ts";
import { addToIndex, buildLayout, json, sha256, writeBlob, writeIndex } from "../support/layout-builder.ts";
import { runOk, testWith } from "../support/oracles.ts";
import { AMD64, entriesOf, inFolder, LAYERS, manifestJson, oci, savedImage, writeTar } from "./support.ts";

const KEY = makeSigningKey();
const OTHER = makeSigningKey();
const NAME = "org.opencontainers.image.ref.name";
const INDEX = "application/vnd.oci.image.index.v1+json";
const sigTag = (digest: string) => `${digest.replace(":", "-")}.sig`;

/** The digest of the image that a signature by the key was found for. */
async function resolve(spec: ImageSpec, scratchFolder: string, key = KEY): Promise<string> {
  const source = await openSource(spec, { scratchFolder, verifyKey: key.publicKey });
  try {
    return (await source.resolve(AMD64)).manifestDigest;
  } finally {
    await source.close();
  }
}

const piped = (archive: string): ImageSpec => ({ kind: "stdin", bytes: createReadStream(archive) });
const folderOf = (path: string, select?: ImageChoice): ImageSpec => ({ kind: "oci-layout", path, select });

/** A layout of one image with its signature, as `skopeo copy` brings them there one by one. */
function copied(folder: string, tag = "1"): string {
  const layout = join(folder, "layout");
  const { digest } = buildLayout(layout, { layers: LAYERS, tag }).manifest;
  const signature = signInLayout(layout, simpleSigningPayload(digest), KEY);
  addToIndex(layout, { ...signature, annotations: { [NAME]: sigTag(digest) } });
  return digest;
}

describe("a layout whose image must be signed", () => {
  test("is taken with a signature under cosign's tag, in a folder, an archive and a pipe", () =>
    inFolder(async (folder) => {
      const digest = copied(folder);
      const layout = join(folder, "layout");
      const archive = await writeTar(folder, entriesOf(layout));
      for (const spec of [() => folderOf(layout), () => oci(archive), () => piped(archive)]) {
        expect(await resolve(spec(), folder)).toBe(digest);
        await expectError(resolve(spec(), folder, OTHER), "E_SIGNATURE", digest, "none of them valid");
      }
    }));

  test("is taken as `cosign save` writes it, with a mark in place of a tag", () =>
    inFolder(async (folder) => {
      const { manifest } = buildLayout(folder, { layers: LAYERS });
      const signature = signInLayout(folder, simpleSigningPayload(manifest.digest), KEY);
      const kind = (what: string) => ({ annotations: { kind: `dev.cosignproject.cosign/${what}` } });
      writeIndex(folder, [
        { ...manifest, ...kind("image") },
        { ...signature, ...kind("sigs") },
      ]);
      expect(await resolve(folderOf(folder), folder)).toBe(manifest.digest);
      await expectError(resolve(folderOf(folder), folder, OTHER), "E_SIGNATURE", "none of them valid");
    }));

  test("is taken where the index that lists the image is signed", () =>
    inFolder(async (folder) => {
      const { manifest } = buildLayout(folder, { layers: LAYERS });
      const child = { ...manifest, platform: { os: "linux", architecture: "amd64" } };
      const index = writeBlob(folder, json({ schemaVersion: 2, manifests: [child] }), INDEX);
      const signature = signInLayout(folder, simpleSigningPayload(index.digest), KEY);
      writeIndex(folder, [index, { ...signature, annotations: { [NAME]: `app:${sigTag(index.digest)}` } }]);
      expect(await resolve(folderOf(folder), folder)).toBe(manifest.digest);
    }));

  test("is taken with a bundle that index.json lists, as oras copies it", () =>
    inFolder(async (folder) => {
      const { manifest } = buildLayout(folder, { layers: LAYERS, tag: "1" });
      const bundle = bundleInLayout(folder, signedBundle(statementOf(manifest.digest), KEY), manifest);
      addToIndex(folder, { ...bundle, artifactType: "application/vnd.oci.empty.v1+json" });
      expect(await resolve(folderOf(folder), folder)).toBe(manifest.digest);
      await expectError(resolve(folderOf(folder), folder, OTHER), "E_SIGNATURE", "none of them valid");
    }));

  test("is taken with a bundle that is not listed, as cosign 3 saves it, in a folder and an archive", () =>
    inFolder(async (folder) => {
      const layout = join(folder, "layout");
      const { manifest } = buildLayout(layout, { layers: LAYERS });
      bundleInLayout(layout, signedBundle(statementOf(manifest.digest), KEY), manifest);
      for (const spec of [folderOf(layout), oci(await writeTar(folder, entriesOf(layout)))]) {
        expect(await resolve(spec, folder)).toBe(manifest.digest);
        await expectError(resolve(spec, folder, OTHER), "E_SIGNATURE", "none of them valid");
      }
    }));

  test("is taken with a bundle among blobs that cannot be read", () =>
    inFolder(async (folder) => {
      const { manifest } = buildLayout(folder, { layers: LAYERS });
      bundleInLayout(folder, signedBundle(statementOf(manifest.digest), KEY), manifest);
      const odd = (digit: string) => join(folder, "blobs/sha256", digit.repeat(64));
      mkdirSync(odd("0"));
      symlinkSync("/dev/zero", odd("1"));
      for (const [digit, text] of [
        ["2", "{"],
        ["3", '{"subject":1}'],
        ["4", ""],
      ] as const) {
        writeFileSync(odd(digit), text);
      }
      expect(await resolve(folderOf(folder), folder)).toBe(manifest.digest);
    }));

  test("is refused with a bundle of another image", () =>
    inFolder(async (folder) => {
      const { manifest } = buildLayout(folder, { layers: LAYERS });
      const statement = statementOf(sha256(Buffer.from("other")));
      bundleInLayout(folder, signedBundle(statement, KEY), manifest);
      await expectError(resolve(folderOf(folder), folder), "E_SIGNATURE", "none of them valid");
    }));

  test("is refused without one, and told how one comes there", () =>
    inFolder(async (folder) => {
      const { manifest } = buildLayout(folder, { layers: LAYERS });
      const refused = resolve(folderOf(folder), folder);
      await expectError(refused, "E_SIGNATURE", `${manifest.digest}: bears no signature`, "cosign save");
    }));

  test("is refused for another image than the one that is signed", () =>
    inFolder(async (folder) => {
      copied(folder);
      const layout = join(folder, "layout");
      const evil = buildLayout(layout, { layers: LAYERS, config: { Cmd: ["evil"] }, tag: "2" });
      const { digest } = evil.manifest;
      await expectError(resolve(folderOf(layout, { tag: "2" }), folder), "E_SIGNATURE", digest);
      await expectError(resolve(folderOf(layout, { digest }), folder), "E_SIGNATURE", digest);
      expect(await resolve(folderOf(layout, { tag: "1" }), folder)).not.toBe(digest);
    }));

  test("is refused where the signature's manifest was put under the other image's tag", () =>
    inFolder(async (folder) => {
      const { digest } = buildLayout(folder, { layers: LAYERS, tag: "1" }).manifest;
      const signature = signInLayout(folder, simpleSigningPayload(sha256(Buffer.from("other"))), KEY);
      addToIndex(folder, { ...signature, annotations: { [NAME]: sigTag(digest) } });
      await expectError(resolve(folderOf(folder), folder), "E_SIGNATURE", "none of them valid");
    }));

  test("is refused where the manifest's bytes are others", () =>
    inFolder(async (folder) => {
      const digest = copied(folder);
      const blob = join(folder, "layout/blobs", digest.replace(":", "/"));
      writeFileSync(blob, readFileSync(blob, "utf8").replace("schemaVersion", "SchemaVersion"));
      await expectError(resolve(folderOf(join(folder, "layout")), folder), "E_DIGEST_MISMATCH");
    }));
});

describe("an archive of docker's whose image must be signed", () => {
  test("is refused, whatever it was called", () =>
    inFolder(async (folder) => {
      const { image, entries } = savedImage("a:1");
      const archive = await writeTar(folder, [...entries, manifestJson(image)]);
      for (const spec of [oci(archive), piped(archive)]) {
        await expectError(resolve(spec, folder), "E_SIGNATURE", "docker archive");
      }
    }));

  test("is not read by manifest.json where the layout beside it does not hold", () =>
    inFolder(async (folder) => {
      const layout = join(folder, "layout");
      buildLayout(layout, { layers: LAYERS });
      const { image, entries } = savedImage("a:1");
      writeIndex(layout, null);
      const archive = await writeTar(folder, [...entriesOf(layout), ...entries, manifestJson(image)]);
      await expectError(resolve(oci(archive), folder), "E_IMAGE_NOT_FOUND", "lists no container image");
    }));
});

describe("a layout that holds signatures", () => {
  test("holds one image nevertheless", () =>
    inFolder(async (folder) => {
      const digest = copied(folder);
      const layout = join(folder, "layout");
      const kinds = [
        { annotations: { kind: "dev.cosignproject.cosign/atts" } },
        { artifactType: "application/vnd.oci.empty.v1+json" },
        { annotations: { [NAME]: digest.replace(":", "-") } },
      ];
      for (const [i, kind] of kinds.entries()) {
        const bytes = json({ schemaVersion: 2, layers: [], i });
        addToIndex(layout, {
          ...writeBlob(layout, bytes, "application/vnd.oci.image.manifest.v1+json"),
          ...kind,
        });
      }
      expect(await resolve(folderOf(layout), folder)).toBe(digest);
    }));
});

testWith(["docker-registry", "skopeo", "openssl"], "what skopeo copies out of a registry is taken", () =>
  withRegistry({}, async ({ host, push }, folder) => {
    const digest = copied(folder);
    const tags = ["1", sigTag(digest)];
    for (const tag of tags) push(`oci:${join(folder, "layout")}:${tag}`, `app:${tag}`);
    for (const tag of tags) {
      const places = [`docker://${host}/app:${tag}`, `oci:${join(folder, "copy")}:${tag}`];
      runOk("skopeo", ["--insecure-policy", "copy", "--quiet", "--src-tls-verify=false", ...places]);
    }
    expect(await resolve(folderOf(join(folder, "copy")), folder)).toBe(digest);
    await expectError(resolve(folderOf(join(folder, "copy")), folder, OTHER), "E_SIGNATURE");
  }),
);
