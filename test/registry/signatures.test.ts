import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readSignatureKey } from "../../src/signature/key.ts";
import {
  layerOf,
  makeSigningKey,
  type SigningKey,
  signedLayer,
  simpleSigningPayload,
} from "../support/cosign.ts";
import { withRegistry } from "../support/docker-registry.ts";
import { expectError } from "../support/expect-error.ts";
import { buildLayout, json, sha256 } from "../support/layout-builder.ts";
import { runOk, testWith } from "../support/oracles.ts";
import { sendWhole } from "../support/scripted-registry.ts";
import { SIGNING, sigstoreSkopeo } from "../support/sigstore-skopeo.ts";
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
import { LAYERS, NAME, pullAll, withScene } from "./support.ts";
import { putManifest, upload } from "./uploads.ts";

describe("an image whose signature is demanded", () => {
  test("is taken with one under cosign's tag", () =>
    withScene(async (scene) => {
      const { digest } = scene.built.manifest;
      putSignature(scene, simpleSigningPayload(digest), KEY, sigTag(digest));
      expect(await scene.pull({ verifyKey: KEY.publicKey })).toHaveLength(2);
    }));

  test("is taken with one among its referrers", () =>
    withScene(async (scene) => {
      const { digest } = scene.built.manifest;
      listReferrers(scene, digest, [putSignature(scene, simpleSigningPayload(digest))]);
      expect(await scene.pull({ verifyKey: KEY.publicKey })).toHaveLength(2);
    }));

  test("is taken with one on a later page of its referrers", () =>
    withScene(async (scene) => {
      const { digest } = scene.built.manifest;
      const signed = putSignature(scene, simpleSigningPayload(digest));
      const pages = [[], [], [signed]].map(referrersIndex);
      scene.registry.rule(({ url }, response) => {
        const [, page] = new RegExp(`/referrers/${digest}(?:\\?page=(\\d))?$`).exec(url) ?? [
          undefined,
          undefined,
        ];
        if (!url.includes("/referrers/")) return false;
        const at = Number(page ?? 0);
        response.setHeader("content-type", INDEX);
        if (at < 2)
          response.setHeader("link", `</v2/${NAME}/referrers/${digest}?page=${at + 1}>; rel="next"`);
        sendWhole(response, pages[at] ?? json({}));
        return true;
      });
      expect(await scene.pull({ verifyKey: KEY.publicKey })).toHaveLength(2);
    }));

  test("is taken though others put broken ones beside the good one", () =>
    withScene(async (scene) => {
      const { digest } = scene.built.manifest;
      scene.registry.putManifest(Buffer.from("{"), MANIFEST, sigTag(digest));
      const gone = { mediaType: MANIFEST, digest: sha256(Buffer.from("gone")), size: 4 };
      const good = putSignature(scene, simpleSigningPayload(digest));
      scene.registry.putManifest(referrersIndex([gone, good]), INDEX, referrersTag(digest));
      expect(await scene.pull({ verifyKey: KEY.publicKey })).toHaveLength(2);
    }));

  test("is refused with nothing but broken ones, and told so", () =>
    withScene(async (scene) => {
      const { digest } = scene.built.manifest;
      scene.registry.putManifest(Buffer.from("{"), MANIFEST, sigTag(digest));
      await expectRefusal(scene, "bears no signature; 1 could not be read");
    }));

  test("is taken with one under the tag that stands in for the list of referrers", () =>
    withScene(async (scene) => {
      const { digest } = scene.built.manifest;
      const index = referrersIndex([putSignature(scene, simpleSigningPayload(digest))]);
      scene.registry.putManifest(index, INDEX, referrersTag(digest));
      expect(await scene.pull({ verifyKey: KEY.publicKey })).toHaveLength(2);
    }));

  test("is taken where the index that lists it is signed", () =>
    withScene(async (scene) => {
      const child = { ...scene.built.manifest, platform: { os: "linux", architecture: "amd64" } };
      const digest = scene.registry.putManifest(
        json({ schemaVersion: 2, manifests: [child] }),
        INDEX,
        "latest",
      );
      putSignature(scene, simpleSigningPayload(digest), KEY, sigTag(digest));
      expect(await scene.pull({ verifyKey: KEY.publicKey })).toHaveLength(2);
    }));

  test("is taken with one good signature among others", () =>
    withScene(async (scene) => {
      const { digest } = scene.built.manifest;
      const { registry } = scene;
      const payload = simpleSigningPayload(digest);
      const blob = registry.putBlob(payload);
      const config = { mediaType: "application/vnd.oci.image.config.v1+json", ...registry.putBlob(json({})) };
      const layers = [makeSigningKey(), KEY].map((key) => signedLayer(payload, blob, key));
      registry.putManifest(json({ schemaVersion: 2, config, layers }), MANIFEST, sigTag(digest));
      expect(await scene.pull({ verifyKey: KEY.publicKey })).toHaveLength(2);
    }));

  test("is taken offline when the signature is in the cache too", () =>
    withScene(async (scene) => {
      const { digest } = scene.built.manifest;
      putSignature(scene, simpleSigningPayload(digest), KEY, sigTag(digest));
      const options = { verifyKey: KEY.publicKey, cacheFolder: join(scene.folder, "cache") };
      await scene.pull(options);
      scene.registry.close();
      expect(await scene.pull({ ...options, offline: true })).toHaveLength(2);
    }));

  test("is refused without any", () =>
    withScene((scene) => expectRefusal(scene, scene.built.manifest.digest, "no signature")));

  const bad: readonly (readonly [string, (digest: string) => Uint8Array, SigningKey])[] = [
    ["by another key", simpleSigningPayload, makeSigningKey()],
    ["of another manifest", () => simpleSigningPayload(`sha256:${"0".repeat(64)}`), KEY],
    ["of another type", (digest) => simpleSigningPayload(digest, "atomic container signature"), KEY],
    ["of what is no payload", () => Buffer.from("not json"), KEY],
  ];
  for (const [what, payload, key] of bad) {
    test(`is refused with one ${what}`, () =>
      withScene(async (scene) => {
        const { digest } = scene.built.manifest;
        putSignature(scene, payload(digest), key, sigTag(digest));
        await expectRefusal(scene, "none of them valid");
      }));
  }

  test("is refused with a payload that was changed after it was signed", () =>
    withScene(async (scene) => {
      const { digest } = scene.built.manifest;
      const { registry } = scene;
      const payload = simpleSigningPayload(digest);
      const layer = signedLayer(
        simpleSigningPayload(`sha256:${"1".repeat(64)}`),
        registry.putBlob(payload),
        KEY,
      );
      const config = { mediaType: "application/vnd.oci.image.config.v1+json", ...registry.putBlob(json({})) };
      registry.putManifest(json({ schemaVersion: 2, config, layers: [layer] }), MANIFEST, sigTag(digest));
      await expectRefusal(scene, "none of them valid");
    }));

  test("is refused with a signature that is none", () =>
    withScene(async (scene) => {
      const { digest } = scene.built.manifest;
      const { registry } = scene;
      const payload = simpleSigningPayload(digest);
      const layer = {
        ...signedLayer(payload, registry.putBlob(payload), KEY),
        annotations: { "dev.cosignproject.cosign/signature": "bm9uZQ==" },
      };
      const config = { mediaType: "application/vnd.oci.image.config.v1+json", ...registry.putBlob(json({})) };
      registry.putManifest(json({ schemaVersion: 2, config, layers: [layer] }), MANIFEST, sigTag(digest));
      await expectRefusal(scene, "none of them valid");
    }));
});

