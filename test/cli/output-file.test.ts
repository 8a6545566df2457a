/** One file in place of a folder: the same bytes, the same way to its name. */
import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { convert } from "../../src/convert/convert.ts";
import { planConversion } from "../../src/convert/dry-run.ts";
import type { ConvertOptions } from "../../src/convert/options.ts";
import { StagedOutput } from "../../src/output/staged-output.ts";
import { expectError } from "../support/expect-error.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { run } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { tar } from "../support/tar-builder.ts";

const scratch = scratchFolder();
const MAIN = join(import.meta.dir, "../../src/cli/main.ts");
const PLATFORM = ["--platform", "linux/amd64"];
const image = (): string => `oci:${scratch("image")}`;
const file = (): string => scratch("vm/x.img");

beforeAll(() => {
  buildLayout(scratch("image"), { layers: [tar([{ path: "a", data: "hello" }])], config: { Cmd: ["/a"] } });
});
afterEach(() => rmSync(scratch("vm"), { recursive: true, force: true }));

function docker2vm(...args: readonly string[]) {
  return run(process.execPath, [MAIN, ...args], { cwd: scratch() });
}

function convertTo(out: ConvertOptions["out"], more: Partial<ConvertOptions> = {}) {
  return convert({ source: image(), platform: "linux/amd64", out, ...more });
}

/** All that lies beside the file, hidden or not. */
function made(): readonly string[] {
  return readdirSync(scratch("vm")).sort();
}

describe("--output", () => {
  for (const [name, ...more] of [["ext4"], ["xfs", "--verity"], ["erofs", "--profile", "init"]] as const) {
    test(`${name} is one file, with the bytes that it has in a folder`, () => {
      const options = ["convert", image(), ...PLATFORM, "--fs", name, ...more];
      expect(docker2vm(...options, "--out", "folder", "--force")).toMatchObject({ status: 0 });
      const ran = docker2vm(...options, "--output", "vm/x.img");
      expect(ran).toMatchObject({ status: 0 });
      expect(ran.stdout).toContain(`Rootfs    ${file()}\n`);
      expect(ran.stdout).not.toContain("Metadata");
      expect(made()).toEqual(["x.img"]);
      const inFolder = readFileSync(scratch("folder", `rootfs.${name}`));
      expect(readFileSync(file()).equals(inFolder)).toBe(true);
    });
  }

  test("--meta writes beside it what meta.json holds", async () => {
    const ran = docker2vm("convert", image(), ...PLATFORM, "--output", "vm/.x", "--meta", "--format", "json");
    const { rootfs, metadata, assets } = JSON.parse(ran.stdout);
    expect({ rootfs, metadata, assets }).toEqual({
      rootfs: scratch("vm/.x"),
      metadata: scratch("vm/.x.meta.json"),
      assets: [],
    });
    expect(made()).toEqual([".x", ".x.meta.json"]);
    const { metadataPath } = await convertTo(scratch("vm/folder"));
    expect(readFileSync(metadata, "utf8")).toBe(readFileSync(metadataPath ?? "", "utf8"));
  });

  test("standard input, and a result without meta.json", () => {
    const archive = run("tar", ["-C", scratch("image"), "-cf", scratch("image.tar"), "."]);
    expect(archive.status).toBe(0);
    const command = `"${process.execPath}" "${MAIN}" convert - ${PLATFORM.join(" ")} --output vm/x.img --format json`;
    const ran = run("sh", ["-c", `${command} < image.tar`], { cwd: scratch() });
    expect(JSON.parse(ran.stdout)).toMatchObject({ rootfs: file(), metadata: null });
    expect(made()).toEqual(["x.img"]);
  });

  test("a dry run names the files, and writes none", async () => {
    const options = { source: image(), platform: "linux/amd64" };
    const { outputs } = await planConversion({ ...options, out: { file: file() } });
    expect(outputs).toEqual([file()]);
    const both = await planConversion({ ...options, out: { file: file(), metadata: true } });
    expect(both.outputs).toEqual([file(), `${file()}.meta.json`]);
    expect(existsSync(scratch("vm"))).toBe(false);
  });
});

describe("a file that is there", () => {
  test("stays without force, and with it goes with what described it", async () => {
    await convertTo({ file: file(), metadata: true });
    const before = readFileSync(file());
    const again = { filesystem: { label: "again" } };
    await expectError(convertTo({ file: file() }, again), "E_OUTPUT_EXISTS", `${file()} exists`, "--force");
    expect(readFileSync(file()).equals(before)).toBe(true);
    expect(made()).toEqual(["x.img", "x.img.meta.json"]);
    await convertTo({ file: file() }, { ...again, force: true });
    expect(readFileSync(file()).equals(before)).toBe(false);
    expect(made()).toEqual(["x.img"]);
  });

  test("stays, whatever fails, and nothing else does", async () => {
    await convertTo({ file: file(), metadata: true });
    const before = readFileSync(file());
    const onProgress = (): void => {
      throw new Error("enough");
    };
    await expect(convertTo({ file: file() }, { force: true, onProgress })).rejects.toThrow("enough");
    expect(readFileSync(file()).equals(before)).toBe(true);
    expect(made()).toEqual(["x.img", "x.img.meta.json"]);
  });

  test("is no hindrance to others in its folder, nor are those that are being made", async () => {
    const other = await StagedOutput.create(scratch("vm"), ["y.img"], false);
    await convertTo({ file: file() });
    await expectError(convertTo({ file: scratch("vm/y.img") }), "E_OUTPUT_EXISTS", "another conversion");
    await other.write("y.img", "y");
    await other.commit();
    expect(made()).toEqual(["x.img", "y.img"]);
    const names = ["a", "b", "c"].map((name) => `${name}.img`);
    await Promise.all(names.map((name) => convertTo({ file: scratch("vm", name) })));
    expect(made()).toEqual([...names, "x.img", "y.img"]);
  });

  test("is refused where it is a folder, a pipe or a link to a device, also with force", async () => {
    mkdirSync(scratch("vm/folder"), { recursive: true });
    symlinkSync("/dev/full", scratch("vm/full"));
    run("mkfifo", [scratch("vm/fifo")]);
    writeFileSync(scratch("vm/file"), "");
    for (const [path, hint] of [
      [scratch("vm/folder"), "it is a folder"],
      [scratch("vm/full"), "it is no file"],
      [scratch("vm/fifo"), "it is no file"],
    ] as const) {
      await expectError(convertTo({ file: path }, { force: true }), "E_OUTPUT_EXISTS", path, hint);
    }
    const below = convertTo({ file: scratch("vm/file/x.img") }, { force: true });
    await expectError(below, "E_OUTPUT_EXISTS", "is not a folder", "another place");
  });
});

describe("what is no file's name, or needs a folder,", () => {
  for (const name of ["vm/", "vm/.", "..", "/", "vm/.docker2vm-commit"]) {
    test(`is refused: ${name}`, async () => {
      await expectError(convertTo({ file: name }), "E_USAGE", JSON.stringify(name), "name a file");
    });
  }

  test("is refused: nothing, which types keep out but not of JavaScript", async () => {
    for (const out of [undefined, {}]) {
      await expectError(convertTo(out as unknown as ConvertOptions["out"]), "E_USAGE", "no output given");
    }
  });

  test("is refused: --mode assets", () => {
    const gondolin = ["--profile", "gondolin", "--mode", "assets", "--output", "vm/x.img"];
    const ran = docker2vm("convert", image(), ...PLATFORM, ...gondolin);
    expect(ran.status).toBe(2);
    expect(ran.stderr).toContain("the mode assets makes files beside the image, and needs a folder");
  });
});
