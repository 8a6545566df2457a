/** What is read of programs: made ones, broken ones, and the machine's own against what readelf says of them. */
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import fc from "fast-check";
import { Docker2vmError } from "../../../src/errors.ts";
import { isElf, readElf } from "../../../src/profile/gondolin/elf.ts";
import { expectError } from "../../support/expect-error.ts";
import { runOk, testWith } from "../../support/oracles.ts";
import { elf } from "./elf-maker.ts";

describe("programs", () => {
  test("a static one names no files", () => {
    expect(readElf(elf(), "x")).toEqual({ machine: 62, interpreter: undefined, needed: [], runPath: [] });
  });

  test("a dynamic one names its loader, libraries and folders, as bytes", () => {
    const file = elf({
      machine: 183,
      interpreter: "/lib/ld-musl-aarch64.so.1",
      needed: ["libz.so.1", "lib\xff.so"],
      runPath: "$ORIGIN/../lib:/opt/lib",
    });
    expect(readElf(file, "x")).toEqual({
      machine: 183,
      interpreter: "/lib/ld-musl-aarch64.so.1",
      needed: ["libz.so.1", "lib\xff.so"],
      runPath: ["$ORIGIN/../lib", "/opt/lib"],
    });
  });

  test("DT_RPATH counts only where there is no DT_RUNPATH", () => {
    expect(readElf(elf({ needed: ["a"], rPath: "/r" }), "x").runPath).toEqual(["/r"]);
    expect(readElf(elf({ needed: ["a"], rPath: "/r", runPath: "/n" }), "x").runPath).toEqual(["/n"]);
  });
});

describe("what is none is refused by name", () => {
  const CASES: readonly [string, (bytes: Buffer) => Uint8Array, string][] = [
    ["an empty file", () => new Uint8Array(), "no ELF file"],
    ["a script", () => Buffer.from("#!/bin/sh\n"), "no ELF file"],
    ["32 bits", (bytes) => changed(bytes, 4, 1), "64 bits"],
    ["high byte order", (bytes) => changed(bytes, 5, 2), "64 bits"],
    ["a file that ends in its header", (bytes) => bytes.subarray(0, 40), "cut short"],
    ["a file that ends in its program headers", (bytes) => bytes.subarray(0, 100), "cut short"],
    ["program headers of another size", (bytes) => changed(bytes, 54, 32), "another size"],
    ["program headers past the end", (bytes) => changed(bytes, 34, 0xff), "cut short"],
    ["a string that does not end", (bytes) => bytes.fill(0x41, 64 + 3 * 56), "does not end"],
  ];
  for (const [name, spoil, said] of CASES) {
    test(name, async () => {
      const bytes = spoil(elf({ interpreter: "/lib/ld.so", needed: ["libc.so.6"] }));
      await expectError(() => readElf(bytes, "/bin/odd"), "E_UNSUPPORTED", "/bin/odd", said);
    });
  }

  test("whatever the bytes are, it ends in an answer or in E_UNSUPPORTED", () => {
    const whole = elf({ interpreter: "/lib/ld.so", needed: ["a", "b"], runPath: "/x" });
    const spoiled = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), {
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(spoiled, (changes) => {
        const bytes = Buffer.from(whole);
        for (const [at, value] of changes) bytes[at] = value;
        try {
          readElf(bytes, "x");
        } catch (error) {
          if (!(error instanceof Docker2vmError) || error.code !== "E_UNSUPPORTED") throw error;
        }
      }),
    );
  });
});

const REAL = ["/bin/ls", "/bin/sh", "/usr/bin/env", "/usr/bin/busybox", process.execPath];

for (const path of REAL.filter((path) => existsSync(path) && isElf(readFileSync(path)))) {
  testWith(["readelf"], `readelf sees the same in ${path}`, () => {
    const said = runOk("readelf", ["-lhdW", realpathSync(path)]);
    const elfFile = readElf(readFileSync(path), path);
    expect(elfFile.interpreter).toBe(/program interpreter: (.*)\]/.exec(said)?.[1]);
    expect([...elfFile.needed]).toEqual(
      [...said.matchAll(/\(NEEDED\).*\[(.*)\]/g)].map((match) => match[1] ?? ""),
    );
    expect(elfFile.machine).toBe(said.includes("X86-64") ? 62 : 183);
  });
}

function changed(bytes: Buffer, at: number, value: number): Buffer {
  bytes[at] = value;
  return bytes;
}
