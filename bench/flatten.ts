/**
 * An image without its layers: what contenders start from that know a tar or a folder, but no image. Made by docker2vm,
 * so that all of them get the same files; making it is no part of what is measured.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { protofile } from "./protofile.ts";

export interface FlatImage {
  /** Holds rootfs/, rootfs.tar, rootfs.tar.gz and rootfs.proto. */
  readonly folder: string;
  /** What the files take in blocks of 4 KiB, and how many there are. */
  readonly kib: number;
  readonly inodes: number;
}

/** Flattens the layout's image into the cache, unless it is there. */
export function flattenImage(layout: string, cli: readonly string[], cache: string): FlatImage {
  const digest = createHash("sha256")
    .update(readFileSync(join(layout, "index.json")))
    .digest("hex");
  const folder = join(cache, "flat", digest.slice(0, 16));
  if (!existsSync(folder)) {
    const unfinished = `${folder}.unfinished`;
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(unfinished, { recursive: true });
    const image = join(unfinished, "converted");
    const platform = ["--platform", "linux/amd64"];
    run([
      ...cli,
      "convert",
      `oci:${layout}`,
      ...platform,
      "--progress",
      "none",
      "--no-cache",
      "--out",
      image,
    ]);
    run([...cli, "extract", join(image, "rootfs.ext4"), "/", join(unfinished, "rootfs")]);
    rmSync(image, { recursive: true });
    run(["tar", "-C", join(unfinished, "rootfs"), "--sort=name", "-cf", join(unfinished, "rootfs.tar"), "."]);
    run(["gzip", "-k", "-n", join(unfinished, "rootfs.tar")]);
    const end = join(folder, "rootfs");
    writeFileSync(join(unfinished, "rootfs.proto"), protofile(join(unfinished, "rootfs"), end));
    renameSync(unfinished, folder);
  }
  const rootfs = join(folder, "rootfs");
  return {
    folder,
    kib: Number.parseInt(run(["du", "-sk", rootfs]), 10),
    inodes: Number.parseInt(run(["du", "-s", "--inodes", rootfs]), 10),
  };
}

function run(command: readonly string[]): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...command]);
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: exit ${exitCode}\n${stderr.toString()}`);
  return stdout.toString();
}
