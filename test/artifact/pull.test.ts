import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type PullOptions, pullArtifact } from "../../src/artifact/pull.ts";
import { pushArtifact } from "../../src/artifact/push.ts";
import { noise, TestTiming } from "../registry/support.ts";
import { makeSigningKey, signedLayer, simpleSigningPayload } from "../support/cosign.ts";
import { expectError } from "../support/expect-error.ts";
import { json, sha256 } from "../support/layout-builder.ts";
import { scratchFolder } from "../support/scratch.ts";
import { sendBroken } from "../support/scripted-registry.ts";
import { until } from "../support/waiting.ts";
import { TakingRegistry } from "./uploads.ts";

const scratch = scratchFolder();
const MAIN = join(import.meta.dir, "../../src/cli/main.ts");
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const MIB = 1 << 20;
/** Contents, a hole of several pieces, and contents again. */
const CONTENTS = noise(2 * MIB, 3);
const LENGTH = 140 * MIB;

let taking: TakingRegistry;
let name = "";

beforeAll(async () => {
  taking = await TakingRegistry.start(false);
  name = `${taking.registry.host}/team/disk:1`;
  mkdirSync(scratch("in"));
  writeFileSync(scratch("in/disk.img"), sparse());
  await pushArtifact(scratch("in/disk.img"), name, { environment: {} });
});
afterAll(() => taking.registry.close());
beforeEach(() => rmSync(scratch("out"), { recursive: true, force: true }));

function sparse(): Buffer {
  const bytes = Buffer.alloc(LENGTH);
  CONTENTS.copy(bytes, MIB);
  CONTENTS.copy(bytes, LENGTH - CONTENTS.length - 5);
  return bytes;
}

function pull(more: Partial<PullOptions> = {}, of = name) {
  return pullArtifact(of, { environment: {}, out: scratch("out"), timing: new TestTiming(), ...more });
}

interface Layer {
  mediaType: string;
  digest: string;
  size: number;
  annotations: Record<string, string>;
}
interface Manifest {
  artifactType?: string;
  config: { mediaType: string; digest: string; size: number };
  layers: Layer[];
}

/** Puts another manifest there, made of the one that was pushed; the name that it gets. */
function changed(change: (manifest: Manifest, first: Layer) => void, tag = "changed"): string {
  const { registry } = taking;
  const manifest = JSON.parse(
    Buffer.from(registry.manifests.get("1")?.bytes ?? []).toString("utf8"),
  ) as Manifest;
  const [first] = manifest.layers;
  if (first !== undefined) change(manifest, first);
  registry.putManifest(json(manifest), MANIFEST, tag);
  return `${registry.host}/team/disk:${tag}`;
}

function withConfig(files: unknown): string {
  return changed((manifest) => {
    Object.assign(manifest.config, taking.registry.putBlob(json({ schemaVersion: 1, files })));
    manifest.layers = [];
  });
}

async function expectNothing(
  attempt: Promise<unknown>,
  ...expected: Parameters<typeof expectError> extends [unknown, ...infer Rest] ? Rest : never
) {
  await expectError(attempt, ...expected);
  expect(existsSync(scratch("out"))).toBe(false);
}

test("holes cost nothing, neither in the registry nor on the disk, and every byte is as it was", async () => {
  const { layers } = JSON.parse(
    Buffer.from(taking.registry.manifests.get("1")?.bytes ?? []).toString(),
  ) as Manifest;
  // The one in between is all zeros.
  const offsets = layers.map(({ annotations }) => annotations["docker2vm.offset"]);
  expect(offsets).toEqual(["0", String(128 * MIB)]);
  const { paths, apparentBytes } = await pull();
  expect(paths).toEqual([scratch("out/disk.img")]);
  expect(apparentBytes).toBe(LENGTH);
  expect(readFileSync(scratch("out/disk.img")).equals(sparse())).toBe(true);
  expect(statSync(scratch("out/disk.img")).blocks * 512).toBeLessThan(5 * MIB);
});

