import { beforeAll, describe, expect, test } from "bun:test";
import { cpSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { pullArtifact } from "../../src/artifact/pull.ts";
import { convert } from "../../src/convert/convert.ts";
import { planConversion } from "../../src/convert/dry-run.ts";
import type { ConvertOptions } from "../../src/convert/options.ts";
import { TakingRegistry } from "../artifact/uploads.ts";
import { noise } from "../registry/support.ts";
import { makeSigningKey, signedLayer, signInLayout, simpleSigningPayload } from "../support/cosign.ts";
import { withRegistry } from "../support/docker-registry.ts";
import { expectError } from "../support/expect-error.ts";
import { addToIndex, buildLayout, json, sha256 } from "../support/layout-builder.ts";
import { testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { sendStatus } from "../support/scripted-registry.ts";
import { tar } from "../support/tar-builder.ts";

const scratch = scratchFolder();
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const key = makeSigningKey();

beforeAll(() => {
  const layers = [
    tar([
      { path: "noise", data: noise(1 << 20, 1) },
      { path: "bin/app", data: "app", pax: { "SCHILY.xattr.": "v" } },
    ]),
  ];
  const { manifest } = buildLayout(scratch("image"), { layers, tag: "1", config: { Cmd: ["/bin/app"] } });
  cpSync(scratch("image"), scratch("signed"), { recursive: true });
  const signature = signInLayout(scratch("signed"), simpleSigningPayload(manifest.digest), key);
  const name = `${manifest.digest.replace(":", "-")}.sig`;
  addToIndex(scratch("signed"), { ...signature, annotations: { "org.opencontainers.image.ref.name": name } });
  writeFileSync(scratch("key.pem"), key.publicPem);
});

const OPTIONS = {
  platform: "linux/amd64",
  filesystem: { size: 24 << 20 },
  profile: { name: "init" },
} as const satisfies Partial<ConvertOptions>;

/** Converts on a machine of its own: with no cache but the one that is given. */
async function converted(source: string, more: Partial<ConvertOptions>) {
  const out = mkdtempSync(scratch("vm-"));
  const result = await convert({ ...OPTIONS, ...more, source, out });
  const names = readdirSync(out).sort();
  const files = Object.fromEntries(names.map((name) => [name, sha256(readFileSync(join(out, name)))]));
  return { ...result, files, out };
}

async function keyOf(source: string): Promise<string> {
  const { resultKey } = await planConversion({ ...OPTIONS, source, out: scratch("planned") });
  return resultKey?.replace("sha256:", "") ?? "";
}

testWith(["docker-registry", "skopeo"], "a result of one machine is another's", () =>
  withRegistry({}, async ({ host, push, log }) => {
    push(`oci:${scratch("image")}:1`, "team/app:1");
    const source = `docker://${host}/team/app:1`;
    const [from, pushTo] = [`${host}/team/cache`, `${host}/team/cache`];
    const first = await converted(source, { results: { from, pushTo } });
    expect([first.reused, first.warnings]).toEqual([undefined, [expect.stringContaining("layer 1")]]);
    const asked = log().length;
    const cacheFolder = scratch("second");
    const second = await converted(source, { results: { cacheFolder, copies: true, from, pushTo } });
    expect(second.reused).toBe("remote-cache");
    expect(second.files).toEqual(first.files);
    expect(second.warnings).toEqual(first.warnings);
    // No layer of the image was asked for, and nothing sent.
    const [layer] = first.metadata.layers;
    expect(log().slice(asked)).not.toContain(layer?.digest ?? "");
    expect(log().slice(asked)).not.toMatch(/"(?:POST|PUT|PATCH)\b|http\.request\.method=(?:POST|PUT|PATCH)/);
    // It is kept on that machine, too; on a third the image comes from elsewhere, and has launch files beside it.
    expect((await converted(source, { results: { cacheFolder } })).reused).toBe("result-cache");
    const more = { launch: { monitors: ["qemu"] }, writableDisk: { size: 16 << 20 } } as const;
    const fresh = await converted(`oci:${scratch("image")}`, more);
    const third = await converted(`oci:${scratch("image")}`, { ...more, results: { from } });
    expect([third.reused, third.files]).toEqual([
      "remote-cache",
      { ...fresh.files, "qemu.sh": third.files["qemu.sh"] ?? "" },
    ]);
    // Whoever wants to pulls it as what it is.
    const tag = `result-${await keyOf(source)}`;
    await pullArtifact(`${from}:${tag}`, { environment: {}, out: scratch("pulled") });
    for (const name of ["rootfs.ext4", "meta.json", "bootstrap.json"]) {
      expect([name, sha256(readFileSync(scratch("pulled", name)))]).toEqual([name, first.files[name] ?? ""]);
    }
  }),
);

describe("a repository of results", () => {
  const image = () => `oci:${scratch("image")}`;

  async function taking(use: (taking: TakingRegistry, place: string) => Promise<void>) {
    const registry = await TakingRegistry.start(false);
    try {
      await use(registry, `${registry.registry.host}/team/cache`);
    } finally {
      registry.registry.close();
    }
  }

  test("that fails is a warning, and the image is converted", () =>
    taking(async ({ registry }, place) => {
      const fresh = await converted(image(), {});
      const { host } = registry;
      const failing = async (word: string) => {
        const results = { from: place, pushTo: place };
        const { reused, warnings, files } = await converted(image(), { results });
        expect([reused, files]).toEqual([undefined, fresh.files]);
        const told = warnings.filter((warning) => warning.includes(word));
        expect(told.map((warning) => warning.split(": ").at(-1))).toEqual([
          "the image is converted",
          "the result is not put into the registry",
        ]);
      };
      registry.rule((_, response) => sendStatus(response, 403, {}, "DENIED", "not for you"));
      await failing("not for you");
      registry.close();
      await failing(host);
    }));

  test("has nothing that is taken for what it is not", () =>
    taking(async ({ registry }, place) => {
      const { files } = await converted(image(), { results: { pushTo: place } });
      const tag = `result-${await keyOf(image())}`;
      const good = registry.manifests.get(tag)?.bytes ?? Buffer.alloc(0);
      const put = (change: (manifest: ReturnType<typeof JSON.parse>) => unknown) => {
        const manifest = JSON.parse(Buffer.from(good).toString());
        change(manifest);
        registry.putManifest(json(manifest), MANIFEST, tag);
      };
      const isMetadata = ({ mediaType }: { mediaType: string }) => mediaType.includes("meta.v1+json");
      const changes: readonly (readonly [string, Parameters<typeof put>[0]])[] = [
        ["is not what its tag says", ({ annotations }) => delete annotations["docker2vm.key"]],
        [
          "is not what its tag says",
          ({ annotations }) => (annotations["docker2vm.key"] = sha256(Buffer.of())),
        ],
        ["docker2vm.warnings", ({ annotations }) => (annotations["docker2vm.warnings"] = "{")],
        [
          "describes another image",
          (manifest) => {
            const layer = manifest.layers.find(isMetadata);
            const bytes = Buffer.from(registry.blobs.get(layer.digest) ?? []);
            const other = Buffer.from(bytes.toString().replace("/bin/app", "/bin/bad"));
            Object.assign(layer, registry.putBlob(other));
            layer.annotations["docker2vm.digest"] = layer.digest;
          },
        ],
        [
          "meta.json has 3221225472 bytes",
          (manifest) => {
            const listed = JSON.parse(
              Buffer.from(registry.blobs.get(manifest.config.digest) ?? []).toString(),
            );
            const metadata = listed.files.find(({ name }: { name: string }) => name === "meta.json");
            metadata.size = 3 * 2 ** 30;
            Object.assign(manifest.config, registry.putBlob(json(listed)));
          },
        ],
        ["hash", ({ layers }) => (layers[0].annotations["docker2vm.digest"] = sha256(Buffer.of()))],
      ];
      for (const [word, change] of changes) {
        put(change);
        const result = await converted(image(), { results: { from: place } });
        expect([word, result.reused, result.files]).toEqual([word, undefined, files]);
        expect(result.warnings.join("\n")).toContain(word);
      }
      put(() => undefined);
      expect((await converted(image(), { results: { from: place } })).reused).toBe("remote-cache");
      // What is of no use gives way to what was made in its place: also a piece that says to be another one.
      put(({ layers }) => Object.assign(layers[0], registry.putBlob(gzipSync("another disk"))));
      const again = { results: { from: place, pushTo: place } };
      expect((await converted(image(), again)).reused).toBeUndefined();
      expect((await converted(image(), again)).reused).toBe("remote-cache");
    }));

  test("must bear the signature that is demanded of the image", () =>
    taking(async ({ registry }, place) => {
      await converted(image(), { results: { pushTo: place } });
      const demanded = { results: { from: place }, registry: { verifyKeyFile: scratch("key.pem") } };
      const signed = `oci:${scratch("signed")}:1`;
      const unsigned = await converted(signed, demanded);
      expect([unsigned.reused, unsigned.warnings.join("\n")]).toEqual([
        undefined,
        expect.stringContaining("bears no signature"),
      ]);
      const digest = sha256(
        registry.manifests.get(`result-${await keyOf(image())}`)?.bytes ?? new Uint8Array(),
      );
      const payload = simpleSigningPayload(digest);
      const config = { mediaType: "application/vnd.oci.image.config.v1+json", ...registry.putBlob(json({})) };
      const layers = [signedLayer(payload, registry.putBlob(payload), key)];
      const signature = json({ schemaVersion: 2, mediaType: MANIFEST, config, layers });
      registry.putManifest(signature, MANIFEST, `${digest.replace(":", "-")}.sig`);
      expect((await converted(signed, demanded)).reused).toBe("remote-cache");
    }));

  test("is a name without a tag, of a server that may be asked", async () => {
    const options = { ...OPTIONS, source: image(), out: scratch("vm") };
    await expectError(convert({ ...options, results: { from: "r.io/cache:1" } }), "E_USAGE", "r.io/cache");
    const offline = { registry: { offline: true }, results: { pushTo: "r.io/cache" } };
    await expectError(convert({ ...options, ...offline }), "E_USAGE", "--offline");
  });
});
