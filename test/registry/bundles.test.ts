import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readSignatureKey } from "../../src/signature/key.ts";
import { openSource } from "../../src/source/open.ts";
import {
  BUNDLE,
  bundleManifest,
  bundleOf,
  makeSigningKey,
  preAuthEncoding,
  signedBundle,
  simpleSigningPayload,
  statementOf,
} from "../support/cosign.ts";
import { cosignProgram } from "../support/cosign-program.ts";
import { withRegistry } from "../support/docker-registry.ts";
import { expectError } from "../support/expect-error.ts";
import { type BuiltDescriptor, buildLayout, json } from "../support/layout-builder.ts";
import { runOk, testWith } from "../support/oracles.ts";
import { sendStatus } from "../support/scripted-registry.ts";
import { INDEX, MANIFEST } from "./documents.ts";
import {
  expectRefusal,
  KEY,
  listReferrers,
  putSignature,
  referrersIndex,
  referrersTag,
  sigTag,
} from "./signing.ts";
import { AMD64, LAYERS, NAME, pullAll, type Scene, withScene } from "./support.ts";
import { putManifest, upload } from "./uploads.ts";

const EMPTY = "application/vnd.oci.empty.v1+json";
const OTHER = makeSigningKey();

/** Puts a bundle there as cosign does, and gives the entry that a list of referrers has for it. */
function putBundle({ registry, built }: Scene, bundle: Buffer, subject: BuiltDescriptor = built.manifest) {
  const config = { mediaType: EMPTY, ...registry.putBlob(json({})) };
  const bytes = bundleManifest(subject, [{ mediaType: BUNDLE, ...registry.putBlob(bundle) }], config);
  const digest = registry.putManifest(bytes, MANIFEST);
  // The type of the config, as cosign 3.1 writes it: no help to whoever looks for bundles.
  return { mediaType: MANIFEST, digest, size: bytes.length, artifactType: EMPTY };
}

