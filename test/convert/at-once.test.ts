import { afterEach, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { convert } from "../../src/convert/convert.ts";
import { StagedOutput } from "../../src/output/staged-output.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { runOk, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { tar } from "../support/tar-builder.ts";

const scratch = scratchFolder();
const MAIN = join(import.meta.dir, "../../src/cli/main.ts");
const ROUNDS = 20;

afterEach(() => rmSync(scratch("out"), { recursive: true, force: true }));

function smallImage(): string {
  const layout = scratch("image");
  if (!existsSync(layout)) buildLayout(layout, { layers: [tar([{ path: "a", data: "hello" }])] });
  return `oci:${layout}`;
}

/** A command that makes an image of its own length. */
function command(mebibytes: number, ...more: readonly string[]): string[] {
  const image = [
    "convert",
    smallImage(),
    "--platform",
    "linux/amd64",
    "--free",
    `${mebibytes}M`,
    "--no-cache",
  ];
  return [MAIN, ...image, "--out", scratch("out"), "--digest", "--quiet", ...more];
}

/** Fails unless the files are of one conversion, and nothing else is there. */
function expectWhole(): void {
  const digest = createHash("sha256")
    .update(readFileSync(scratch("out/rootfs.ext4")))
    .digest("hex");
  const metadata = JSON.parse(readFileSync(scratch("out/meta.json"), "utf8"));
  expect(metadata.rootfsDigest).toBe(`sha256:${digest}`);
  expect(readdirSync(scratch("out")).sort()).toEqual(["meta.json", "rootfs.ext4"]);
}

describe("conversions into one folder at once", () => {
  test("with --force end with one whole result, whatever their order", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const ended = [1, 2].map(async (mebibytes) => {
        const child = spawn(process.execPath, command(mebibytes, "--force"), { stdio: "inherit" });
        return (await once(child, "exit"))[0];
      });
      expect(await Promise.all(ended)).toEqual([0, 0]);
      expectWhole();
    }
  });

  for (const force of [true, false]) {
    const title = force ? "all end well" : "one ends well and the others are refused";
    test(`in one process, ${force ? "with" : "without"} force, ${title}`, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const options = { source: smallImage(), platform: "linux/amd64", out: scratch("out"), digest: true };
        const ended = await Promise.allSettled(
          [1, 2, 3].map((mebibytes) => convert({ ...options, force, filesystem: { free: mebibytes << 20 } })),
        );
        const reasons = ended.flatMap((one) => (one.status === "rejected" ? [one.reason.code] : []));
        expect(reasons).toEqual(force ? [] : ["E_OUTPUT_EXISTS", "E_OUTPUT_EXISTS"]);
        expectWhole();
        rmSync(scratch("out"), { recursive: true });
      }
    });
  }

  testWith(["pid namespace"], "leave what one in another container is making", async () => {
    const mine = await StagedOutput.create(scratch("out"), ["mine"], false);
    await mine.write("mine", "whole");
    runOk("unshare", ["-pf", "--kill-child", "--mount-proc", process.execPath, ...command(1)]);
    await mine.commit();
    expect(readdirSync(scratch("out")).sort()).toEqual(["meta.json", "mine", "rootfs.ext4"]);
  });
});
