import { describe, expect, test } from "bun:test";
import { parsePlatform, type StatedPlatform, type WantedPlatform } from "../../src/oci/platform.ts";
import { settlePlatform } from "../../src/oci/settle-platform.ts";
import { expectError } from "../support/expect-error.ts";

const AMD64 = parsePlatform("linux/amd64");
const ARM64 = parsePlatform("linux/arm64");
const DARWIN = { os: "darwin", architecture: "arm64" };

const settle = (config: StatedPlatform, listed: StatedPlatform | undefined, wanted: WantedPlatform = AMD64) =>
  settlePlatform({ config, listed }, wanted, "manifest M");
const named = (platform: WantedPlatform): WantedPlatform => ({ ...platform, named: true });

describe("an image's platform", () => {
  test("is its config's, variant and all, where that says it", () => {
    const v7 = parsePlatform("linux/arm/v7");
    const v6 = parsePlatform("linux/arm/v6");
    for (const [config, listed, wanted] of [
      [AMD64, undefined, AMD64],
      [AMD64, {}, AMD64],
      [v7, v6, v6],
      [parsePlatform("linux/amd64/v3"), AMD64, AMD64],
    ] as const) {
      expect(settle(config, listed, wanted)).toEqual({ platform: config, warnings: [] });
    }
  });

  test("is the index's where the config is silent, without a word", () => {
    const v6 = parsePlatform("linux/arm/v6");
    expect(settle({}, v6, v6)).toEqual({ platform: v6, warnings: [] });
    expect(settle({ os: "linux" }, ARM64, ARM64)).toEqual({ platform: ARM64, warnings: [] });
    expect(settle({ architecture: "arm64" }, { os: "linux" }, ARM64).platform).toEqual(ARM64);
  });

  test("is linux, and what is asked for, where nobody says it: with a warning", () => {
    const cases: readonly [StatedPlatform, StatedPlatform | undefined, string][] = [
      [{ architecture: "amd64" }, undefined, "names no operating system"],
      [{ os: "linux" }, {}, "names no architecture"],
      [{}, undefined, "names no operating system and no architecture"],
    ];
    for (const [config, listed, said] of cases) {
      expect(settle(config, listed)).toEqual({
        platform: AMD64,
        warnings: [`manifest M: ${said}: it is taken as linux/amd64`],
      });
    }
  });

  test("that index and config differ about is the index's, if it is asked for by name", async () => {
    expect(settle(AMD64, ARM64, named(ARM64))).toEqual({
      platform: ARM64,
      warnings: [
        "manifest M: its config says linux/amd64, the index linux/arm64: it is taken as linux/arm64",
      ],
    });
    await expectError(
      () => settle(AMD64, ARM64, ARM64),
      "E_PLATFORM_NOT_FOUND",
      "is listed for linux/arm64, but its config says linux/amd64",
      "--platform linux/arm64 takes it all the same",
    );
    // Chosen by its digest: then the config may be meant.
    const byDigest = settle(AMD64, ARM64, AMD64);
    expect(byDigest.platform).toEqual(AMD64);
    expect(byDigest.warnings).toEqual([expect.stringContaining("it is taken as linux/amd64")]);
  });

  test("that is another is refused, with the way to take it", async () => {
    await expectError(
      () => settle(ARM64, undefined, named(AMD64)),
      "E_PLATFORM_NOT_FOUND",
      "is for linux/arm64, not for linux/amd64",
      "--platform linux/arm64",
    );
    await expectError(
      () => settle(DARWIN, undefined, named(ARM64)),
      "E_PLATFORM_NOT_FOUND",
      "only linux images",
      "--any-platform",
    );
    await expectError(
      () => settle({ os: "linux", architecture: "no name" }, undefined),
      "E_PLATFORM_NOT_FOUND",
      "--any-platform",
    );
  });

  test("may be any: then it is the documents', or what is named", () => {
    expect(settle(DARWIN, undefined, { ...AMD64, any: true })).toEqual({ platform: DARWIN, warnings: [] });
    expect(settle({}, undefined, { ...AMD64, any: true }).platform).toEqual(AMD64);
    expect(settle(DARWIN, undefined, { ...named(ARM64), any: true })).toEqual({
      platform: ARM64,
      warnings: ["manifest M: its config says darwin/arm64: it is taken as linux/arm64"],
    });
  });
});