describe("an image that cosign 3 has signed", () => {
  test("is taken by a registry's list of referrers", () =>
    withScene(async (scene) => {
      const { digest } = scene.built.manifest;
      listReferrers(scene, digest, [putBundle(scene, signedBundle(statementOf(digest), KEY))]);
      expect(await scene.pull({ verifyKey: KEY.publicKey })).toHaveLength(2);
    }));

  test("is taken by the tag that stands in for the list", () =>
    withScene(async (scene) => {
      const { digest } = scene.built.manifest;
      const index = referrersIndex([putBundle(scene, signedBundle(statementOf(digest), KEY))]);
      scene.registry.putManifest(index, INDEX, referrersTag(digest));
      expect(await scene.pull({ verifyKey: KEY.publicKey })).toHaveLength(2);
    }));

  test("is taken where the index is what is signed", () =>
    withScene(async (scene) => {
      const { registry, built } = scene;
      const child = { ...built.manifest, platform: { os: "linux", architecture: "amd64" } };
      const index = referrersIndex([child]);
      const digest = registry.putManifest(index, INDEX, "latest");
      const subject = { mediaType: INDEX, digest, size: index.length };
      listReferrers(scene, digest, [putBundle(scene, signedBundle(statementOf(digest), KEY), subject)]);
      expect(await scene.pull({ verifyKey: KEY.publicKey })).toHaveLength(2);
    }));

  test("is taken by a digest that no tag has room for", () =>
    withScene(async (scene) => {
      const { registry } = scene;
      const content = registry.manifests.get("latest");
      if (content === undefined) throw new Error("the scene has no image");
      const digest = `sha512:${createHash("sha512").update(content.bytes).digest("hex")}`;
      registry.manifests.set(digest, content);
      // As a registry answers to a tag of more than 128 characters.
      registry.rule(({ url }, response) => url.includes(".sig") && sendStatus(response, 400));
      const index = referrersIndex([putBundle(scene, signedBundle(statementOf(digest), KEY))]);
      registry.putManifest(index, INDEX, referrersTag(digest).slice(0, "sha512-".length + 64));
      expect(await scene.pull({ verifyKey: KEY.publicKey }, `${scene.name}@${digest}`)).toHaveLength(2);
    }));

  test("is taken with a good bundle among bad ones", () =>
    withScene(async (scene) => {
      const { digest } = scene.built.manifest;
      const statement = statementOf(digest);
      const good = signedBundle(statement, KEY);
      const list = [good.subarray(9), signedBundle(statement, OTHER), Buffer.from("{}"), good];
      const gone = { mediaType: MANIFEST, digest: `sha256:${"0".repeat(64)}`, size: 4 };
      listReferrers(scene, digest, [gone, ...list.map((bundle) => putBundle(scene, bundle))]);
      expect(await scene.pull({ verifyKey: KEY.publicKey })).toHaveLength(2);
    }));

  test("is taken by its older signature first, where there are both", () =>
    withScene(async (scene) => {
      const { digest } = scene.built.manifest;
      putSignature(scene, simpleSigningPayload(digest), KEY, sigTag(digest));
      listReferrers(scene, digest, [putBundle(scene, signedBundle(statementOf(digest), KEY))]);
      expect(await scene.pull({ verifyKey: KEY.publicKey })).toHaveLength(2);
      expect(scene.registry.seenOf("/referrers/")).toEqual([]);
    }));

  test("is taken by its bundle, where the older signature is another's", () =>
    withScene(async (scene) => {
      const { digest } = scene.built.manifest;
      putSignature(scene, simpleSigningPayload(digest), OTHER, sigTag(digest));
      listReferrers(scene, digest, [putBundle(scene, signedBundle(statementOf(digest), KEY))]);
      expect(await scene.pull({ verifyKey: KEY.publicKey })).toHaveLength(2);
    }));

  const other = `sha256:${"0".repeat(64)}`;
  const bad: Readonly<Record<string, readonly [said: string, (digest: string) => Buffer]>> = {
    "a bundle by another key": ["none of them valid", (digest) => signedBundle(statementOf(digest), OTHER)],
    "a bundle of another image": ["none of them valid", () => signedBundle(statementOf(other), KEY)],
    "a bundle that is cut off": [
      "none of them valid",
      (digest) => signedBundle(statementOf(digest), KEY).subarray(0, -1),
    ],
    "a bundle that is empty": ["none of them valid", () => Buffer.alloc(0)],
    "a bundle with a changed payload": [
      "none of them valid",
      (digest) => {
        const { dsseEnvelope } = JSON.parse(signedBundle(statementOf(other), KEY).toString());
        const signature = Buffer.from(dsseEnvelope.signatures[0].sig, "base64");
        return bundleOf({ payload: statementOf(digest), signature });
      },
    ],
    "a list of its packages by the key": [
      "bears no signature",
      (digest) => signedBundle(statementOf(digest, { predicateType: "https://spdx.dev/Document" }), KEY),
    ],
    "a signature by certificate": [
      "1 of them by a certificate (keyless)",
      (digest) => signedBundle(statementOf(digest), KEY, { verificationMaterial: { certificate: {} } }),
    ],
  };
  for (const [what, [said, bundle]] of Object.entries(bad)) {
    test(`is refused with no more than ${what}`, () =>
      withScene(async (scene) => {
        const { digest } = scene.built.manifest;
        listReferrers(scene, digest, [putBundle(scene, bundle(digest))]);
        await expectRefusal(scene, said);
      }));
  }

  test("is refused with an empty list", () =>
    withScene(async (scene) => {
      listReferrers(scene, scene.built.manifest.digest, []);
      await expectRefusal(scene, "bears no signature");
    }));

  test("is refused with a bundle under the type of another file", () =>
    withScene(async (scene) => {
      const { registry, built } = scene;
      const { digest } = built.manifest;
      const layer = {
        mediaType: "application/json",
        ...registry.putBlob(signedBundle(statementOf(digest), KEY)),
      };
      const bytes = bundleManifest(built.manifest, [layer], {
        mediaType: EMPTY,
        ...registry.putBlob(json({})),
      });
      listReferrers(scene, digest, [
        { mediaType: MANIFEST, digest: registry.putManifest(bytes, MANIFEST), size: bytes.length },
      ]);
      await expectRefusal(scene, "bears no signature");
    }));
});

