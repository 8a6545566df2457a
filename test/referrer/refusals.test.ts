/** What registries refuse, what others have put there, and what is not taken. */
import { afterEach, describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import {
  type PullImageOptions,
  type PushImageOptions,
  pullImage,
  pushImage,
  signImage,
} from "../../src/artifact/library.ts";
import { TakingRegistry } from "../artifact/uploads.ts";
import { BUNDLE, makeSigningKey, signedBundle, statementOf } from "../support/cosign.ts";
import { expectError } from "../support/expect-error.ts";
import { json, sha256 } from "../support/layout-builder.ts";
import { scratchFolder } from "../support/scratch.ts";
import { type ScriptedRegistry, sendStatus } from "../support/scripted-registry.ts";

const scratch = scratchFolder();
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";
const EMPTY = "application/vnd.oci.empty.v1+json";
const KEY = makeSigningKey();
const OTHER = makeSigningKey();
const SLSA = "https://slsa.dev/provenance/v1";
const ELSEWHERE = `sha256:${"0".repeat(64)}`;

let open: ScriptedRegistry[] = [];
afterEach(() => {
  for (const registry of open) registry.close();
  open = [];
  for (const folder of ["out", "docs"]) rmSync(scratch(folder), { recursive: true, force: true });
});

/** A registry with a disk in it, and the keys in files. */
async function scene(listsReferrers: boolean, more: Partial<PushImageOptions> = {}) {
  const { registry } = await TakingRegistry.start(listsReferrers);
  open.push(registry);
  mkdirSync(scratch("in"), { recursive: true });
  writeFileSync(scratch("in/disk.img"), "a disk");
  for (const [name, key] of Object.entries({ key: KEY, other: OTHER })) {
    writeFileSync(scratch(`in/${name}`), key.privateKey.export({ type: "pkcs8", format: "pem" }));
    writeFileSync(scratch(`in/${name}.pub`), key.publicPem);
  }

  writeFileSync(scratch("in/sbom.json"), "[]");
  const reference = `${registry.host}/team/disk:1`;
  const push = (again: Partial<PushImageOptions> = {}) =>
    pushImage({ image: scratch("in/disk.img"), reference, ...more, ...again });
  const pull = (options: Partial<PullImageOptions> = {}) =>
    pullImage({ reference, out: scratch("out"), attachments: scratch("docs"), force: true, ...options });
  return { registry, reference, push, pull, digest: (await push()).digest };
}

const sbom = () => ({ file: scratch("in/sbom.json"), mediaType: "application/spdx+json" });
const signing = () => ({ keyFile: scratch("in/key") });

/** Hangs something at a manifest as anybody can who may write, several times if that is said. */
function hang(
  registry: ScriptedRegistry,
  about: string,
  mediaType: string,
  bytes: Buffer,
  title?: string,
  times = 1,
) {
  const blob = registry.putBlob(bytes);
  const annotations = title === undefined ? {} : { "org.opencontainers.image.title": title };
  const manifest = json({
    schemaVersion: 2,
    mediaType: MANIFEST,
    artifactType: mediaType,
    config: { mediaType: EMPTY, ...registry.putBlob(json({})) },
    layers: Array(times).fill({ mediaType, ...blob, annotations }),
    subject: { mediaType: MANIFEST, digest: about, size: 1 },
  });
  return { mediaType: MANIFEST, digest: registry.putManifest(manifest, MANIFEST), size: manifest.length };
}

describe("documents", () => {
  for (const listsReferrers of [true, false]) {
    const how = listsReferrers ? "that the registry lists" : "under the tag that stands in for the list";
    test(`${how} are taken, with a key those alone that it has signed`, async () => {
      const { registry, pull, digest } = await scene(listsReferrers, {
        attachments: [sbom()],
        signing: signing(),
      });
      const report = hang(registry, digest, "text/plain", Buffer.from("fine"), "report.txt");
      const provenance = statementOf(digest, { predicateType: SLSA });
      const good = hang(registry, digest, BUNDLE, signedBundle(provenance, KEY), "provenance.json");
      const foreign = hang(registry, digest, BUNDLE, signedBundle(provenance, OTHER));
      // A signature of the manifest itself is no document.
      const message = { messageSignature: { signature: "AAAA" }, verificationMaterial: { publicKey: {} } };
      const signature = hang(registry, digest, BUNDLE, json({ mediaType: BUNDLE, ...message }));
      const away = statementOf(ELSEWHERE, { predicateType: SLSA });
      const moved = hang(registry, digest, BUNDLE, signedBundle(away, KEY));
      const unsigned = hang(registry, digest, "application/vnd.in-toto+json", away);
      if (!listsReferrers) {
        const tag = digest.replace(":", "-");
        const index = JSON.parse(Buffer.from(registry.manifests.get(tag)?.bytes ?? []).toString("utf8"));
        const strange = hang(registry, ELSEWHERE, "text/plain", Buffer.from("of another"));
        index.manifests.push(report, good, foreign, signature, moved, unsigned, strange);
        registry.putManifest(json(index), INDEX, tag);
      }
      const reasons = (refused: readonly { reason: string }[]) =>
        refused.map(({ reason }) => reason).join("\n");

      const all = await pull();
      expect(readdirSync(scratch("docs")).sort()).toEqual(
        ["provenance.json", "report.txt", "sbom.json", foreign]
          .map((each) => (typeof each === "string" ? each : expect.stringMatching(/^[0-9a-f]{64}$/)))
          .sort(),
      );
      expect(all.refused).toHaveLength(listsReferrers ? 2 : 3);
      expect(reasons(all.refused)).toContain(`is not of ${digest}`);
      if (!listsReferrers) expect(reasons(all.refused)).toContain(`about ${ELSEWHERE}, not ${digest}`);

      rmSync(scratch("docs"), { recursive: true });
      const trusted = await pull({ verifyKeyFile: scratch("in/key.pub") });
      expect(readdirSync(scratch("docs")).sort()).toEqual(["provenance.json", "sbom.json"]);
      expect(trusted.refused).toHaveLength(listsReferrers ? 4 : 5);
      expect(reasons(trusted.refused)).toMatch(/bears no signature[\s\S]*not signed by the key given/);
    });
  }

  test("with a title that leads elsewhere get their digest for a name, as one does whose name is taken", async () => {
    const { registry, pull, digest } = await scene(true);
    const text = ["../up", "/etc/passwd", ".hidden", "a\nb", "same", "same", "é".repeat(200)];
    for (const [i, title] of text.entries()) hang(registry, digest, "text/plain", Buffer.from(`${i}`), title);
    await pull();
    expect(readdirSync(scratch("docs")).filter((name) => /^[0-9a-f]{64}$/.test(name))).toHaveLength(6);
    expect(readdirSync(scratch("docs"))).toContain("same");
  });

  test("of which one manifest brings more than is looked at are not taken", async () => {
    const { registry, pull, digest } = await scene(true);
    hang(registry, digest, "text/plain", Buffer.from("again"), undefined, 101);
    await expectError(pull(), "E_LIMIT", "than is looked at", "without its documents");
  });

  test("have a folder of their own", async () => {
    const { registry, pull } = await scene(true, { attachments: [sbom()] });
    const before = registry.seen.length;
    const attachments = `${scratch("docs")}/../out/`;
    await expectError(pull({ attachments }), "E_USAGE", "among its files", "--attachments");
    expect(registry.seen).toHaveLength(before);
  });

  test("that were changed in the registry end the pull, and nothing is written", async () => {
    const { registry, pull } = await scene(true, { attachments: [sbom()], signing: signing() });
    registry.rule(({ url }, response) => {
      if (!url.endsWith(sha256(Buffer.from("[]")))) return false;
      response.end("{}");
      return true;
    });
    await expectError(pull({ verifyKeyFile: scratch("in/key.pub") }), "E_DIGEST_MISMATCH");
    expect(readdirSync(scratch()).sort()).toEqual(["in"]);
  });

  test("that cannot be hung there are refused before anything is sent", async () => {
    const { registry, push } = await scene(true);
    const before = registry.seen.length;
    writeFileSync(scratch("in/.hidden"), "");
    for (const [attachments, code, said] of [
      [[{ ...sbom(), mediaType: "json" }], "E_USAGE", "not a media type"],
      [[sbom(), { ...sbom(), mediaType: "text/plain" }], "E_USAGE", "two of them"],
      [[{ ...sbom(), file: scratch("in/.hidden") }], "E_USAGE", "no name for others"],
      [[{ ...sbom(), file: scratch("in") }], "E_IO", "it is a folder"],
      [[{ ...sbom(), file: scratch("nowhere") }], "E_IO", "nowhere: there is no such file"],
    ] as const) {
      await expectError(push({ attachments }), code, said);
    }
    await expectError(push({ provenance: true }), "E_USAGE", "there is no meta.json", "--provenance");
    await expectError(push({ signing: { keyFile: scratch("in/key.pub") } }), "E_USAGE", "is a public key");
    expect(registry.seen).toHaveLength(before);
  });
});

describe("a registry that refuses", () => {
  test("to be written to is told of as that, and nothing is signed", async () => {
    const { registry, reference } = await scene(true);
    registry.rule(({ method }, response) =>
      ["POST", "PUT"].includes(method) ? sendStatus(response, 403, {}, "DENIED", "read only") : false,
    );
    await expectError(signImage({ reference, ...signing() }), "E_DENIED", "read only", "who may write there");
  });

  test("to change the tags of signatures and of what refers to an image says which way is left", async () => {
    const { registry, push, digest } = await scene(false);
    registry.rule(({ method, url }, response) => {
      const tag = /manifests\/(sha256-.*)$/.exec(url)?.[1];
      if (method !== "PUT" || tag === undefined || !registry.manifests.has(tag)) return false;
      return sendStatus(response, 409, {}, "DENIED", "immutable");
    });
    await expectError(
      push({ signing: { ...signing(), formats: ["bundle"] }, attachments: [sbom()] }),
      "E_DENIED",
      "stands in for it",
    );
    await signImage({ reference: `${registry.host}/team/disk@${digest}`, ...signing(), formats: ["simple"] });
    const again = { keyFile: scratch("in/other"), formats: ["simple"] as const };
    await expectError(
      signImage({ reference: `${registry.host}/team/disk@${digest}`, ...again }),
      "E_DENIED",
      "--signature-format bundle",
    );
  });

  for (const status of [400, 403, 409, 412]) {
    test(`with ${status} to change a tag keeps it, and an equal one is no change`, async () => {
      const { registry, push, digest } = await scene(true);
      registry.rule(({ method, url }, response) =>
        method === "PUT" && url.endsWith("/manifests/1")
          ? sendStatus(response, status, {}, "TAG_INVALID", "immutable")
          : false,
      );
      expect((await push()).digest).toBe(digest);
      writeFileSync(scratch("in/disk.img"), "another disk");
      await expectError(push(), "E_DENIED", "immutable", "choose another tag");
    });
  }
});

test("two who sign at once are both there in the end", async () => {
  const { registry, reference, digest } = await scene(true);
  const tag = `${digest.replace(":", "-")}.sig`;
  let races = 0;
  registry.rule(({ method, url }, response) => {
    if (method !== "PUT" || !url.endsWith(tag) || ++races > 1) return false;
    // Somebody else writes at the same time, and knows nothing of it.
    const payload = registry.putBlob(Buffer.from("theirs"));
    const mediaType = "application/vnd.dev.cosign.simplesigning.v1+json";
    const annotations = { "dev.cosignproject.cosign/signature": "theirs", odd: "kept" };
    const layers = [{ mediaType, ...payload, annotations }];
    const config = { mediaType: "application/vnd.oci.image.config.v1+json", ...registry.putBlob(json({})) };
    registry.putManifest(json({ schemaVersion: 2, mediaType: MANIFEST, config, layers }), MANIFEST, tag);
    return sendStatus(response, 201);
  });
  const { signed } = await signImage({ reference, ...signing(), formats: ["simple"] });
  expect(signed).toMatchObject([{ digest, made: ["simple"], there: [] }]);
  const { layers } = JSON.parse(Buffer.from(registry.manifests.get(tag)?.bytes ?? []).toString("utf8"));
  expect(layers).toMatchObject([{ annotations: { odd: "kept" } }, { size: expect.any(Number) }]);
});

for (const [format, listsReferrers] of [
  ["simple", true],
  ["bundle", false],
] as const) {
  test(`a signature (${format}) that others write over each time is none that was made`, async () => {
    const { registry, reference } = await scene(listsReferrers);
    registry.rule(({ method, url }, response) =>
      method === "PUT" && /manifests\/sha256-[^/]*$/.test(url) ? sendStatus(response, 201) : false,
    );
    const signed = signImage({ reference, ...signing(), formats: [format] });
    await expectError(signed, "E_NETWORK", "is not there afterwards", "try again");
  });
}

test("a signed push that is stopped has no tag, and the next one completes it", async () => {
  const { registry, push, pull } = await scene(false);
  writeFileSync(scratch("in/disk.img"), "a third disk");
  const signed = { signing: signing(), attachments: [sbom()] };
  registry.manifests.delete("1");
  let puts = 0;
  const stop = new AbortController();
  registry.rule(({ method, url }) => {
    if (method === "PUT" && url.includes("/manifests/") && ++puts === 4) stop.abort();
    return false;
  });
  await expectError(push({ ...signed, signal: stop.signal }), "E_INTERRUPTED");
  expect(registry.manifests.has("1")).toBe(false);
  await push(signed);
  const { refused } = await pull({ verifyKeyFile: scratch("in/key.pub") });
  expect(refused).toEqual([]);
  expect(readdirSync(scratch("docs"))).toEqual(["sbom.json"]);
});

test("a listener that throws ends a push with what it has thrown", async () => {
  const { push } = await scene(true);
  const own = new Error("mine");
  const events: string[] = [];
  await push({ onProgress: ({ type }) => events.push(type) });
  expect(events).toEqual(["pieces", "piece-done"]);
  const failing = push({
    onProgress: () => {
      throw own;
    },
  });
  expect(await failing.catch((error: unknown) => error)).toBe(own);
});
