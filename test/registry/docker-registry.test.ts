import { describe, expect } from "bun:test";
import { createHash } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { filesystemIdentity } from "../../src/convert/identity.ts";
import { checkConversion } from "../../src/convert/request.ts";
import { streamLayers } from "../../src/convert/stream-layers.ts";
import { writeFilesystem } from "../../src/convert/write-filesystem.ts";
import { ImageFile } from "../../src/output/image-file.ts";
import { ImageWriter } from "../../src/output/image-writer.ts";
import { openSource } from "../../src/source/open.ts";
import { inspectRegistryImage } from "../../src/source/registry-inspect.ts";
import type { RegistryOptions } from "../../src/source/registry-options.ts";
import { openRegistrySource } from "../../src/source/registry-source.ts";
import type { ImageSource } from "../../src/source/source.ts";
import { EPOCH } from "../../src/tree/inode.ts";
import { finished } from "../../src/waiting/steps.ts";
import { type RealRegistry, type RealRegistryOptions, withRegistry } from "../support/docker-registry.ts";
import { expectError } from "../support/expect-error.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { runOk, testWith } from "../support/oracles.ts";
import { ScriptedRegistry, sendStatus } from "../support/scripted-registry.ts";
import { tar } from "../support/tar-builder.ts";
import { AMD64, NAME, noise } from "./support.ts";

const USER = { username: "puller", password: "pass:wörd" };
const SETTINGS: readonly (readonly [string, RealRegistryOptions])[] = [
  ["open", {}],
  ["with a password over TLS by an authority of its own", { user: USER, tls: true }],
];

/** What a pull from the registry needs. */
function optionsFor(
  { caFile }: RealRegistry,
  { user, tls }: RealRegistryOptions,
  folder: string,
): RegistryOptions {
  return {
    environment: { HOME: folder },
    scratchFolder: folder,
    ...(tls ? { caFile } : {}),
    ...(user === undefined ? {} : { credentials: user }),
  };
}

/** Several layers of every kind of entry, large enough for many chunks. */
function sampleLayout(folder: string): string {
  const layers = [1, 2, 3, 4, 5].map((seed) =>
    tar([
      { path: `dir${seed}`, type: "directory" },
      { path: `dir${seed}/noise`, data: noise(700_000 * seed, seed) },
      { path: "shared", data: `of layer ${seed}` },
      { path: `link${seed}`, type: "symlink", linkname: "shared" },
      ...(seed > 1 ? [{ path: `dir${seed - 1}/.wh.noise` }] : []),
    ]),
  );
  buildLayout(join(folder, "layout"), { layers, tag: "sample", created: "2024-01-02T03:04:05Z" });
  return `oci:${join(folder, "layout")}:sample`;
}

/** Converts the image for amd64; the sha256 of the filesystem. */
async function convert(source: ImageSource, folder: string): Promise<string> {
  const path = join(folder, "rootfs.ext4");
  const writer = new ImageWriter(new ImageFile(path));
  try {
    const request = checkConversion({ platform: "linux/amd64" });
    const image = await source.resolve(AMD64);
    const { root, contents, filesystem } = await streamLayers(image.layers, writer, request);
    const identity = filesystemIdentity(image, EPOCH, request, {});
    await writeFilesystem(finished(filesystem.plan(root, contents, identity)), writer, request);
    return createHash("sha256").update(readFileSync(path)).digest("hex");
  } finally {
    await writer.close();
    rmSync(path);
    await source.close();
  }
}