testWith(
  ["docker-registry", "skopeo", "openssl"],
  "in a real registry, what openssl signed is taken with its key only, and unchanged only",
  () =>
    withRegistry({}, async ({ host, push }, folder) => {
      const path = (name: string) => join(folder, name);
      const image = { layers: LAYERS, tag: "x" };
      const { manifest } = buildLayout(path("layout"), image);
      buildLayout(path("changed"), { ...image, config: { Cmd: ["evil"] } });
      push(`oci:${path("layout")}:x`, `${NAME}:signed`);
      push(`oci:${path("changed")}:x`, `${NAME}:changed`);

      runOk("openssl", [
        "genpkey",
        "-algorithm",
        "EC",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-out",
        path("key.pem"),
      ]);
      runOk("openssl", ["pkey", "-in", path("key.pem"), "-pubout", "-out", path("key.pub")]);
      const payload = simpleSigningPayload(manifest.digest);
      writeFileSync(path("payload"), payload);
      runOk("openssl", [
        "dgst",
        "-sha256",
        "-sign",
        path("key.pem"),
        "-out",
        path("signature"),
        path("payload"),
      ]);
      const layers = [layerOf(await upload(host, payload), readFileSync(path("signature")))];
      const config = {
        mediaType: "application/vnd.oci.image.config.v1+json",
        ...(await upload(host, json({}))),
      };
      const signatures = json({ schemaVersion: 2, mediaType: MANIFEST, config, layers });
      await putManifest(host, signatures, MANIFEST, sigTag(manifest.digest));

      const options = { environment: { HOME: folder }, scratchFolder: folder };
      const verifyKey = await readSignatureKey(path("key.pub"));
      expect(await pullAll(`${host}/${NAME}:signed`, { ...options, verifyKey })).toHaveLength(2);
      const other = { ...options, verifyKey: makeSigningKey().publicKey };
      await expectError(pullAll(`${host}/${NAME}:signed`, other), "E_SIGNATURE", "none of them valid");
      await expectError(
        pullAll(`${host}/${NAME}:changed`, { ...options, verifyKey }),
        "E_SIGNATURE",
        "no signature",
      );
    }),
);

