/** The images that guests are made from in tests are what they say they are. */
import { expect } from "bun:test";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { convert } from "../../src/convert/convert.ts";
import { bootArm } from "../support/gondolin/boot-arm.ts";
import { DEBIAN_FILES, debianImage } from "../support/gondolin/debian-image.ts";
import { SCRATCH_CONFIG, scratchImage } from "../support/gondolin/scratch-image.ts";
import { run, runOk, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { withUmociUnpacked } from "../support/umoci.ts";

const scratch = scratchFolder();
const HELLO = join(import.meta.dir, "../../fixtures/images/hello");
/** The first run on a machine fetches and compiles. */
const FIRST_MS = 900_000;

function onlyManifest(layout: string) {
  const { manifests } = JSON.parse(readFileSync(join(layout, "index.json"), "utf8"));
  expect(manifests).toHaveLength(1);
  return manifests[0];
}

testWith(
  ["mmdebstrap", "umoci", "chroot", "busybox"],
  "the Debian image has files with an owner, a set-user-id bit and a capability",
  async () => {
    const layout = debianImage();
    await withUmociUnpacked(layout, onlyManifest(layout), (rootfs) => {
      expect(readFileSync(join(rootfs, "etc/debian_version"), "utf8")).toMatch(/^\d+\.\d+\n$/);
      const { uid, gid } = statSync(join(rootfs, DEBIAN_FILES.owned));
      expect([uid, gid]).toEqual([1000, 1000]);
      expect(statSync(join(rootfs, DEBIAN_FILES.setuid)).mode & 0o7777).toBe(0o4755);
      const read = ["/bin/cat", DEBIAN_FILES.owned];
      const asNobody = ["--userspec=65534:65534", rootfs];
      expect(run("chroot", [...asNobody, ...read]).status).not.toBe(0);
      const capable = [...asNobody, DEBIAN_FILES.capable, "cat", DEBIAN_FILES.owned];
      expect(runOk("chroot", capable)).toBe("owned\n");
    });
  },
  FIRST_MS,
);

testWith(
  ["npm", "umoci", "chroot"],
  "the image with one static program has nothing but that and a user",
  async () => {
    const layout = scratchImage("amd64");
    await withUmociUnpacked(layout, onlyManifest(layout), (rootfs) => {
      expect(runOk("find", [rootfs, "-type", "f", "-printf", "%P\n"]).trim().split("\n").sort()).toEqual([
        "app/tool",
        "etc/passwd",
      ]);
      const { status, stdout } = run("chroot", ["--userspec=65532:65532", rootfs, "/app/tool", "9", "x y"], {
        env: { GREETING: SCRATCH_CONFIG.Env[1].slice("GREETING=".length) },
      });
      const facts = ["user 65532:65532", "directory /", 'greeting it\'s "here" for $5'];
      expect(stdout.trim().split("\n")).toEqual([...facts, "argument 9", "argument x y"]);
      expect(status).toBe(9);
    });
  },
  FIRST_MS,
);

testWith(
  ["qemu-system-aarch64", "apt-get", "dpkg", "dpkg-deb"],
  "an arm64 kernel boots the bundled image",
  async () => {
    const { rootfsPath } = await convert({
      source: `oci:${HELLO}`,
      platform: "linux/arm64",
      out: scratch("arm64"),
    });
    const parameters = "rw root=/dev/nvme0n1 rootfstype=ext4 init=/sbin/init";
    const said = await bootArm({ image: rootfsPath, parameters });
    expect(said).toContain("hello from docker2vm");
    expect(said).not.toMatch(/EXT4-fs (error|warning)/);
    const early = await bootArm({ image: rootfsPath, parameters, until: "Run /sbin/init" });
    expect(early).not.toContain("Power down");
  },
  FIRST_MS,
);