testWith(
  ["docker-registry", "skopeo", "openssl"],
  "in a real registry, a bundle that openssl signed is taken with its key only",
  () =>
    withRegistry({}, async ({ host, push }, folder) => {
      const path = (name: string) => join(folder, name);
      const { manifest } = buildLayout(path("layout"), { layers: LAYERS, tag: "x" });
      push(`oci:${path("layout")}:x`, `${NAME}:signed`);

      const curve = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
      runOk("openssl", ["genpkey", ...curve, "-out", path("key.pem")]);
      runOk("openssl", ["pkey", "-in", path("key.pem"), "-pubout", "-out", path("key.pub")]);
      const payload = statementOf(manifest.digest);
      writeFileSync(path("signed"), preAuthEncoding(payload));
      const signing = ["-sign", path("key.pem"), "-out", path("signature"), path("signed")];
      runOk("openssl", ["dgst", "-sha256", ...signing]);
      const bundle = bundleOf({ payload, signature: readFileSync(path("signature")) });

      const layer = { mediaType: BUNDLE, ...(await upload(host, bundle)) };
      const config = { mediaType: EMPTY, ...(await upload(host, json({}))) };
      const bytes = bundleManifest(manifest, [layer], config);
      const digest = await putManifest(host, bytes, MANIFEST);
      const index = referrersIndex([
        { mediaType: MANIFEST, digest, size: bytes.length, artifactType: EMPTY },
      ]);
      await putManifest(host, index, INDEX, referrersTag(manifest.digest));

      const options = { environment: { HOME: folder }, scratchFolder: folder };
      const pull = (verifyKey = OTHER.publicKey) =>
        pullAll(`${host}/${NAME}:signed`, { ...options, verifyKey });
      expect(await pull(await readSignatureKey(path("key.pub")))).toHaveLength(2);
      await expectError(pull(), "E_SIGNATURE", "bears 1 signatures, none of them valid");
    }),
);

testWith(
  ["docker-registry", "skopeo", "apt-get", "dpkg-deb"],
  "what cosign 3 has signed is taken with its key only, pulled and out of what it saves",
  () =>
    withRegistry({}, async ({ host, push }, folder) => {
      const cosign = cosignProgram();
      if (cosign === undefined) return;
      const layout = join(folder, "layout");
      const { manifest } = buildLayout(layout, { layers: LAYERS, tag: "x" });
      buildLayout(layout, { layers: LAYERS, config: { Cmd: ["evil"] }, tag: "evil" });
      for (const tag of ["x", "evil"]) push(`oci:${layout}:${tag}`, `${NAME}:${tag}`);
      const image = `${host}/${NAME}@${manifest.digest}`;
      cosign(folder, ["generate-key-pair"]);
      cosign(folder, ["generate-key-pair", "--output-key-prefix", "other"]);
      const offline = ["--use-signing-config=false", "--tlog-upload=false"];
      cosign(folder, ["sign", "--key", "cosign.key", ...offline, image]);
      cosign(folder, ["save", "--dir", "saved", image]);

      const pull = async (tag: string, key: string) => {
        const verifyKey = await readSignatureKey(join(folder, key));
        const options = { environment: { HOME: folder }, scratchFolder: folder, verifyKey };
        return pullAll(`${host}/${NAME}:${tag}`, options);
      };
      expect(await pull("x", "cosign.pub")).toHaveLength(2);
      await expectError(pull("x", "other.pub"), "E_SIGNATURE", "bears 1 signatures, none of them valid");
      await expectError(pull("evil", "cosign.pub"), "E_SIGNATURE", "bears no signature");

      const resolve = async (key: string) => {
        const verifyKey = await readSignatureKey(join(folder, key));
        const spec = { kind: "oci-layout", path: join(folder, "saved") } as const;
        return (await openSource(spec, { scratchFolder: folder, verifyKey })).resolve(AMD64);
      };
      expect<string>((await resolve("cosign.pub")).manifestDigest).toBe(manifest.digest);
      await expectError(resolve("other.pub"), "E_SIGNATURE", "none of them valid");
    }),
);