test("what breaks off goes on where it was", async () => {
  const { registry } = taking;
  let breaks = 0;
  registry.rule(({ url, range }, response) => {
    const blob = registry.blobs.get(/blobs\/(sha256:\w+)$/.exec(url)?.[1] ?? "");
    if (blob === undefined || blob.length < MIB || range !== undefined || breaks++ > 0) return false;
    sendBroken(response, blob, 300_000);
    return true;
  });
  await pull();
  expect(breaks).toBeGreaterThan(0);
  expect(registry.seen.some(({ range }) => range !== undefined)).toBe(true);
  expect(readFileSync(scratch("out/disk.img")).equals(sparse())).toBe(true);
});

test("what is there stays without --force, and is replaced with it", async () => {
  mkdirSync(scratch("out"));
  writeFileSync(scratch("out/disk.img"), "mine");
  await expectError(pull(), "E_OUTPUT_EXISTS", "--force");
  expect(readFileSync(scratch("out/disk.img"), "utf8")).toBe("mine");
  await pull({ force: true });
  expect(statSync(scratch("out/disk.img")).size).toBe(LENGTH);
});

test("a pull that is killed leaves no file, and the next one makes it", async () => {
  const { registry } = taking;
  let held = false;
  registry.rule(({ url }, response) => {
    const blob = registry.blobs.get(/blobs\/(sha256:\w+)$/.exec(url)?.[1] ?? "");
    if (held || blob === undefined || blob.length < MIB) return false;
    held = true;
    response.setHeader("content-length", blob.length);
    response.write(blob.subarray(0, MIB));
    return true;
  });
  const child = spawn(process.execPath, [MAIN, "pull", name, "--out", scratch("out")], { stdio: "ignore" });
  const ended = new Promise((resolve) => child.on("close", resolve));
  await until(() => held);
  child.kill("SIGKILL");
  await ended;
  expect(existsSync(scratch("out/disk.img"))).toBe(false);
  await pull();
  expect(readdirSync(scratch("out"))).toEqual(["disk.img"]);
});

describe("damage is found, and nothing is written", () => {
  test("of a chunk as it is stored", async () => {
    const { registry } = taking;
    let damaged = false;
    const of = changed((_, first) => {
      const bytes = Buffer.from(registry.blobs.get(first.digest) ?? []);
      bytes[bytes.length - 9] = (bytes.at(-9) ?? 0) ^ 1;
      registry.rule(({ url }, response) => {
        if (damaged || !url.endsWith(first.digest)) return false;
        damaged = true;
        response.end(bytes);
        return true;
      });
    });
    await expectNothing(pull({}, of), "E_DIGEST_MISMATCH", "disk.img at 0");
  });

  test("of its plain bytes, of their number, of gzip that ends early or is none", async () => {
    const store = (first: Layer, bytes: Uint8Array) => Object.assign(first, taking.registry.putBlob(bytes));
    const plain = sparse().subarray(0, 64 * MIB);
    const other = Buffer.from(plain);
    other[5 * MIB] = 1;
    await expectNothing(
      pull(
        {},
        changed((_, first) => store(first, gzipSync(other, { level: 1 }))),
      ),
      "E_DIGEST_MISMATCH",
      "plain bytes",
    );
    const longer = gzipSync(Buffer.alloc(65 * MIB), { level: 1 });
    await expectNothing(
      pull(
        {},
        changed((_, first) => store(first, longer)),
      ),
      "E_SIZE_MISMATCH",
      "more come",
    );
    const shorter = gzipSync(plain.subarray(1), { level: 1 });
    await expectNothing(
      pull(
        {},
        changed((_, first) => store(first, shorter)),
      ),
      "E_SIZE_MISMATCH",
      `${plain.length - 1} came`,
    );
    const none = changed((_, first) => store(first, noise(1000, 9)));
    await expectNothing(pull({}, none), "E_BAD_COMPRESSION", "disk.img at 0");
  });
});

