import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { convert } from "../../src/convert/convert.ts";
import { planConversion } from "../../src/convert/dry-run.ts";
import { inspectImage } from "../../src/convert/inspect-image.ts";
import { expectError } from "../support/expect-error.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { tar } from "../support/tar-builder.ts";

/** A folder with a layout in it whose only image says that of its platform, and nothing in the index. */
async function withImageOf(
  platform: { os: string; architecture: string },
  use: (source: string, out: string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "docker2vm-platforms-"));
  try {
    const layers = [tar([{ path: "file", data: Buffer.from("x") }])];
    buildLayout(join(folder, "layout"), { layers, platform, inIndex: false });
    await use(`oci:${join(folder, "layout")}`, join(folder, "out"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("an image that does not say its platform is converted for the one asked for, with a warning", () =>
  withImageOf({ os: "", architecture: "" }, async (source, out) => {
    const { metadata, warnings } = await convert({ source, out, platform: "linux/arm64" });
    expect(metadata.platform).toBe("linux/arm64");
    expect(warnings).toEqual([expect.stringContaining("names no operating system and no architecture")]);
    const told: string[] = [];
    await inspectImage({
      source,
      onProgress: (event) => {
        if (event.type === "warning") told.push(event.message);
      },
    });
    expect(told).toHaveLength(1);
  }));

test("with anyPlatform the only image is converted as what it says it is, or as what is named", () =>
  withImageOf({ os: "darwin", architecture: "arm64" }, async (source, out) => {
    await expectError(
      convert({ source, out, platform: "linux/arm64" }),
      "E_PLATFORM_NOT_FOUND",
      "--any-platform",
    );
    const any = await convert({ source, out, anyPlatform: true });
    expect([any.metadata.platform, any.warnings]).toEqual(["darwin/arm64", []]);
    const named = await convert({ source, out, anyPlatform: true, platform: "linux/arm64", force: true });
    expect(named.metadata.platform).toBe("linux/arm64");
    expect(named.warnings).toEqual([expect.stringContaining("it is taken as linux/arm64")]);
    // What the image is called changes none of its bytes.
    expect(named.metadata.filesystem).toEqual(any.metadata.filesystem);
  }));

test("a profile must be told which platform any is to be taken for", () =>
  withImageOf({ os: "darwin", architecture: "arm64" }, async (source, out) => {
    const asked = { source, out, anyPlatform: true, profile: { name: "gondolin" } } as const;
    await expectError(planConversion(asked), "E_USAGE", "has to know the platform", "--platform linux/arm64");
  }));
