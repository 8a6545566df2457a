import { describe, expect, test } from "bun:test";
import { formatPlatform, hostPlatform, matchRank, parsePlatform } from "../../src/oci/platform.ts";
import { expectError } from "../support/expect-error.ts";

describe("a platform's name", () => {
  for (const [text, normal] of [
    ["linux/amd64", "linux/amd64"],
    ["linux/x86_64", "linux/amd64"],
    ["linux/amd64/v1", "linux/amd64"],
    ["linux/amd64/v3", "linux/amd64/v3"],
    ["Linux/AArch64", "linux/arm64"],
    ["linux/arm64/v8", "linux/arm64"],
    ["linux/arm64/8", "linux/arm64"],
    ["linux/arm64/v9", "linux/arm64/v9"],
    ["linux/arm", "linux/arm/v7"],
    ["linux/arm/6", "linux/arm/v6"],
    ["linux/armhf", "linux/arm/v7"],
    ["linux/armel", "linux/arm/v6"],
    ["linux/i386", "linux/386"],
    ["linux/riscv64", "linux/riscv64"],
    ["amd64", "linux/amd64"],
    ["arm64", "linux/arm64"],
    ["aarch64", "linux/arm64"],
    ["x86_64", "linux/amd64"],
    ["X64", "linux/amd64"],
    ["arm/v6", "linux/arm/v6"],
    ["arm64/v8", "linux/arm64"],
    ["amd64/v3", "linux/amd64/v3"],
    ["linux/armv7", "linux/arm/v7"],
    ["arm32v7", "linux/arm/v7"],
    ["linux/arm64v8", "linux/arm64"],
    ["ppc64el", "linux/ppc64le"],
    ["linux/arm64/v9.2", "linux/arm64/v9.2"],
  ] as const) {
    test(`${text} means ${normal}`, () => {
      expect(formatPlatform(parsePlatform(text))).toBe(normal);
    });
  }

  for (const text of [
    "",
    "linux",
    "toString",
    "alpine",
    "arm/v6/v7",
    "linux/",
    "/amd64",
    "linux/amd64/v1/x",
    "linux amd64",
    "linux/amd64\n",
  ]) {
    test(`${JSON.stringify(text)} is a usage error`, () =>
      expectError(() => parsePlatform(text), "E_USAGE", "is not a platform", "linux/amd64"));
  }

  for (const [text, hint] of [
    ["linux/arm64/v7", "linux/arm/v7"],
    ["arm64/v7", "v8 and v9"],
    ["linux/amd64/v5", "v1 to v4"],
    ["linux/arm/v9", "v5 to v8"],
    ["linux/amd64/arm64", "v1 to v4"],
  ] as const) {
    test(`${text} is a usage error: there is no such variant`, () =>
      expectError(() => parsePlatform(text), "E_USAGE", "no such variant", hint));
  }

  test("of another system is a usage error", () =>
    expectError(() => parsePlatform("windows/amd64"), "E_USAGE", "only linux"));

  test("of this machine comes from Node's own name", async () => {
    expect(formatPlatform(hostPlatform("x64"))).toBe("linux/amd64");
    expect(formatPlatform(hostPlatform("arm64"))).toBe("linux/arm64");
    expect(formatPlatform(hostPlatform("arm"))).toBe("linux/arm/v7");
    await expectError(() => hostPlatform("pdp11"), "E_USAGE", '"pdp11"', "--platform");
  });
});

describe("a platform offered", () => {
  const rank = (asked: string, offered: string) => matchRank(parsePlatform(asked), parsePlatform(offered));

  test("that is the same serves best", () => {
    for (const same of ["linux/amd64", "linux/arm/v6", "linux/arm64", "linux/s390x", "linux/mips64le/r6"]) {
      expect(rank(same, same)).toBe(0);
    }
  });

  test("of a lesser variant serves, the nearest best", () => {
    expect(["v4", "v3", "v2", "v1"].map((v) => rank("linux/amd64/v3", `linux/amd64/${v}`))).toEqual([
      undefined,
      0,
      1,
      2,
    ]);
    expect(["v8", "v7", "v6", "v5"].map((v) => rank("linux/arm/v7", `linux/arm/${v}`))).toEqual([
      undefined,
      0,
      1,
      2,
    ]);
    expect(rank("linux/arm64/v9", "linux/arm64")).toBe(1);
  });

  test("of a greater variant does not serve", () => {
    expect(rank("linux/amd64", "linux/amd64/v2")).toBeUndefined();
    expect(rank("linux/arm/v6", "linux/arm/v7")).toBeUndefined();
    expect(rank("linux/arm64", "linux/arm64/v9")).toBeUndefined();
  });

  test("of another architecture never serves, though the CPU might run it", () => {
    expect(rank("linux/arm64", "linux/arm/v7")).toBeUndefined();
    expect(rank("linux/amd64", "linux/386")).toBeUndefined();
  });
});
