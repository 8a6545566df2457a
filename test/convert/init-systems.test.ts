/** Conversions with the profiles systemd and cloud-init: what comes out, beside the image and in it. */
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { convert } from "../../src/convert/convert.ts";
import { convertInto } from "../../src/convert/convert-into.ts";
import { planConversion } from "../../src/convert/dry-run.ts";
import type { ConvertOptions, ProfileSettings } from "../../src/convert/options.ts";
import { MemoryTarget } from "../../src/output/target.ts";
import { runWith } from "../cli/fake-host.ts";
import { expectError } from "../support/expect-error.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { expectCleanIfChecked, runOk, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { tar } from "../support/tar-builder.ts";

const scratch = scratchFolder();
const SYSTEMD = { path: "usr/lib/systemd/systemd", mode: 0o755, data: "systemd" };
const CLOUD_INIT = { path: "usr/bin/cloud-init", mode: 0o755, data: "cloud-init" };
const SEED = "/var/lib/cloud/seed/nocloud";
const CREATED = 1_735_689_600;
let images = 0;

function image(config: Readonly<Record<string, unknown>> = { Cmd: ["/app", "ü"], Env: ["A=1"] }): string {
  const layout = scratch(`image${images++}`);
  const created = new Date(CREATED * 1000).toISOString();
  buildLayout(layout, { layers: [tar([SYSTEMD, CLOUD_INIT])], config, tag: "t", created });
  return `oci:${layout}:t`;
}

const options = (
  out: string,
  profile: ProfileSettings,
  more: Partial<ConvertOptions> = {},
): ConvertOptions => ({
  source: image(),
  platform: "linux/amd64",
  out: scratch(out),
  profile,
  ...more,
});

async function cat(rootfs: string, path: string): Promise<string> {
  const { code, stdout } = await runWith(["cat", rootfs, path]);
  expect(code).toBe(0);
  return stdout;
}

describe("the profile systemd", () => {
  test("makes the service, and bootstrap.json beside the image and in it", async () => {
    const { rootfsPath, metadata } = await convert(options("systemd", { name: "systemd" }));
    expectCleanIfChecked(rootfsPath);
    expect(readdirSync(scratch("systemd")).sort()).toEqual(["bootstrap.json", "meta.json", "rootfs.ext4"]);
    const bootstrap = readFileSync(scratch("systemd", "bootstrap.json"), "latin1");
    expect(await cat(rootfsPath, "/etc/ovms/bootstrap.json")).toBe(bootstrap);
    expect(await cat(rootfsPath, "/etc/systemd/system/ovms.service")).toContain("--workload\n");
    expect(metadata).toMatchObject({ profile: "systemd", filesystem: { label: "rootfs" } });
    expect(metadata.injection).toMatchObject({
      init: { path: "/sbin/init" },
      service: "/etc/systemd/system/ovms.service",
      bootstrap: { cmd: ["/app", "ü"] },
    });
    expect(metadata.injection?.paths).toContain("/etc/systemd/system/multi-user.target.wants/ovms.service");
  });

  test("needs no folder, and makes the same again in memory", async () => {
    const source = image();
    const { rootfsPath } = await convert(options("folder", { name: "systemd" }, { source }));
    const target = new MemoryTarget();
    const { out: _, ...rest } = options("nowhere", { name: "systemd" }, { source });
    await convertInto(target, rest);
    expect(Buffer.compare(readFileSync(rootfsPath), target.bytes)).toBe(0);
  });
});

