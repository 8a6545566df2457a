/** What lies beside an image in assets mode. */
import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assetBuildId } from "../../../src/profile/gondolin/build-id.ts";
import { openGondolinProfile } from "../../../src/profile/gondolin/gondolin.ts";
import { withEnvironment } from "../../../src/profile/gondolin/init-script.ts";
import { expectError } from "../../support/expect-error.ts";
import { runOk, testWith } from "../../support/oracles.ts";
import { scratchFolder } from "../../support/scratch.ts";
import { BASE, type BaseOptions, INIT, MANIFEST, VERSION, writeBase, writeRootfs } from "./bases.ts";

const scratch = scratchFolder();
const FINISHED = {
  manifestDigest: `sha256:${"a".repeat(64)}`,
  platform: { os: "linux", architecture: "amd64" },
  time: { seconds: 1_700_000_000, nanoseconds: 123 },
};
let folders = 0;

interface Made {
  readonly outputs: readonly string[];
  read(name: string): Buffer;
  readonly manifest: Record<string, unknown>;
}

async function make(
  base: BaseOptions,
  changeBase: (folder: string) => void = () => undefined,
): Promise<Made> {
  const guestAssets = writeBase(scratch(`base-${folders}`), base);
  changeBase(guestAssets);
  const out = scratch(`out-${folders++}`);
  mkdirSync(out);
  writeRootfs(join(out, "rootfs.ext4"), {});
  const read = (name: string) => readFileSync(join(out, name));
  const options = { environment: {}, cwd: scratch(), home: scratch(), guestAssets } as const;
  const profile = await openGondolinProfile({ ...options, mode: "assets", platform: FINISHED.platform });
  try {
    await profile.writeOutputs({
      ...FINISHED,
      rootfsDigest: async () => sha256(read("rootfs.ext4")),
      path: (name) => join(out, name),
    });
  } finally {
    profile.close();
  }
  expect(readdirSync(out).sort()).toEqual([...profile.outputs, "rootfs.ext4"].sort());
  return { outputs: profile.outputs, read, manifest: JSON.parse(read("manifest.json").toString()) };
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

describe("the build's identifier is the one that Gondolin computes", () => {
  const digest = (letter: string): string => letter.repeat(64);
  const checksums = { kernel: digest("a"), initramfs: digest("b"), rootfs: digest("c") };

  test("of three files", () => {
    expect(assetBuildId(checksums, "x86_64")).toBe("17a5673e-e568-523c-97b9-3dbe712e28d3");
  });

  test("of five", () => {
    const all = { ...checksums, krunKernel: digest("d"), krunInitrd: digest("e") };
    expect(assetBuildId(all, "aarch64")).toBe("c6072f37-9f78-5be2-807a-c3d9d78c1a46");
  });
});

test("manifest.json names the files, their digests, and nothing of this machine", async () => {
  const { manifest, read, outputs } = await make({ manifest: MANIFEST });
  expect(outputs).toEqual(["vmlinuz-virt", "initramfs.cpio.lz4", "manifest.json"]);
  const checksums = {
    kernel: sha256(read("vmlinuz-virt")),
    initramfs: sha256(read("initramfs.cpio.lz4")),
    rootfs: sha256(read("rootfs.ext4")),
  };
  expect(manifest).toEqual({
    version: 1,
    buildId: assetBuildId(checksums, "x86_64"),
    config: { arch: "x86_64", distro: "alpine", rootfs: { label: "rootfs" } },
    runtimeDefaults: { rootfsMode: "memory" },
    buildTime: "2023-11-14T22:13:20.000Z",
    assets: MANIFEST.assets,
    checksums,
    source: { manifestDigest: FINISHED.manifestDigest, platform: "linux/amd64" },
  });
  expect(read("vmlinuz-virt").toString()).toBe("kernel");
});

test("twice is the same, byte for byte", async () => {
  const [one, two] = [await make({ manifest: MANIFEST }), await make({ manifest: MANIFEST })];
  for (const name of one.outputs) expect(one.read(name).equals(two.read(name))).toBe(true);
});

test("a base without a manifest will do", async () => {
  const { manifest } = await make({});
  expect(manifest).toMatchObject({ config: { arch: "x86_64", distro: "alpine" } });
  expect(manifest).not.toHaveProperty("runtimeDefaults");
});

test("krun's kernel goes along, under Gondolin's names", async () => {
  const assets = { ...MANIFEST.assets, krunKernel: "special", krunInitrd: "empty" };
  const { manifest, read, outputs } = await make({ manifest: { ...MANIFEST, assets } }, (folder) => {
    writeFileSync(join(folder, "special"), "krun");
    writeFileSync(join(folder, "empty"), "");
  });
  expect(outputs).toContain("krun-kernel");
  expect(read("krun-kernel").toString()).toBe("krun");
  expect(read("krun-empty-initrd").length).toBe(0);
  expect(manifest).toMatchObject({
    assets: { krunKernel: "krun-kernel", krunInitrd: "krun-empty-initrd" },
    checksums: { krunKernel: sha256(Buffer.from("krun")), krunInitrd: sha256(Buffer.from("")) },
  });
});

describe("the initramfs", () => {
  testWith(
    ["cpio"],
    "is the base's, behind an archive of the modules that /init loads and of those they need",
    async () => {
      const { read } = await make({ manifest: MANIFEST });
      const bytes = read("initramfs.cpio.lz4");
      expect(bytes.toString("latin1")).toEndWith("initramfs");
      const archive = bytes.subarray(0, -"initramfs".length);
      expect(archive.length % 512).toBe(0);
      const files = runOk("cpio", ["-t"], { input: archive })
        .trim()
        .split("\n")
        .filter((path) => path.includes(".ko"));
      const kernel = `lib/modules/${VERSION}/kernel`;
      expect(files).toEqual([
        `${kernel}/drivers/char/virtio_console.ko.gz`,
        `${kernel}/drivers/net/net_failover.ko.gz`,
        `${kernel}/drivers/net/virtio_net.ko.gz`,
        `${kernel}/net/core/failover.ko.gz`,
        `${kernel}/net/packet/af_packet.ko.gz`,
      ]);
    },
  );

  test("is only the base's where the kernel has everything built in", async () => {
    const files = Object.fromEntries(
      Object.entries(BASE).filter(([path]) => !path.startsWith("/lib/modules/")),
    );
    const { read } = await make({ files, manifest: MANIFEST });
    expect(read("initramfs.cpio.lz4").toString()).toBe("initramfs");
  });

  testWith(["cpio"], "has them where the base's folders really are", async () => {
    const files = Object.fromEntries(
      Object.entries(BASE).map(([path, made]) => [path.replace(/^\/lib\/modules/, "/usr/lib/modules"), made]),
    );
    const { read } = await make({
      files: { ...files, "/lib/modules": { link: "../usr/lib/modules" } },
      manifest: MANIFEST,
    });
    const archive = read("initramfs.cpio.lz4").subarray(0, -"initramfs".length);
    expect(runOk("cpio", ["-t"], { input: archive }).trim().split("\n")[0]).toBe("usr");
  });
});

test("a file that is there already is not written over", async () => {
  const guestAssets = writeBase(scratch("kept"), { manifest: MANIFEST });
  const options = { environment: {}, cwd: scratch(), home: scratch(), guestAssets } as const;
  const profile = await openGondolinProfile({ ...options, mode: "assets", platform: FINISHED.platform });
  const path = (name: string) => join(guestAssets, name);
  const rootfsDigest = async () => "0";
  await expectError(profile.writeOutputs({ ...FINISHED, rootfsDigest, path }), "E_IO", "vmlinuz-virt");
  profile.close();
  expect(readFileSync(path("vmlinuz-virt")).toString()).toBe("kernel");
});

test("the environment is read just before the last start of sandboxd", () => {
  const script = `${INIT}exit\nexec /usr/bin/sandboxd\n`;
  const changed = withEnvironment(script) ?? "";
  expect(changed.indexOf("gondolin-image-env.sh")).toBeGreaterThan(changed.indexOf("exit"));
  expect(changed).toEndWith("fi\n\nexec /usr/bin/sandboxd\n");
});
