import { describe, expect, test } from "bun:test";
import {
  checkDigest,
  digestAlgorithm,
  digestHex,
  isDigest,
  parseDigest,
  sha256Of,
} from "../../src/oci/digest.ts";
import { expectError } from "../support/expect-error.ts";

const HEX = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

describe("a digest", () => {
  test("of sha256 or sha512 is taken apart", () => {
    const sha256 = parseDigest(`sha256:${HEX}`, "here");
    expect([digestAlgorithm(sha256), digestHex(sha256)]).toEqual(["sha256", HEX]);
    const sha512 = parseDigest(`sha512:${HEX}${HEX}`, "here");
    expect([digestAlgorithm(sha512), digestHex(sha512)]).toEqual(["sha512", HEX + HEX]);
  });

  test("of no bytes is the well-known one", () => {
    expect<string>(sha256Of(new Uint8Array())).toBe(`sha256:${HEX}`);
  });

  for (const [what, text] of [
    ["a path (CVE-2024-3727)", "sha256:../../etc/passwd"],
    ["a path behind enough digits", `sha256:${HEX}/../../etc/passwd`],
    ["upper-case hex", `sha256:${HEX.toUpperCase()}`],
    ["too few digits", "sha256:abc"],
    ["too many digits", `sha256:${HEX}0`],
    ["the digits of another algorithm", `sha512:${HEX}`],
    ["a line break behind it", `sha256:${HEX}\n`],
    ["no algorithm", HEX],
    ["nothing", ""],
  ] as const) {
    test(`is refused for ${what}`, async () => {
      expect(isDigest(text)).toBe(false);
      await expectError(
        () => parseDigest(text, "manifests[0].digest"),
        "E_BAD_MANIFEST",
        "manifests[0].digest: ",
      );
    });
  }

  test("of an unknown algorithm is well-formed but unsupported", async () => {
    await expectError(() => parseDigest(`blake3:${HEX}`, "here"), "E_UNSUPPORTED", '"blake3:');
    await expectError(() => parseDigest("sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBN", "here"), "E_UNSUPPORTED");
  });

  test("that the bytes do not hash to names both", async () => {
    const expected = parseDigest(`sha256:${HEX}`, "");
    checkDigest(new Uint8Array(), expected, "empty");
    await expectError(
      () => checkDigest(new Uint8Array([1]), expected, "the config"),
      "E_DIGEST_MISMATCH",
      "the config",
      HEX,
      "4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a",
    );
  });
});