testWith(
  ["docker-registry", "skopeo", "mmdebstrap", "chroot", "unshare"],
  "in a real registry, what skopeo signed is taken with its key only, and unchanged only",
  () =>
    withRegistry({}, async ({ host, push }, folder) => {
      const image = { layers: LAYERS, tag: "x" };
      buildLayout(join(folder, "layout"), image);
      buildLayout(join(folder, "changed"), { ...image, config: { Cmd: ["evil"] } });
      writeFileSync(join(folder, "passphrase"), "quiet\n");
      const passphrase = `${SIGNING}/passphrase`;
      for (const key of ["key", "other"]) {
        const prefix = ["--output-prefix", `${SIGNING}/${key}`];
        sigstoreSkopeo(folder, ["generate-sigstore-key", "--passphrase-file", passphrase, ...prefix]);
      }
      const signing = ["--sign-by-sigstore-private-key", `${SIGNING}/key.private`];
      sigstoreSkopeo(folder, [
        "copy",
        "--quiet",
        "--dest-tls-verify=false",
        ...signing,
        "--sign-passphrase-file",
        passphrase,
        `oci:${SIGNING}/layout:x`,
        `docker://${host}/${NAME}:signed`,
      ]);

      const pull = async (tag: string, key: string) => {
        const verifyKey = await readSignatureKey(join(folder, `${key}.pub`));
        const options = { environment: { HOME: folder }, scratchFolder: folder, verifyKey };
        return pullAll(`${host}/${NAME}:${tag}`, options);
      };
      expect(await pull("signed", "key")).toHaveLength(2);
      await expectError(pull("signed", "other"), "E_SIGNATURE", "none of them valid");
      // Another manifest takes over the tag: the signature stays with the first one.
      push(`oci:${join(folder, "changed")}:x`, `${NAME}:signed`);
      await expectError(pull("signed", "key"), "E_SIGNATURE", "no signature");
    }),
);
