import { describe, expect, test } from "bun:test";
import { createHash, sign } from "node:crypto";
import { parseDigest, sha256Of } from "../../src/oci/digest.ts";
import type { RawManifest } from "../../src/oci/manifest.ts";
import { isBundle, judgeBundle } from "../../src/signature/bundle.ts";
import {
  BUNDLE,
  base64,
  bundleOf,
  makeSigningKey,
  preAuthEncoding,
  signedBundle,
  statementOf,
} from "../support/cosign.ts";
import { json } from "../support/layout-builder.ts";

const KEY = makeSigningKey();
const bytes = json({ schemaVersion: 2, layers: [] });
const IMAGE: RawManifest = {
  bytes,
  digest: sha256Of(bytes),
  mediaType: "application/vnd.oci.image.manifest.v1+json",
};
const OTHER = sha256Of(Buffer.from("other"));
const judge = (bundle: Uint8Array, image = IMAGE) => judgeBundle(bundle, image, KEY.publicKey);
const signed = (payload: Uint8Array, fields = {}) => judge(signedBundle(payload, KEY, fields));
const statement = (fields: Readonly<Record<string, unknown>>) => signed(statementOf(IMAGE.digest, fields));
const message = (over: Uint8Array, fields = {}) => {
  const signature = base64(sign("sha256", over, KEY.privateKey));
  return judge(
    json({
      mediaType: BUNDLE,
      verificationMaterial: { publicKey: {} },
      messageSignature: { signature, ...fields },
    }),
  );
};

describe("a bundle is valid", () => {
  test("that states the image", () => expect(signed(statementOf(IMAGE.digest))).toBe("valid"));

  for (const version of ["0.1", "0.2", "0.3"]) {
    test(`of version ${version} by its older name`, () =>
      expect(
        signed(statementOf(IMAGE.digest), {
          mediaType: `application/vnd.dev.sigstore.bundle+json;version=${version}`,
        }),
      ).toBe("valid"));
  }

  test("that states the image among others", () => {
    const { subject } = JSON.parse(statementOf(IMAGE.digest).toString());
    const other = { digest: { sha256: OTHER.slice("sha256:".length) } };
    expect(statement({ subject: [other, ...subject] })).toBe("valid");
  });

  test("that states the image by the algorithm of its digest", () => {
    const digest = parseDigest(`sha512:${createHash("sha512").update(bytes).digest("hex")}`, "test");
    expect(judge(signedBundle(statementOf(digest), KEY), { ...IMAGE, digest })).toBe("valid");
    expect(judge(signedBundle(statementOf(IMAGE.digest), KEY), { ...IMAGE, digest })).toBe("invalid");
  });

  test("whose message is the manifest", () => {
    const digest = createHash("sha256").update(bytes).digest("base64");
    expect(message(bytes)).toBe("valid");
    expect(message(bytes, { messageDigest: { algorithm: "SHA2_256", digest } })).toBe("valid");
  });
});

describe("a bundle is invalid", () => {
  const payload = statementOf(IMAGE.digest);
  const signature = sign("sha256", preAuthEncoding(payload), KEY.privateKey);
  const good = signedBundle(payload, KEY);
  const envelope = (fields: object) => {
    const { dsseEnvelope, ...rest } = JSON.parse(good.toString());
    return judge(json({ ...rest, dsseEnvelope: { ...dsseEnvelope, ...fields } }));
  };

  const bad: Readonly<Record<string, () => string>> = {
    "by another key": () => judge(signedBundle(payload, makeSigningKey())),
    "that states another image": () => signed(statementOf(OTHER)),
    "that states none": () => statement({ subject: [] }),
    "that states the digest by another algorithm": () =>
      statement({ subject: [{ digest: { sha512: IMAGE.digest.slice("sha256:".length) } }] }),
    "that states the digest with its algorithm": () =>
      statement({ subject: [{ digest: { sha256: IMAGE.digest } }] }),
    "whose payload was changed": () => judge(bundleOf({ payload: statementOf(OTHER), signature })),
    "whose payload was put in place of another": () =>
      judge(
        bundleOf({
          payload,
          signature: sign("sha256", preAuthEncoding(statementOf(OTHER)), KEY.privateKey),
        }),
      ),
    "that signs the payload alone, without its type": () =>
      judge(bundleOf({ payload, signature: sign("sha256", payload, KEY.privateKey) })),
    "that signs another type": () =>
      judge(
        bundleOf({
          payload,
          signature: sign("sha256", preAuthEncoding(payload, "text/plain"), KEY.privateKey),
        }),
      ),
    "that is cut off": () => judge(good.subarray(0, good.length - 1)),
    "that is empty": () => judge(Buffer.alloc(0)),
    "that is another document": () => judge(json({ mediaType: "application/json" })),
    "of another version": () => signed(payload, { mediaType: `${BUNDLE};version=9` }),
    "without a word on its key": () => signed(payload, { verificationMaterial: {} }),
    "without signatures": () => envelope({ signatures: [] }),
    "with two": () => envelope({ signatures: [{ sig: "AAAA" }, { sig: base64(signature) }] }),
    "with one that is none": () => envelope({ signatures: [{ sig: "bm9uZQ==" }] }),
    "with a payload that is no text": () => envelope({ payload: 1 }),
    "with a payload that is no JSON": () => signed(Buffer.from("not json")),
    "whose message is another": () => message(Buffer.from("other")),
    "with neither message nor envelope": () => signed(payload, { dsseEnvelope: null }),
  };
  for (const [what, verdict] of Object.entries(bad)) {
    test(what, () => expect(verdict()).toBe("invalid"));
  }
});

describe("a bundle says something else", () => {
  const type = "https://slsa.dev/provenance/v1";
  test("that lists packages, or tells where the image is from: of this image, or of another", () => {
    expect(statement({ predicateType: type })).toBe("attested");
    expect(signed(statementOf(OTHER, { predicateType: type }))).toBe("other");
  });
  test("of a type that is no statement", () =>
    expect(statement({ _type: "https://example.org" })).toBe("other"));
  test("with a payload of another type", () => {
    const payload = statementOf(IMAGE.digest);
    const signature = sign("sha256", preAuthEncoding(payload, "text/plain"), KEY.privateKey);
    expect(judge(bundleOf({ payload, payloadType: "text/plain", signature }))).toBe("other");
  });
});

test("a bundle with a certificate is keyless, whoever has signed it", () => {
  const payload = statementOf(IMAGE.digest);
  const certificate = { rawBytes: "AAAA" };
  for (const material of [{ certificate }, { x509CertificateChain: { certificates: [certificate] } }]) {
    expect(signed(payload, { verificationMaterial: material })).toBe("keyless");
    expect(signed(payload, { verificationMaterial: { publicKey: {}, ...material } })).toBe("keyless");
  }
});

test("bundles are known by their media types", () => {
  expect(isBundle(BUNDLE)).toBe(true);
  for (const type of ["application/vnd.dev.sigstore.bundle", `${BUNDLE}x`, "", "application/json"]) {
    expect(isBundle(type)).toBe(false);
  }
});
