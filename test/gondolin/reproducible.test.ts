/** One image, one base: one guest. */
import { expect } from "bun:test";
import { createHash } from "node:crypto";
import { appendFileSync, cpSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { baseBundle } from "../support/gondolin/base-bundle.ts";
import { BASE_ORACLES } from "../support/gondolin/needs.ts";
import { scratchImage } from "../support/gondolin/scratch-image.ts";
import { withMounted } from "../support/kernel-view.ts";
import { runOk, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();
const MAIN = join(import.meta.dir, "../../src/cli/main.ts");
/** The first run on a machine fetches and compiles. */
const FIRST_MS = 900_000;
/** 2024-02-29T12:00:00Z */
const EPOCH = 1_709_208_000;

interface Conversion {
  readonly base?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Converts by the command into a folder of that name. */
function convertInto(name: string, { base = baseBundle("amd64"), env = {} }: Conversion = {}): string {
  const out = scratch(name);
  runOk(
    process.execPath,
    [
      ...[MAIN, "convert", "--oci-layout", scratchImage("amd64"), "--platform", "linux/amd64"],
      ...["--profile", "gondolin", "--mode", "assets", "--guest-assets", base, "--out", out, "--quiet"],
    ],
    { env: { SOURCE_DATE_EPOCH: "", ...env } },
  );
  return out;
}

/** sha256 of each file. */
function files(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder).map((name) => {
      return [
        name,
        createHash("sha256")
          .update(readFileSync(join(folder, name)))
          .digest("hex"),
      ];
    }),
  );
}

function manifest(folder: string) {
  return JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8"));
}

testWith(
  BASE_ORACLES,
  "two conversions give the same bytes, all five files, in any time zone",
  () => {
    const first = files(convertInto("first"));
    expect(Object.keys(first).sort()).toEqual([
      ...["initramfs.cpio.lz4", "manifest.json", "meta.json", "rootfs.ext4", "vmlinuz-virt"],
    ]);
    expect(files(convertInto("second", { env: { TZ: "Pacific/Apia" } }))).toEqual(first);
  },
  FIRST_MS,
);

testWith(
  BASE_ORACLES,
  "another base gives another buildId, even where only its kernel differs",
  () => {
    const base = scratch("other-base");
    cpSync(baseBundle("amd64"), base, { recursive: true });
    appendFileSync(join(base, "vmlinuz-virt"), "another");
    const [own, other] = [manifest(convertInto("own")), manifest(convertInto("other", { base }))];
    expect(own.buildId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5/);
    expect(other.buildId).not.toBe(own.buildId);
    expect(other.checksums).toEqual({ ...own.checksums, kernel: expect.any(String) });
  },
  FIRST_MS,
);

testWith(
  [...BASE_ORACLES, "loop mount"],
  "SOURCE_DATE_EPOCH is the time of the guest and of what is added, and of nothing else",
  () => {
    const env = { SOURCE_DATE_EPOCH: String(EPOCH) };
    const out = convertInto("dated", { env });
    expect(files(convertInto("dated-again", { env }))).toEqual(files(out));
    expect(manifest(out).buildTime).toBe("2024-02-29T12:00:00.000Z");
    expect(manifest(out).buildId).not.toBe(manifest(convertInto("undated")).buildId);
    const times = withMounted(join(out, "rootfs.ext4"), "ro", (folder) =>
      ["init", "usr/bin/sandboxd", "app/tool"].map((path) => lstatSync(join(folder, path)).mtimeMs / 1000),
    );
    expect(times).toEqual([EPOCH, EPOCH, 0]);
  },
  FIRST_MS,
);
