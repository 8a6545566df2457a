import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { convert } from "../../src/convert/convert.ts";
import { Docker2vmError } from "../../src/errors.ts";
import type { InflateChoice } from "../../src/layer/decompress.ts";
import { type BuiltImage, buildLayout, json, writeBlob, writeIndex } from "../support/layout-builder.ts";
import { expectCleanIfChecked, run } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { type TarItem, tar } from "../support/tar-builder.ts";

const scratch = scratchFolder();
const MAIN = join(import.meta.dir, "../../src/cli/main.ts");
let images = 0;

/** What the conversion of a layout says, and the exit code it gives; the output must not be there afterwards. */
async function refusal(
  layout: string,
  options: { platform?: string; inflate?: InflateChoice; filesystem?: { size: number } } = {},
) {
  const out = scratch("out");
  try {
    const { rootfsPath } = await convert({
      source: `oci:${layout}`,
      platform: "linux/amd64",
      out,
      ...options,
    });
    expectCleanIfChecked(rootfsPath);
  } catch (error) {
    expect(existsSync(out)).toBe(false);
    if (error instanceof Docker2vmError) {
      return { said: `${error.code}: ${error.message}`, hint: error.hint ?? "", exitCode: error.exitCode };
    }
    throw error;
  }
  rmSync(out, { recursive: true });
  return { said: "nothing was refused", hint: "", exitCode: 0 };
}

/** A layout with a good first layer and the given second one. */
function imageWith(
  layer: Uint8Array,
  compress: "gzip" | "zstd" | "none" = "gzip",
): { layout: string; image: BuiltImage } {
  const layout = scratch(`image${images++}`);
  return {
    layout,
    image: buildLayout(layout, { layers: [tar([{ path: "good", data: "good" }]), layer], compress }),
  };
}

/** Where the second layer is stored. */
function blobOf({ layout, image }: ReturnType<typeof imageWith>): string {
  return join(layout, "blobs/sha256", (image.layers[1]?.digest ?? "").slice("sha256:".length));
}

function nameOf({ image }: ReturnType<typeof imageWith>): string {
  return `layer 2 (${image.layers[1]?.digest.slice(0, "sha256:".length + 12)}…)`;
}

const SOME: readonly TarItem[] = [{ path: "some/file", data: "contents ".repeat(5000) }];

describe("a damaged layer", () => {
  for (const inflate of ["native", "fflate"] as const) {
    for (const compress of ["gzip", "zstd", "none"] as const) {
      test(`with a changed byte (${compress}, ${inflate}) is told by its digest, whatever it breaks`, async () => {
        for (const place of [0.3, 0.9]) {
          const made = imageWith(tar(SOME), compress);
          const bytes = readFileSync(blobOf(made));
          const at = Math.floor(bytes.length * place);
          bytes[at] = (bytes[at] ?? 0) ^ 0x10;
          writeFileSync(blobOf(made), bytes);
          const { said, exitCode } = await refusal(made.layout, { inflate });
          expect(said).toStartWith(`E_DIGEST_MISMATCH: ${nameOf(made)}: its bytes hash to sha256:`);
          expect(exitCode).toBe(6);
        }
      });
    }
  }

  test("that was cut short is told before anything is written", async () => {
    const made = imageWith(tar(SOME));
    truncateSync(blobOf(made), 100);
    const { said, exitCode } = await refusal(made.layout);
    expect(said).toStartWith("E_SIZE_MISMATCH: ");
    expect(said).toContain(made.image.layers[1]?.digest ?? "");
    expect(exitCode).toBe(6);
  });

  test("that is missing is named", async () => {
    const made = imageWith(tar(SOME));
    rmSync(blobOf(made));
    const { said, exitCode } = await refusal(made.layout);
    expect(said).toContain(made.image.layers[1]?.digest ?? "");
    expect(exitCode).toBe(7);
  });
});

/** A layout whose second layer is stored as `stored`, under a digest that is right, as the tar of `diffId`. */
function imageStored(stored: Uint8Array, mediaType: string, plain: Uint8Array): string {
  const { layout, image } = imageWith(plain);
  const config = JSON.parse(readFileSync(join(layout, "blobs/sha256", image.config.digest.slice(7)), "utf8"));
  const layers = [image.layers[0], writeBlob(layout, stored, mediaType)];
  const manifest = json({
    schemaVersion: 2,
    config: writeBlob(layout, json(config), image.config.mediaType),
    layers,
  });
  const platform = { os: "linux", architecture: "amd64" };
  writeIndex(layout, [{ ...writeBlob(layout, manifest, image.manifest.mediaType), platform }]);
  return layout;
}

const GZIP_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";

