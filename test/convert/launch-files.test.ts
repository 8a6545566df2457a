/** Launch files beside the image: in the folder with the rest, in meta.json, and only there where they can be of use. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { convert } from "../../src/convert/convert.ts";
import { planConversion } from "../../src/convert/dry-run.ts";
import type { ConvertOptions } from "../../src/convert/options.ts";
import { runWith } from "../cli/fake-host.ts";
import { expectError } from "../support/expect-error.ts";
import { REPOSITORY } from "../support/package.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();

function options(out: string, more: Partial<ConvertOptions> = {}): ConvertOptions {
  const source = `oci:${join(REPOSITORY, "fixtures/images/hello")}`;
  return { source, platform: "linux/amd64", out: scratch(out), ...more };
}

test("they come with the image, and with --force in place of old ones", async () => {
  const launch = { monitors: ["libvirt", "qemu", "firecracker"], kernel: scratch("k/vmlinux") } as const;
  const given = options("out", { launch, force: true });
  const planned = await planConversion(given);
  const { assetPaths, metadata } = await convert(given);
  const names = ["firecracker.json", "qemu.sh", "libvirt.xml"];
  expect(assetPaths).toEqual(names.map((name) => scratch("out", name)));
  expect(planned.outputs.toSorted()).toEqual(
    readdirSync(scratch("out"))
      .sort()
      .map((name) => scratch("out", name)),
  );
  expect(metadata.launch?.map(({ file }) => file)).toEqual(names);
  expect(JSON.parse(readFileSync(scratch("out/meta.json"), "utf8"))).toEqual(metadata);
  expect(metadata.launch?.[0]?.command).toEqual([
    "firecracker",
    "--no-api",
    "--config-file",
    "firecracker.json",
  ]);
  expect(statSync(scratch("out/qemu.sh")).mode & 0o111).toBe(0o111);
  expect(readFileSync(scratch("out/libvirt.xml"), "utf8")).toContain(`file="${scratch("out/rootfs.ext4")}"`);
  const before = names.map((name) => readFileSync(scratch("out", name), "utf8"));
  await convert(given);
  expect(names.map((name) => readFileSync(scratch("out", name), "utf8"))).toEqual(before);
});

test("they go with the image that they name, and nothing else of that name does", async () => {
  const launch = { monitors: ["qemu", "crosvm"] } as const;
  await convert(options("gone", { launch }));
  await convert(options("gone", { launch: { monitors: ["crosvm"] }, force: true }));
  expect(readdirSync(scratch("gone")).sort()).toEqual(["crosvm.sh", "meta.json", "rootfs.ext4"]);
  await convert(options("gone", { force: true }));
  expect(readdirSync(scratch("gone")).sort()).toEqual(["meta.json", "rootfs.ext4"]);
  writeFileSync(scratch("gone/qemu.sh"), "mine");
  await convert(options("gone", { force: true }));
  expect(readFileSync(scratch("gone/qemu.sh"), "utf8")).toBe("mine");
});

test("so do the files that a profile made, and no file that is none of them", async () => {
  const folder = scratch("profiles");
  await convert(options("profiles", { profile: { name: "init" } }));
  const described = JSON.parse(readFileSync(join(folder, "meta.json"), "utf8"));
  expect(described.assets).toEqual(["bootstrap.json"]);
  // As other profiles would have left them; who wrote this has no say over other files.
  const assets = ["bootstrap.json", "seed.img", "vmlinuz-virt", "precious", "../launched"];
  writeFileSync(join(folder, "meta.json"), JSON.stringify({ ...described, assets }));
  const files = ["seed.img", "vmlinuz-virt", "precious", "../launched", "user-data"];
  for (const name of files) writeFileSync(join(folder, name), "");
  await convert(options("profiles", { force: true }));
  expect(readdirSync(folder).sort()).toEqual(["meta.json", "precious", "rootfs.ext4", "user-data"]);
  expect(readFileSync(scratch("launched"), "utf8")).toBe("");
});

test("a relative path of a kernel is seen from the image's folder; none is the file beside it", async () => {
  const kernelOf = async (out: string, kernel?: string) => {
    await convert(options(out, { launch: { monitors: ["firecracker"], kernel } }));
    return JSON.parse(readFileSync(scratch(out, "firecracker.json"), "utf8"))["boot-source"]
      .kernel_image_path;
  };
  expect(await kernelOf("absolute", "/boot/vmlinux")).toBe("/boot/vmlinux");
  expect(await kernelOf("absent")).toBe("kernel");
  const relative = await kernelOf("relative", "README.md");
  expect(readFileSync(join(scratch("relative"), relative), "utf8")).toBe(readFileSync("README.md", "utf8"));
});

test("what has no meaning is refused before anything is made", async () => {
  const table: [launch: ConvertOptions["launch"], more: Partial<ConvertOptions>, message: string][] = [
    [{ monitors: [] }, {}, "no machine monitor"],
    [{ monitors: ["qemu"], memory: 1000 }, {}, "1000 bytes of memory"],
    [{ monitors: ["qemu"], cpus: 33 }, {}, "33 processors"],
    [{ monitors: ["qemu"] }, { profile: { name: "gondolin" } }, "Gondolin starts its guests itself"],
    [{ monitors: ["qemu"] }, { out: { file: scratch("refused/image") } }, "beside an image in a folder"],
    [{ monitors: ["qemu"] }, { platform: "linux/riscv64" }, "no launch files for linux/riscv64"],
  ];
  for (const [launch, more, message] of table) {
    await expectError(convert(options("refused", { launch, ...more })), "E_USAGE", message);
  }
  expect(readdirSync(scratch(".")).includes("refused")).toBe(false);
});

test("the command line says the same", async () => {
  const { options: given } = await runWith([
    ...["convert", "oci:app", "--out=vm", "--launch=qemu,libvirt", "--launch", "crosvm"],
    ...["--kernel=k", "--initramfs=i", "--memory=1G", "--cpus=4"],
  ]);
  expect(given?.launch).toEqual({
    monitors: ["qemu", "libvirt", "crosvm"],
    kernel: "k",
    initramfs: "i",
    memory: 2 ** 30,
    cpus: 4,
  });
  const { code, stderr } = await runWith(["convert", "oci:app", "--out=vm", "--memory=1G"]);
  expect(code).toBe(2);
  expect(stderr).toContain("--memory has no meaning without --launch");
});
