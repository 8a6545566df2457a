import { expect } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run, runOk, testWith } from "./oracles.ts";
import { unmountImage } from "./unmount-image.ts";

testWith(["mke2fs", "unshare", "loop mount"], "an image is unmounted when no namespace has it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "unmounted-"));
  const image = `${folder}.ext4`;
  runOk("mke2fs", ["-q", "-t", "ext4", image, "8M"]);
  runOk("mount", ["-o", "loop", image, folder]);
  const other = spawn("unshare", ["--mount", "sh", "-c", "echo; exec sleep 2"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  await once(other.stdout, "data");
  unmountImage(image, folder);
  expect(run("losetup", ["--associated", image])).toMatchObject({ stdout: "" });
  rmdirSync(folder);
  rmSync(image);
});
