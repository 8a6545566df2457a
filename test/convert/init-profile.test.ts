/** A conversion with the profile init: what comes out, beside the image and in it. */
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { convert } from "../../src/convert/convert.ts";
import { convertInto } from "../../src/convert/convert-into.ts";
import { planConversion } from "../../src/convert/dry-run.ts";
import type { ConvertOptions, ProfileSettings } from "../../src/convert/options.ts";
import { FILESYSTEM_NAMES } from "../../src/filesystem/kind/kind.ts";
import { MemoryTarget } from "../../src/output/target.ts";
import { runWith } from "../cli/fake-host.ts";
import { expectError } from "../support/expect-error.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { expectCleanIfChecked } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { type TarItem, tar } from "../support/tar-builder.ts";

const scratch = scratchFolder();
let images = 0;

function image(
  files: readonly TarItem[] = [],
  config: Readonly<Record<string, unknown>> = { Cmd: ["/app", "ü"], Env: ["A=1"] },
): string {
  const layout = scratch(`image${images++}`);
  buildLayout(layout, {
    layers: [tar([{ path: "app", mode: 0o755, data: "app" }, ...files])],
    config,
    tag: "t",
  });
  return `oci:${layout}:t`;
}

const options = (name: string, more: Partial<ConvertOptions> = {}): ConvertOptions => ({
  source: image(),
  platform: "linux/amd64",
  out: scratch(name),
  profile: { name: "init" },
  ...more,
});

async function cat(rootfs: string, path: string): Promise<string> {
  const { code, stdout } = await runWith(["cat", rootfs, path]);
  expect(code).toBe(0);
  return stdout;
}

describe("the profile init", () => {
  test("makes rootfs.ext4, meta.json and bootstrap.json, which lies in the image, too", async () => {
    const { rootfsPath, assetPaths, metadata } = await convert(options("first"));
    expectCleanIfChecked(rootfsPath);
    expect(readdirSync(scratch("first")).sort()).toEqual(["bootstrap.json", "meta.json", "rootfs.ext4"]);
    expect(assetPaths).toEqual([scratch("first", "bootstrap.json")]);
    const bootstrap = readFileSync(scratch("first", "bootstrap.json"), "latin1");
    expect(await cat(rootfsPath, "/etc/ovms/bootstrap.json")).toBe(bootstrap);
    expect(await cat(rootfsPath, "/etc/environment")).toBe("A=1\n");
    expect(metadata).toMatchObject({ profile: "init", mode: "rootfs", filesystem: { label: "rootfs" } });
    expect(metadata.injection).toMatchObject({
      init: { path: "/sbin/ovms-init", sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      bootstrap: JSON.parse(Buffer.from(bootstrap, "latin1").toString()),
    });
    expect(metadata.injection?.paths).toContain("/sbin/ovms-init");
    // Nobody has asked for it, and it would have the whole image read once more.
    expect(metadata.rootfsDigest).toBeUndefined();
    expect(JSON.parse(readFileSync(scratch("first", "meta.json"), "utf8"))).toEqual(metadata);
  });

  test("gives the same bytes again, under either name; others where the workload is another", async () => {
    const source = image();
    const bytes = async (name: string, more: Partial<ConvertOptions>) => {
      const { rootfsPath, metadata } = await convert(options(name, { source, digest: true, ...more }));
      expect(metadata.profile).toBe("init");
      return readFileSync(rootfsPath);
    };
    const init = await bytes("init", {});
    expect(Buffer.compare(init, await bytes("ovms", { profile: { name: "ovms" } }))).toBe(0);
    expect(
      Buffer.compare(init, await bytes("user", { profile: { name: "init", workload: { user: "1" } } })),
    ).not.toBe(0);
  });

  test("names what is in the way, and leaves nothing", async () => {
    const source = image([{ path: "sbin/ovms-init", data: "another" }]);
    const hint = "remove or rename these files";
    await expectError(
      convert(options("conflict", { source })),
      "E_PROFILE_CONFLICT",
      "/sbin/ovms-init",
      hint,
    );
    expect(() => readdirSync(scratch("conflict"))).toThrow();
  });

  test("is planned", async () => {
    const { profile, outputs } = await planConversion(options("planned"));
    expect(profile).toBe("init");
    expect(outputs.map((path) => path.split("/").at(-1))).toEqual([
      "rootfs.ext4",
      "meta.json",
      "bootstrap.json",
    ]);
  });

  for (const type of FILESYSTEM_NAMES) {
    test(`is in ${type} what it is in any other`, async () => {
      const { rootfsPath, assetPaths } = await convert(options(type, { filesystem: { type } }));
      const bootstrap = readFileSync(assetPaths[0] ?? "", "latin1");
      expect(await cat(rootfsPath, "/etc/ovms/bootstrap.json")).toBe(bootstrap);
    });
  }

  test("needs no folder: the same image, and all that is told of it", async () => {
    const source = image();
    const { rootfsPath, metadata } = await convert(options("folder", { source }));
    const target = new MemoryTarget();
    const { out: _, ...rest } = options("nowhere", { source });
    // But for the files beside it.
    const { assets, ...described } = metadata;
    expect(assets).toEqual(["bootstrap.json"]);
    expect((await convertInto(target, rest)).metadata).toEqual(described);
    expect(Buffer.compare(readFileSync(rootfsPath), target.bytes)).toBe(0);
  });

  test("for an architecture that it has no program for is refused before anything is made", async () => {
    const asked = options("riscv", { platform: "linux/riscv64" });
    await expectError(convert(asked), "E_PLATFORM_NOT_FOUND", "riscv64", "linux/arm64");
    expect(() => readdirSync(scratch("riscv"))).toThrow();
  });

  test("and what it takes are wrong use elsewhere, and what it does not take here", async () => {
    const table: [ProfileSettings, ...string[]][] = [
      [
        { name: "baseline", workload: { user: "1" } },
        "the profile baseline",
        "leave it out, or convert with --profile init",
      ],
      [{ name: "gondolin", workload: {} }, "the profile gondolin", "--profile init"],
      [
        { name: "init", mode: "assets" },
        "the mode assets has no meaning with the profile init",
        "--profile gondolin",
      ],
      [
        { name: "init", guestAssets: "/x" },
        "guest assets have no meaning with the profile init",
        "--profile gondolin",
      ],
      [{ name: "init", workload: { workdir: "x" } }, '"x" is relative'],
    ];
    for (const [profile, ...said] of table)
      await expectError(convert(options("wrong", { profile })), "E_USAGE", ...said);
  });
});