describe("the profile cloud-init", () => {
  test("puts the seed into the image and beside it", async () => {
    const { rootfsPath, metadata } = await convert(options("seed", { name: "cloud-init" }));
    expectCleanIfChecked(rootfsPath);
    const beside = ["meta-data", "meta.json", "rootfs.ext4", "user-data"];
    expect(readdirSync(scratch("seed")).sort()).toEqual(beside);
    for (const name of ["user-data", "meta-data"]) {
      expect(await cat(rootfsPath, `${SEED}/${name}`)).toBe(readFileSync(scratch("seed", name), "utf8"));
    }
    const metaData = JSON.parse(readFileSync(scratch("seed", "meta-data"), "utf8"));
    expect(metadata.injection).toMatchObject({
      instanceId: metaData["instance-id"],
      bootstrap: { cmd: ["/app", "ü"] },
    });
    expect(metadata.injection?.paths).toContain(`${SEED}/user-data`);
  });

  testWith(["mcopy", "blkid"], "makes a volume of it, and leaves the image alone", async () => {
    const source = image();
    const asked: ProfileSettings = { name: "cloud-init", seedImage: true };
    const { metadata, assetPaths } = await convert(options("volume", asked, { source }));
    const [userData = "", metaData = "", volume = ""] = assetPaths;
    expect(volume).toBe(scratch("volume", "seed.img"));
    expect(metadata.injection?.paths).toEqual([]);
    for (const path of [userData, metaData]) {
      const copy = `${path}.copy`;
      runOk("mcopy", ["-m", "-i", volume, `::${path.split("/").at(-1)}`, copy], { env: { TZ: "UTC" } });
      expect(readFileSync(copy, "utf8")).toBe(readFileSync(path, "utf8"));
      expect(runOk("date", ["-r", copy, "+%s"]).trim()).toBe(`${CREATED}`);
    }
    expect(runOk("blkid", ["-p", "-s", "LABEL", "-o", "value", volume])).toBe("CIDATA\n");
    // The same seed as in an image, and the same volume again.
    const again = options("again", asked, { source, filesystem: { type: "erofs" } });
    const { assetPaths: others } = await convert(again);
    expect(Buffer.compare(readFileSync(others[2] ?? ""), readFileSync(volume))).toBe(0);
    await convert(options("in-image", { name: "cloud-init" }, { source }));
    expect(readFileSync(scratch("in-image", "user-data"))).toEqual(readFileSync(userData));
  });

  test("is planned with what it makes", async () => {
    const asked: ProfileSettings = { name: "cloud-init", seedImage: true };
    const { outputs } = await planConversion(options("planned", asked));
    expect(outputs.map((path) => path.split("/").at(-1))).toEqual([
      ...["rootfs.ext4", "meta.json", "user-data", "meta-data", "seed.img"],
    ]);
  });
});

describe("both", () => {
  test("say what runs in the summary, and take what the workload is to be from options", async () => {
    for (const name of ["systemd", "cloud-init"] as const) {
      const out = scratch(`run-${name}`);
      const layout = image().slice("oci:".length);
      const args = ["convert", "--oci-layout", layout, "--out", out, "--platform", "linux/amd64"];
      const asked = ["--profile", name, "--cmd", "/other", "--user", "7", "--hostname", "box"];
      const { code, stdout } = await runWith([...args, ...asked], { convert });
      expect([code, stdout]).toEqual([0, expect.stringContaining("Runs      /other as 7 in /")]);
    }
  });

  test("of an image that lacks them leave nothing", async () => {
    const layout = scratch("bare");
    buildLayout(layout, { layers: [tar([CLOUD_INIT])], config: { Cmd: ["x"] }, tag: "t" });
    for (const name of ["systemd", "cloud-init"] as const) {
      const asked = options(`bare-${name}`, { name }, { source: `oci:${layout}:t` });
      await expectError(convert(asked), "E_UNSUPPORTED", "no systemd", "--profile init");
      expect(() => readdirSync(scratch(`bare-${name}`))).toThrow();
    }
  });

  test("and what they take are wrong use elsewhere", async () => {
    const table: [ProfileSettings, ...string[]][] = [
      [{ name: "systemd", seedImage: true }, "a seed image has no meaning with the profile systemd"],
      [{ name: "baseline", seedImage: true }, "--profile cloud-init"],
      [{ name: "cloud-init", keepRunning: true }, "goes on without its workload has no meaning"],
      [{ name: "systemd", ip: "dhcp" }, "the machine's address has no meaning with the profile systemd"],
      [{ name: "init", ip: "dhcpp" }, '"dhcpp" is no address for a machine'],
      [{ name: "cloud-init", mode: "assets" }, "the mode assets has no meaning with the profile cloud-init"],
    ];
    for (const [profile, ...said] of table) {
      await expectError(convert(options("wrong", profile)), "E_USAGE", ...said);
    }
    const { out: _, ...asked } = options("nowhere", { name: "cloud-init", seedImage: true });
    await expectError(convertInto(new MemoryTarget(), asked), "E_USAGE", "a seed image is a file beside");
  });
});
