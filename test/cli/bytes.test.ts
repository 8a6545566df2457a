import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { formatBytes, formatSum, parseSize } from "../../src/cli/bytes.ts";
import { Docker2vmError } from "../../src/errors.ts";

describe("a size", () => {
  const sizes: [text: string, bytes: number][] = [
    ["0", 0],
    ["1", 1],
    ["4096", 4096],
    ["12B", 12],
    ["1K", 1024],
    ["1k", 1024],
    ["2KB", 2048],
    ["2KiB", 2048],
    ["512M", 512 * 1024 ** 2],
    ["512 MiB", 512 * 1024 ** 2],
    ["1.5G", 1.5 * 1024 ** 3],
    ["0.5gib", 512 * 1024 ** 2],
    ["3T", 3 * 1024 ** 4],
    ["8191T", 8191 * 1024 ** 4],
  ];
  for (const [text, bytes] of sizes) {
    test(`of ${text} has ${bytes} bytes`, () => expect(parseSize(text, "--size")).toBe(bytes));
  }

  const wrong: [text: string, why: string][] = [
    ["", "is not a size"],
    ["-1", "is not a size"],
    ["G", "is not a size"],
    ["1e9", "is not a size"],
    ["NaN", "is not a size"],
    ["0x10", "is not a size"],
    ["1.G", "is not a size"],
    ["1P", "is not a size"],
    ["1 000", "is not a size"],
    ["0.1K", "is not a whole number of bytes"],
    ["1.5", "is not a whole number of bytes"],
    ["8192T", "is too large"],
    ["99999999999999999999", "is too large"],
  ];
  for (const [text, why] of wrong) {
    test(`of ${JSON.stringify(text)} ${why}`, () => {
      expect(() => parseSize(text, "--size")).toThrow(
        new Docker2vmError("E_USAGE", `--size ${JSON.stringify(text)} ${why}`),
      );
    });
  }
});

describe("bytes for a reader", () => {
  const shown: [bytes: number, text: string][] = [
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1.0 KiB"],
    [32715571, "31.2 MiB"],
    [1024 ** 3, "1.0 GiB"],
    [1.5 * 1024 ** 4, "1.5 TiB"],
    [2048 * 1024 ** 4, "2048.0 TiB"],
  ];
  for (const [bytes, text] of shown) {
    test(`${bytes} reads ${text}`, () => expect(formatBytes(bytes)).toBe(text));
  }
});

describe("a sum and its parts for a reader", () => {
  test.each([
    [
      [64.26 * 1024 ** 2, 8.74 * 1024 ** 2],
      ["73.0 MiB", "64.3 MiB", "8.7 MiB"],
    ],
    // 9.25 and 64.25 would both be rounded up.
    [
      [64.25 * 1024 ** 2, 9.25 * 1024 ** 2],
      ["73.5 MiB", "64.3 MiB", "9.2 MiB"],
    ],
    [
      [0, 300 * 1024],
      ["300.0 KiB", "0.0 KiB", "300.0 KiB"],
    ],
    [
      [500, 24],
      ["0.5 KiB", "0.5 KiB", "0.0 KiB"],
    ],
    [
      [63.5 * 1024 ** 2, 0.5 * 1024 ** 2],
      ["64.0 MiB", "63.5 MiB", "0.5 MiB"],
    ],
    [
      [19 * 1024 ** 3, 1024 ** 3],
      ["20.0 GiB", "19.0 GiB", "1.0 GiB"],
    ],
    [
      [19.5 * 1024 ** 3, 0.5 * 1024 ** 3],
      ["20480.0 MiB", "19968.0 MiB", "512.0 MiB"],
    ],
  ])("%p reads %p", (parts, shown) => expect(formatSum(parts)).toEqual(shown));

  test("always adds up", () => {
    const bytes = fc.double({ min: 0, max: 50, noNaN: true }).map((power) => Math.floor(2 ** power));
    fc.assert(
      fc.property(fc.array(bytes, { minLength: 1, maxLength: 4 }), (parts) => {
        const [sum = 0, ...others] = formatSum(parts).map((text) =>
          Math.round(Number(text.split(" ")[0]) * 10),
        );
        expect(others.reduce((total, part) => total + part, 0)).toBe(sum);
      }),
    );
  });
});
