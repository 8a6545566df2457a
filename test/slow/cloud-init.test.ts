/** cloud-init's own code on seeds for workloads that hold anything. */
import { expect } from "bun:test";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { openCloudInitProfile } from "../../src/profile/cloud-init/cloud-init.ts";
import { openSystemdProfile } from "../../src/profile/systemd/systemd.ts";
import { hostileRuntime } from "../profile/hostile.ts";
import { program, testImage } from "../profile/trees.ts";
import { run, runOk, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { SYSTEMD_IMAGE_ORACLES, systemdTar } from "../support/systemd-image.ts";

const scratch = scratchFolder();
const PLATFORM = { os: "linux", architecture: "amd64" };
const SEEDS = 200;
const SEED = "/var/lib/cloud/seed/nocloud";
const IMAGE = {
  "/usr/lib/systemd/systemd": program("systemd"),
  "/usr/bin/cloud-init": program("cloud-init"),
};
const SERVICE = /^\/(etc\/(ovms|systemd\/system\/ovms|sysctl\.d)|sbin\/)/;

type Runtime = Parameters<typeof testImage>[1];

const base64 = (text: string, encoding: "latin1" | "utf8" = "latin1") =>
  Buffer.from(text, encoding).toString("base64");

/** The files that the profile systemd puts into an image that keeps running: cloud-init is to write just these. */
async function serviceFiles(runtime: Runtime, hostname: string | undefined): Promise<Record<string, string>> {
  const made = testImage(IMAGE, runtime);
  const { paths } = await openSystemdProfile({
    platform: PLATFORM,
    workload: { hostname },
    keepRunning: true,
  }).inject(made.image);
  const files = paths.filter((path) => SERVICE.test(path) && made.inode(path)?.type === "file");
  return Object.fromEntries(
    await Promise.all(files.map(async (path) => [path, base64(await made.text(path))])),
  );
}

async function writeSeed(folder: string, runtime: Runtime, hostname: string | undefined): Promise<void> {
  const { image, text } = testImage(IMAGE, runtime);
  const workload = { hostname };
  const profile = openCloudInitProfile({ platform: PLATFORM, workload, seedImage: false });
  const { metadata } = await profile.inject(image);
  mkdirSync(folder, { recursive: true });
  for (const name of ["user-data", "meta-data"]) {
    writeFileSync(join(folder, name), Buffer.from(await text(`${SEED}/${name}`), "latin1"));
  }
  const volumes = runtime?.Volumes ?? [];
  const wanted = {
    metaData: { "instance-id": metadata["instanceId"], ...(hostname ? { "local-hostname": hostname } : {}) },
    files: await serviceFiles(runtime, hostname),
    commands: [
      ...(volumes.length > 0 ? [["sh", "/etc/ovms/make-folders"]] : []),
      ["systemctl", "daemon-reload"],
      ["systemctl", "restart", "systemd-sysctl.service"],
      ["systemctl", "enable", "--now", "--no-block", "ovms.service"],
    ],
    folders: volumes.map((volume) => base64(volume, "utf8")),
  };
  writeFileSync(join(folder, "wanted.json"), JSON.stringify(wanted));
}

testWith(
  SYSTEMD_IMAGE_ORACLES,
  "seeds for hostile workloads are valid, and write the very bytes",
  async () => {
    const root = scratch("root");
    mkdirSync(root);
    const parts = ["./usr", "./etc", "./bin", "./lib", "./lib64", "./sbin"];
    runOk("tar", ["-xpf", systemdTar(), "-C", root, ...parts]);
    const runtimes = fc.sample(hostileRuntime, { numRuns: SEEDS, seed: 1 });
    for (const [index, runtime] of runtimes.entries()) {
      const hostname = index % 2 === 0 ? "box.example" : undefined;
      await writeSeed(join(root, "seeds", `${index}`), runtime, hostname);
    }
    // What is said where something is wrong.
    mkdirSync(join(root, "seeds/broken"));
    writeFileSync(join(root, "seeds/broken/user-data"), '#cloud-config\n{"write_files": {}}\n');
    copyFileSync(join(import.meta.dir, "../support/cloud-init-check.py"), join(root, "check.py"));
    expect(run("chroot", [root, "/usr/bin/python3", "/check.py", "/seeds"])).toEqual({
      status: 0,
      stdout: expect.stringMatching(
        new RegExp(`^(.* deprecations: \n)?broken: SchemaValidationError.*\n${SEEDS + 1} seeds\n$`),
      ),
      stderr: "",
    });
  },
);
