/** FAT volumes, judged by dosfstools, mtools and blkid. */
import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { dosTime } from "../../src/fat/format/directory-entry.ts";
import { type FatFile, fatVolume } from "../../src/fat/volume.ts";
import { run, runOk, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();
const TIME = 1_735_689_601;

const file = (name: string, size: number): FatFile => ({
  name,
  // No two sectors alike.
  bytes: Buffer.alloc(size, Buffer.from(Array.from({ length: 20_011 }, (_, i) => i % 251))),
});
const volume = (files: readonly FatFile[], time = TIME) => fatVolume({ label: "CIDATA", files, time });

/** Around the borders of sectors, of tracks, of the sizes of clusters, and of a length that takes more than 16 bits. */
const SIZES: readonly (readonly [number, number])[] = [
  [1, 1],
  [511, 512],
  [513, 0],
  [16_384, 16_385],
  [2_000_000, 70_000],
  [2_070_000, 5],
  [2_090_000, 5],
  [4_100_000, 5],
  [33_600_000, 1_000],
];

describe("a FAT volume", () => {
  for (const [a, b] of SIZES) {
    testWith(["fsck.fat", "mcopy", "minfo", "blkid"], `of files of ${a} and ${b} bytes is whole`, () => {
      const path = scratch(`${a}-${b}`);
      const files = [file("user-data", a), file("meta-data", b)];
      writeFileSync(path, volume(files));
      const { status, stdout } = run("fsck.fat", ["-n", "-v", path]);
      expect([status, stdout]).toEqual([0, expect.stringContaining("12 bit entries")]);
      expect(stdout).toMatch(/: 3 files, \d+\/\d+ clusters\n$/);
      for (const { name, bytes } of files) {
        runOk("mcopy", ["-n", "-i", path, `::${name}`, `${path}.${name}`]);
        expect(Buffer.compare(readFileSync(`${path}.${name}`), bytes)).toBe(0);
      }
      const facts = runOk("blkid", ["-p", "-o", "export", path]);
      for (const fact of ["LABEL=CIDATA", "LABEL_FATBOOT=CIDATA", "TYPE=vfat", "VERSION=FAT12"]) {
        expect(facts.split("\n")).toContain(fact);
      }
      expect(runOk("minfo", ["-i", path, "::"])).toContain('disk label="CIDATA     "');
    });
  }

  testWith(["mcopy"], "has the time of its files, or the nearest that there is", () => {
    const times: readonly (readonly [number, string])[] = [
      [TIME, "2025-01-01 00:00:00"],
      [0, "1980-01-01 00:00:00"],
    ];
    for (const [time, shown] of times) {
      const path = scratch(`time-${time}`);
      writeFileSync(path, volume([file("user-data", 3)], time));
      runOk("mcopy", ["-m", "-n", "-i", path, "::user-data", `${path}.copy`], { env: { TZ: "UTC" } });
      const copied = runOk("date", ["-u", "-r", `${path}.copy`, "+%Y-%m-%d %H:%M:%S"]);
      expect(copied.trim()).toBe(shown);
    }
  });

  test("has no time later than it can say", () => {
    expect(dosTime(2 ** 33)).toEqual(dosTime(Date.UTC(2107, 11, 31, 23, 59, 59) / 1000));
  });

  test("has the same bytes again, and another serial number for other files", () => {
    const serial = (bytes: Uint8Array) => Buffer.from(bytes.subarray(0x27, 0x2b)).toString("hex");
    const one = volume([file("user-data", 9)]);
    expect(Buffer.compare(one, volume([file("user-data", 9)]))).toBe(0);
    expect(serial(one)).not.toBe(serial(volume([file("user-data", 10)])));
  });

  test("cannot be of any size", () => {
    const huge = { name: "user-data", bytes: { length: 2 ** 28 } as Uint8Array };
    expect(() => volume([huge])).toThrow("larger than such a one can be");
  });
});