describe("debian's docker-registry", () => {
  for (const [how, settings] of SETTINGS) {
    testWith(
      ["docker-registry", "skopeo", "openssl"],
      `${how}: a pulled image converts to the same bytes as from disk`,
      () =>
        withRegistry(settings, async (registry, folder) => {
          const text = sampleLayout(folder);
          registry.push(text, `${NAME}:1`);
          const name = `${registry.host}/${NAME}:1`;
          const options = optionsFor(registry, settings, folder);
          const onDisk = { kind: "oci-layout", path: join(folder, "layout") } as const;
          const fromDisk = await convert(await openSource(onDisk, options), folder);
          const cacheFolder = join(folder, "cache");
          const pulls = [
            {},
            { cacheFolder },
            { cacheFolder },
            { cacheFolder, offline: true },
            { concurrency: 1 },
          ];
          for (const more of pulls) {
            const source = await openRegistrySource(name, { ...options, ...more });
            expect(await convert(source, folder)).toBe(fromDisk);
          }
        }),
    );
  }

  testWith(
    ["docker-registry", "skopeo", "openssl"],
    "that wants a password denies without one and with a wrong one",
    () =>
      withRegistry({ user: USER, tls: true }, async (registry, folder) => {
        registry.push(sampleLayout(folder), `${NAME}:1`);
        const name = `${registry.host}/${NAME}:1`;
        const { credentials, ...options } = optionsFor(registry, { user: USER, tls: true }, folder);
        expect(credentials).toEqual(USER);
        await expectError(inspectRegistryImage(name, AMD64, options), "E_DENIED", "user name and a password");
        const wrong = { ...options, credentials: { ...USER, password: "guess" } };
        await expectError(inspectRegistryImage(name, AMD64, wrong), "E_DENIED", "401", "UNAUTHORIZED");
      }),
  );

  testWith(["docker-registry", "skopeo", "openssl"], "with an authority nobody knows is not trusted", () =>
    withRegistry({ tls: true }, async ({ host }, folder) => {
      const caFile = join(folder, "other.pem");
      const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
      const subject = [
        "-subj",
        "/CN=Another Authority",
        "-keyout",
        join(folder, "other.key"),
        "-out",
        caFile,
      ];
      runOk("openssl", ["req", "-x509", ...newKey, ...subject]);
      const options = { environment: { HOME: folder }, scratchFolder: folder, caFile };
      await expectError(
        inspectRegistryImage(`${host}/a`, AMD64, options),
        "E_NETWORK",
        `https://${host}/`,
        "--ca FILE",
      );
    }),
  );

  testWith(
    ["docker-registry", "skopeo"],
    "tells of an image without its layers, and what it does not have",
    () =>
      withRegistry({}, async (registry, folder) => {
        registry.push(sampleLayout(folder), `${NAME}:1`);
        const name = `${registry.host}/${NAME}:1`;
        const options = optionsFor(registry, {}, folder);
        const inspected = await inspectRegistryImage(name, AMD64, options);
        expect(inspected.reference).toBe(`docker://${name}`);
        expect(inspected.manifests).toEqual([]);
        expect(inspected.image?.manifestDigest).toBe(inspected.digest);
        expect(inspected.image?.layers).toHaveLength(5);
        const gets = registry
          .log()
          .split("\n")
          .filter((line) => line.includes("http.request.method=GET"));
        const asked = (digest = "none") => gets.some((line) => line.includes(digest));
        expect(inspected.image?.layers.map(({ digest }) => asked(digest))).toEqual(Array(5).fill(false));
        expect(asked("/manifests/1")).toBe(true);
        await expectError(
          inspectRegistryImage(`${registry.host}/nobody/nothing`, AMD64, options),
          "E_IMAGE_NOT_FOUND",
          "nobody/nothing",
        );
      }),
  );

  testWith(
    ["docker-registry", "skopeo"],
    "whose clean-up took the manifest and left the index, or took a layer, is told as that",
    () =>
      withRegistry({}, async (registry, folder) => {
        registry.push(sampleLayout(folder), `${NAME}:1`);
        const options = optionsFor(registry, {}, folder);
        const inspect = (tag: string) =>
          inspectRegistryImage(`${registry.host}/${NAME}:${tag}`, AMD64, options);
        const { image, digest, mediaType } = await inspect("1");
        const manifests = `http://${registry.host}/v2/${NAME}/manifests`;
        const { byteLength: size } = await (
          await fetch(`${manifests}/${digest}`, { headers: { accept: mediaType } })
        ).arrayBuffer();
        const type = "application/vnd.oci.image.index.v1+json";
        const platform = { os: "linux", architecture: "amd64" };
        const index = {
          schemaVersion: 2,
          mediaType: type,
          manifests: [{ mediaType, digest, size, platform }],
        };
        const put = { method: "PUT", headers: { "content-type": type }, body: JSON.stringify(index) };
        expect((await fetch(`${manifests}/index`, put)).status).toBe(201);
        expect((await inspect("index")).image?.manifestDigest).toBe(digest);

        const storage = join(folder, "storage/docker/registry/v2");
        const [layer = ""] = image?.layers.map((each) => each.digest) ?? [];
        rmSync(join(storage, "blobs/sha256", layer.slice(7, 9), layer.slice(7)), { recursive: true });
        const source = await openRegistrySource(`${registry.host}/${NAME}:1`, options);
        const lost = "push the image again";
        await expectError(convert(source, folder), "E_IMAGE_NOT_FOUND", `layer 1 ${layer}`, lost);

        rmSync(join(storage, `repositories/${NAME}/_manifests/tags/1`), { recursive: true });
        const config = join(folder, "config.json");
        runOk("docker-registry", ["garbage-collect", "--delete-untagged", config]);
        const said = [`manifest ${digest} for linux/amd64`, lost, "--platform"];
        await expectError(inspect("index"), "E_IMAGE_NOT_FOUND", ...said);
      }),
  );

  testWith(
    ["docker-registry", "skopeo", "openssl"],
    "that another registry redirects to gets the password that is kept for it, over TLS too",
    () =>
      withRegistry({ user: USER, tls: true }, async (registry, folder) => {
        registry.push(sampleLayout(folder), `${NAME}:1`);
        const first = await ScriptedRegistry.start();
        try {
          first.rule(({ url }, response) =>
            sendStatus(response, 307, { location: `https://${registry.host}${url}` }),
          );
          const auth = Buffer.from(`${USER.username}:${USER.password}`).toString("base64");
          const environment = {
            HOME: folder,
            DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { [registry.host]: { auth } } }),
          };
          const insecureHosts = [first.host];
          const { caFile } = registry;
          const given = { username: "other", password: "hidden" };
          const options = { environment, scratchFolder: folder, caFile, insecureHosts, credentials: given };
          const name = `${first.host}/${NAME}:1`;
          const onDisk = { kind: "oci-layout", path: join(folder, "layout") } as const;
          const fromDisk = await convert(await openSource(onDisk, options), folder);
          expect(await convert(await openRegistrySource(name, options), folder)).toBe(fromDisk);
          const none = { ...options, environment: { HOME: folder } };
          await expectError(
            inspectRegistryImage(name, AMD64, none),
            "E_DENIED",
            `docker login ${registry.host}`,
          );
        } finally {
          first.close();
        }
      }),
  );
});
