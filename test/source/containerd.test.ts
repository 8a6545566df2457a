/** Images in the content store of a real containerd, read while it runs. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Bucket } from "../../src/bolt/bucket.ts";
import { readDatabase } from "../../src/bolt/database.ts";
import { convert } from "../../src/convert/convert.ts";
import { inspectImage } from "../../src/convert/inspect-image.ts";
import { Docker2vmError } from "../../src/errors.ts";
import { CONTAINERD, type Containerd, startContainerd } from "../support/containerd.ts";
import { expectError } from "../support/expect-error.ts";
import { type BuiltImage, buildLayout, json, writeBlob, writeIndex } from "../support/layout-builder.ts";
import { runOk, testWith } from "../support/oracles.ts";
import { lacksOf } from "../support/programs.ts";
import { scratchFolder } from "../support/scratch.ts";
import { tar } from "../support/tar-builder.ts";

const scratch = scratchFolder();
const NAME = "docker.io/library/app:1";
const TAGS = 300;
const MAIN = join(import.meta.dir, "../../src/cli/main.ts");
const INDEX_TYPE = "application/vnd.oci.image.index.v1+json";

let containerd: Containerd;
let images: readonly BuiltImage[];
let index: string;

beforeAll(async () => {
  if (lacksOf(CONTAINERD).length > 0) return;
  const folder = scratch("layout");
  images = ["amd64", "arm64"].map((architecture) =>
    buildLayout(folder, {
      layers: [tar([{ path: "arch", data: architecture }]), tar([{ path: "upper", data: "x" }])],
      created: "2024-05-06T07:08:09Z",
      platform: { os: "linux", architecture },
    }),
  );
  const manifests = images.map(({ manifest }, i) => ({
    ...manifest,
    platform: { os: "linux", architecture: ["amd64", "arm64"][i] },
  }));
  const whole = writeBlob(folder, json({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests }), INDEX_TYPE);
  writeIndex(folder, [{ ...whole, annotations: { "io.containerd.image.name": NAME } }]);
  index = whole.digest;
  runOk("tar", ["-C", folder, "-cf", scratch("image.tar"), "."]);
  containerd = await startContainerd(scratch("containerd"));
  containerd.ctr("images", "import", "--no-unpack", "--all-platforms", scratch("image.tar"));
  containerd.ctr(
    "--namespace",
    "k8s.io",
    "images",
    "import",
    "--no-unpack",
    "--all-platforms",
    scratch("image.tar"),
  );
  containerd.ctr("--namespace", "k8s.io", "images", "tag", NAME, "registry.example:5000/only/here:2");
});
afterAll(() => containerd?.stop());

const reference = (name: string, namespace = "", root = containerd.root) =>
  `containerd:[${namespace}@${root}]${name}`;

let outs = 0;

async function made(source: string, platform: string) {
  const out = scratch(`out${outs++}`);
  const { rootfsPath, metadata } = await convert({ source, out, platform, filesystem: { size: "min" } });
  return { bytes: readFileSync(rootfsPath).toString("latin1"), digest: metadata.sourceDigest };
}

describe("an image of containerd's", () => {
  testWith(CONTAINERD, "is the one of the layout it came from, by any of its names", async () => {
    for (const platform of ["linux/amd64", "linux/arm64"]) {
      const wanted = await made(`oci:${scratch("layout")}`, platform);
      for (const name of ["app:1", NAME, `@${index}`, `app:1@${index}`]) {
        expect([name, await made(reference(name), platform)]).toEqual([name, wanted]);
      }
    }
    const [one] = images;
    const { image } = await inspectImage({
      source: reference(`@${one?.manifest.digest}`),
      platform: "linux/amd64",
    });
    expect(image?.digest).toBe(one?.manifest.digest ?? "");
  });

  testWith(CONTAINERD, "is looked for in the namespace that is meant", async () => {
    const inspect = (...args: readonly string[]) =>
      runOk(
        process.execPath,
        ["--no-env-file", MAIN, "inspect-image", "--platform", "linux/arm64", ...args],
        {
          env: { CONTAINERD_NAMESPACE: args.length > 1 ? "none" : "k8s.io" },
        },
      );
    const name = "registry.example:5000/only/here:2";
    const told = inspect(`containerd:[@${containerd.root}]${name}`);
    expect(told).toContain(images[1]?.manifest.digest ?? "");
    expect(
      inspect("--namespace", "k8s.io", `containerd:[${containerd.root}]${name}`).split("\n").slice(1),
    ).toEqual(told.split("\n").slice(1));
    await expectError(inspectImage({ source: reference(name) }), "E_IMAGE_NOT_FOUND", "--namespace k8s.io");
    await expectError(inspectImage({ source: reference("no:1") }), "E_IMAGE_NOT_FOUND", '"default"', NAME);
  });

  testWith(CONTAINERD, "is read while names come and go by the hundred", async () => {
    const database = join(containerd.root, "io.containerd.metadata.v1.bolt/meta.db");
    const many = ["--namespace", "many", "images"];
    const count = () =>
      readDatabase(database, (root) => {
        const stored = root.bucket("v1")?.bucket("many")?.bucket("images");
        return [...(stored?.entries() ?? [])].filter(({ value }) => value instanceof Bucket).length;
      });
    containerd.ctr(...many, "import", "--no-unpack", scratch("image.tar"));
    // Until one of them has been read between two of their transactions.
    let between = false;
    for (let round = 0; !between; round++) {
      const names = Array.from({ length: TAGS }, (_, i) => `example.com/${"long".repeat(20)}/${round}:${i}`);
      const tagging = Bun.spawn([...containerd.command, ...many, "tag", NAME, ...names]);
      while (tagging.exitCode === null) {
        const found = count();
        expect(found).toBeWithin(1, TAGS + 2);
        between ||= found > 1 && found <= TAGS;
        await Bun.sleep(0);
      }
      expect(count()).toBe(TAGS + 1);
      containerd.ctr(...many, "rm", ...names);
      expect(count()).toBe(1);
    }
  });

  testWith(CONTAINERD, "that is not whole is refused", async () => {
    const root = scratch("copy");
    const copy = () => cpSync(containerd.root, root, { recursive: true, force: true });
    copy();
    const blob = (digest = "") =>
      join(root, "io.containerd.content.v1.content/blobs/sha256", digest.slice("sha256:".length));
    const refused = (code: Docker2vmError["code"], ...said: readonly string[]) =>
      expectError(made(reference("app:1", "", root), "linux/amd64"), code, ...said);
    rmSync(blob(images[0]?.layers[1]?.digest));
    await refused("E_BAD_MANIFEST", "layer 2", "discard_unpacked_layers");
    copy();
    writeFileSync(blob(images[0]?.layers[0]?.digest), "x", { flag: "r+" });
    await refused("E_DIGEST_MISMATCH", "layer 1");
    rmSync(blob(index));
    await refused("E_BAD_MANIFEST", index);
    await expectError(made(reference(`@${index}`, "", root), "linux/amd64"), "E_IMAGE_NOT_FOUND", index);
    rmSync(root, { recursive: true });
    await refused("E_IMAGE_NOT_FOUND", "keeps no images there");
    expect(existsSync(scratch(`out${outs - 1}`))).toBe(false);
  });

  testWith(CONTAINERD, "whose database is damaged is found, or the error says that it is", async () => {
    const whole = readFileSync(join(containerd.root, "io.containerd.metadata.v1.bolt/meta.db"));
    const path = scratch("broken/io.containerd.metadata.v1.bolt/meta.db");
    mkdirSync(dirname(path), { recursive: true });
    const find = (bytes: Uint8Array): string => {
      writeFileSync(path, bytes);
      try {
        return readDatabase(path, (root) => {
          const image = root.bucket("v1")?.bucket("default")?.bucket("images")?.bucket(NAME);
          return Buffer.from(image?.bucket("target")?.value("digest") ?? []).toString("latin1");
        });
      } catch (error) {
        if (error instanceof Docker2vmError) return error.code;
        throw error;
      }
    };
    const broken = (at: number) =>
      find(Buffer.concat([whole.subarray(0, at), Buffer.of(1), whole.subarray(at + 1)]));
    expect(find(whole)).toBe(index);
    for (const length of [0, 1, 4096, 8192, 3 * 4096]) {
      expect([length, find(whole.subarray(0, length))]).toEqual([length, "E_BAD_MANIFEST"]);
    }
    // Of one meta page the other is left, which knows the same names or fewer.
    expect(find(Buffer.concat([Buffer.alloc(4096), whole.subarray(4096)]))).toBe(index);
    expect(find(Buffer.concat([Buffer.alloc(8192), whole.subarray(8192)]))).toBe("E_BAD_MANIFEST");

    const seed = Math.trunc(Math.random() * 2 ** 31);
    const numbers = numbersFrom(seed);
    for (let i = 0; i < 400; i++) {
      const found = broken(numbers(whole.length));
      if (!["E_BAD_MANIFEST", ""].includes(found))
        expect([seed, i, found.length]).toEqual([seed, i, index.length]);
    }
    truncateSync(path, 0);
    const source = reference("app:1", "", scratch("broken"));
    await expectError(inspectImage({ source }), "E_BAD_MANIFEST", "meta.db", "it is empty");
  });
});

test("without containerd the error says where it was looked for", async () => {
  const root = scratch("nowhere");
  await expectError(inspectImage({ source: `containerd:[${root}]x` }), "E_IMAGE_NOT_FOUND", root, "k3s");
});

/** Whole numbers below a bound, the same of one seed each time. */
function numbersFrom(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state % bound;
  };
}