describe("an artifact that lies is refused before anything is fetched", () => {
  for (const [what, change, ...said] of [
    ["a piece of another file", { "docker2vm.file": "passwd" }, "does not list"],
    ["a piece behind the end", { "docker2vm.offset": String(LENGTH) }, "ends behind"],
    ["two pieces in one place", { "docker2vm.offset": String(70 * MIB) }, "two layers have byte"],
    ["a piece of nothing", { "docker2vm.size": "0" }, "has 0 bytes"],
    ["a piece that is larger than any", { "docker2vm.size": String(2 ** 40) }, "expected 1 to"],
    ["a number in another form", { "docker2vm.size": "1e6" }, "is not a number of bytes"],
    ["a number below zero", { "docker2vm.offset": "-1" }, "is not a number of bytes"],
    ["no digest", { "docker2vm.digest": "sha256:abc" }, "is not a digest"],
  ] as const) {
    test(what, async () => {
      const of = changed((_, first) => Object.assign(first.annotations, change));
      await expectNothing(pull({}, of), "E_BAD_MANIFEST", ...said);
    });
  }

  for (const file of ["../escape", "/etc/passwd", ".docker2vm-commit", "a/b", "..", "", "a\nb"]) {
    test(`a file called ${JSON.stringify(file)}`, async () => {
      await expectNothing(pull({}, withConfig([{ name: file, size: 1 }])), "E_BAD_MANIFEST", "plain name");
    });
  }

  test("a file of which nobody can say whether it is a program", async () => {
    const files = [{ name: "a", size: 1, executable: "yes" }];
    await expectNothing(pull({}, withConfig(files)), "E_BAD_MANIFEST", "expected true or false");
  });

  test("no files, two of one name", async () => {
    await expectNothing(pull({}, withConfig([])), "E_BAD_MANIFEST", "lists 0 files");
    const twice = [
      { name: "a", size: 1 },
      { name: "a", size: 1 },
    ];
    await expectNothing(pull({}, withConfig(twice)), "E_BAD_MANIFEST", "two files of one name");
  });

  test("a container image, an artifact of another kind, an index", async () => {
    const config = "application/vnd.oci.image.config.v1+json";
    const image = changed(({ config: descriptor }) => Object.assign(descriptor, { mediaType: config }));
    await expectNothing(pull({}, image), "E_UNSUPPORTED", "a container image", "docker2vm convert");
    const other = changed((manifest) => {
      manifest.artifactType = "application/x.sbom";
      manifest.config.mediaType = "application/vnd.oci.empty.v1+json";
    });
    await expectNothing(pull({}, other), "E_UNSUPPORTED", "application/x.sbom");
    const index = { schemaVersion: 2, manifests: [] };
    taking.registry.putManifest(json(index), "application/vnd.oci.image.index.v1+json", "index");
    await expectNothing(pull({}, `${taking.registry.host}/team/disk:index`), "E_UNSUPPORTED", "an index");
  });
});

test("a signature is demanded with --verify-key before anything is fetched", async () => {
  const { registry } = taking;
  const key = makeSigningKey();
  writeFileSync(scratch("key.pem"), key.publicPem);
  const demanded = { verifyKeyFile: scratch("key.pem") };
  await expectNothing(pull(demanded), "E_SIGNATURE", "bears no signature");
  const digest = sha256(registry.manifests.get("1")?.bytes ?? new Uint8Array());
  const payload = simpleSigningPayload(digest);
  const config = { mediaType: "application/vnd.oci.image.config.v1+json", ...registry.putBlob(json({})) };
  const layers = [signedLayer(payload, registry.putBlob(payload), key)];
  const signature = json({ schemaVersion: 2, mediaType: MANIFEST, config, layers });
  registry.putManifest(signature, MANIFEST, `${digest.replace(":", "-")}.sig`);
  await pull(demanded);
  expect(statSync(scratch("out/disk.img")).size).toBe(LENGTH);
});