describe("a layer that is not what the image says", () => {
  test("by its diff_id", async () => {
    const { said, exitCode } = await refusal(
      imageStored(gzipSync(tar([{ path: "other" }])), GZIP_LAYER, tar(SOME)),
    );
    expect(said).toMatch(/^E_DIFF_ID_MISMATCH: layer 2 \(sha256:[\da-f]{12}…\): its tar hashes to sha256:/);
    expect(exitCode).toBe(6);
  });

  for (const inflate of ["native", "fflate"] as const) {
    test(`by its compression, cut short or wrong in its checksum (${inflate})`, async () => {
      const whole = gzipSync(tar(SOME));
      const wrong = Buffer.from(whole);
      wrong[wrong.length - 8] = (wrong.at(-8) ?? 0) ^ 1;
      for (const stored of [whole.subarray(0, whole.length - 20), wrong]) {
        const { said, exitCode } = await refusal(imageStored(stored, GZIP_LAYER, tar(SOME)), { inflate });
        expect(said).toMatch(/^E_BAD_COMPRESSION: layer 2 \(sha256:[\da-f]{12}…\): /);
        expect(exitCode).toBe(7);
      }
    });
  }

  test("by its media type, encrypted or unknown", async () => {
    for (const mediaType of [`${GZIP_LAYER}+encrypted`, "application/vnd.example.layer"]) {
      const { said, exitCode } = await refusal(imageStored(gzipSync(tar(SOME)), mediaType, tar(SOME)));
      expect(said).toStartWith("E_UNSUPPORTED: ");
      expect(said).toContain(mediaType);
      expect(exitCode).toBe(7);
    }
  });
});

describe("a layer's tar", () => {
  const refusals: readonly [what: string, layer: Uint8Array, message: RegExp][] = [
    ["that is no tar", Buffer.from("this is no tar ".repeat(100)), /layer 2 .*\(at byte 0 of the tar\)/],
    [
      "that ends inside a file",
      tar(SOME).subarray(0, 2000),
      /layer 2 .*some\/file.*ends in the middle of an entry/,
    ],
    [
      "with a path that leaves the root",
      tar([{ path: "a/../../etc/passwd" }]),
      /layer 2 .*'a\/\.\.\/\.\.\/etc\/passwd' leaves the image's root/,
    ],
    [
      "with a name too long",
      tar([{ path: "n", pax: { path: `d/${"n".repeat(256)}` } }]),
      /layer 2 .*has a name of 256 bytes/,
    ],
    [
      "with a link to nothing",
      tar([{ path: "l", type: "hardlink", linkname: "nowhere" }]),
      /layer 2 .*'l' is a hard link to 'nowhere'/,
    ],
    ["with a bad checksum", tar([{ path: "f", raw: { chksum: "0000001\0" } }]), /layer 2 .*checksum/],
  ];
  for (const [what, layer, message] of refusals) {
    test(`${what} is refused with the layer and the place`, async () => {
      const { said, exitCode } = await refusal(imageWith(layer).layout);
      expect(said).toStartWith("E_BAD_LAYER: ");
      expect(said).toMatch(message);
      expect(exitCode).toBe(7);
    });
  }
});

describe("what is asked for and not there", () => {
  test("a platform: those that are there are listed", async () => {
    const { said, hint, exitCode } = await refusal(imageWith(tar(SOME)).layout, {
      platform: "linux/riscv64",
    });
    expect(said).toStartWith("E_PLATFORM_NOT_FOUND: ");
    expect(`${said} ${hint}`).toContain("linux/amd64");
    expect(exitCode).toBe(3);
  });

  test("room: the error says how much would do, and it does", async () => {
    const { layout } = imageWith(tar(SOME));
    const { said, exitCode } = await refusal(layout, { filesystem: { size: 100_000 } });
    expect(said).toMatch(/^E_SIZE_TOO_SMALL: the image needs a filesystem of \d+ bytes/);
    expect(exitCode).toBe(8);
    const needed = Number(/of (\d+) bytes/.exec(said)?.[1]);
    expect((await refusal(layout, { filesystem: { size: needed } })).said).toBe("nothing was refused");
    expect((await refusal(layout, { filesystem: { size: needed - 2 ** 20 } })).exitCode).toBe(8);
  });
});

test("the command says it in two lines, and where it came from only with --verbose", () => {
  const { layout } = imageWith(tar([{ path: "../escape" }]));
  const args = [
    MAIN,
    "convert",
    `oci:${layout}`,
    "--platform",
    "linux/amd64",
    "--out",
    scratch("out"),
    "--progress",
    "none",
  ];
  const plain = run(process.execPath, args);
  expect(plain.status).toBe(7);
  expect(plain.stdout).toBe("");
  expect(plain.stderr).toMatch(
    /^error: layer 2 \(sha256:[\da-f]{12}…\): the path '\.\.\/escape' leaves the image's root\n/,
  );
  expect(plain.stderr).not.toContain("    at ");
  expect(run(process.execPath, [...args, "--verbose"]).stderr).toContain("    at ");
});
