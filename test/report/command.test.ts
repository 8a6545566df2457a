/** `docker2vm report`: where it writes, what it refuses, and that it says the same each time. */
import { beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { convert } from "../../src/convert/convert.ts";
import { runWith } from "../cli/fake-host.ts";
import { runOk, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { tar } from "../support/tar-builder.ts";
import { reportedImage } from "./image.ts";

const scratch = scratchFolder();
const FORMATS = ["html", "svg", "json", "text"] as const;
let source = "";
let converted = "";

beforeAll(async () => {
  reportedImage(scratch("image"));
  source = `oci:${scratch("image")}`;
  converted = scratch("vm");
  await convert({ source, out: converted, platform: "linux/amd64" });
});

const report = (...args: string[]) => runWith(["report", ...args, "--platform", "linux/amd64"]);

test("the same image gives the same bytes, in a file and on standard output, in every form", async () => {
  for (const format of FORMATS) {
    for (const [name, sources] of [
      ["one", [source]],
      ["two", [source, converted]],
    ] as const) {
      const path = scratch(`${name}.${format}`);
      expect(await report(...sources, "--format", format, "--out", path)).toMatchObject({
        code: 0,
        stdout: "",
      });
      const { stdout } = await report(...sources, "--format", format, "-o", "-");
      expect([format, readFileSync(path, "utf8") === stdout, stdout.length > 100]).toEqual([
        format,
        true,
        true,
      ]);
    }
  }
});

test("text, svg and json go to standard output, a page needs a place", async () => {
  for (const format of FORMATS.slice(1)) {
    expect((await report(source, "--format", format)).stdout).not.toBe("");
  }
  const { code, stderr } = await report(source);
  expect([code, stderr]).toEqual([2, expect.stringContaining("--out report.html")]);
});

test("a file that is there stays, unless it is to be replaced; what fails leaves nothing", async () => {
  writeFileSync(scratch("there.html"), "mine");
  expect(await report(source, "--out", scratch("there.html"))).toMatchObject({
    code: 8,
    stderr: expect.stringContaining("there.html"),
  });
  expect(readFileSync(scratch("there.html"), "utf8")).toBe("mine");
  expect(await report(source, "--out", scratch("there.html"), "--force")).toMatchObject({ code: 0 });
  expect(readFileSync(scratch("there.html"), "utf8")).toStartWith("<!doctype html>");
  const before = readdirSync(scratch());
  expect(await report("oci:/nowhere", "--out", scratch("never.html"))).toMatchObject({ code: 3 });
  expect(readdirSync(scratch())).toEqual(before);
});

test("a place where it cannot be is refused before anything is read", async () => {
  for (const [place, said] of [
    [scratch("none", "never.html"), `there is no folder ${scratch("none")}`],
    [scratch("there.html", "beyond.html"), `there is no folder ${scratch("there.html")}`],
    [scratch("there.html"), "exists already"],
  ] as const) {
    const { code, stderr } = await report("oci:/nowhere", "--out", place);
    expect([code, stderr]).toEqual([8, expect.stringContaining(said)]);
  }
});

test("a folder that convert has made, and the file in it, are what is in them", async () => {
  for (const path of [converted, scratch("vm", "rootfs.ext4")]) {
    const { code, stdout, stderr } = await report(path, "--format", "text");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("of ext4, 4096 bytes each");
  }
});

test("on a terminal it tells all that it knows, and nothing drives that", async () => {
  const { stdout } = await report(source, "--format", "text");
  for (const line of [
    /^ +1\.4 MiB +100 % +█{20} +\/$/m,
    /^ +2 +\d+ B +59\.1 KiB +3 +69\.1 KiB +58\.6 KiB +500 B +RUN chown/m,
    /^ +58\.6 KiB +1 +2 +\/opt\/owned$/m,
    /^ +1\.0 MiB +\/srv\/sparse \(1\.0 KiB without holes\)$/m,
    /^Duplicates: 39\.1 KiB could be spared$/m,
    /^ +0755 +0:0 +cap_chown=ei cap_net_raw=ep +\/usr\/bin\/ping$/m,
    /^Packages: 1 of dpkg, 2 of apk, those of rpm are not read$/m,
  ]) {
    expect(stdout).toMatch(line);
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  expect(stdout).not.toMatch(/[\x00-\x09\x0b-\x1f]/);
});

test("two images that differ in many folders: how many are not told", async () => {
  const folders = (from: number) =>
    Array.from({ length: 40 }, (_, i) => ({ path: `folder-${from + i}/file`, data: "x".repeat(i + 1) }));
  for (const [name, from] of [
    ["few.tar", 0],
    ["others.tar", 100],
  ] as const) {
    writeFileSync(scratch(name), tar(folders(from)));
  }
  const { stdout } = await report(
    `rootfs-tar:${scratch("few.tar")}`,
    `rootfs-tar:${scratch("others.tar")}`,
    "--format",
    "text",
  );
  const [, told = ""] = /^Folders\n([\s\S]*?)\n\n/m.exec(stdout) ?? [];
  const rows = told.split("\n").filter((line) => line.includes("/folder-"));
  // The larger changes; the root is one of them, by 0 bytes.
  expect([rows.length, told.includes("/folder-39"), told.includes("/folder-0\n")]).toEqual([30, true, false]);
  expect(told).toEndWith(`  … and ${81 - 30} more`);
});

test("two images: what became larger and smaller", async () => {
  writeFileSync(
    scratch("a.tar"),
    tar([
      { path: "a/grows", data: "1" },
      { path: "a/goes", data: "22" },
    ]),
  );
  writeFileSync(
    scratch("b.tar"),
    tar([
      { path: "a/grows", data: "4444" },
      { path: "b/comes", data: "55555" },
    ]),
  );
  const { stdout } = await report(
    `rootfs-tar:${scratch("a.tar")}`,
    `rootfs-tar:${scratch("b.tar")}`,
    "--format",
    "text",
  );
  for (const line of [
    /^change {2}\+6 B$/m,
    /^ +\+5 B +none +5 B +\/b\/comes$/m,
    /^ +-2 B +2 B +none +\/a\/goes$/m,
  ])
    expect(stdout).toMatch(line);
});

test("two images: a package of another architecture is told, whatever its version", async () => {
  const imageOf = (architecture: string): string => {
    const status = `Package: libc6\nStatus: install ok installed\nArchitecture: ${architecture}\nVersion: 2.36\n`;
    writeFileSync(scratch(`${architecture}.tar`), tar([{ path: "var/lib/dpkg/status", data: status }]));
    return `rootfs-tar:${scratch(`${architecture}.tar`)}`;
  };
  const { stdout } = await report(imageOf("amd64"), imageOf("arm64"), "--format", "text");
  expect(stdout).toMatch(/^ +libc6 +amd64 → arm64 +2\.36 +2\.36$/m);
});

test("what cannot be is refused before anything is read", async () => {
  expect(await report("-", "-", "--format", "text")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("standard input"),
  });
  expect(await report(source, "--format", "pdf")).toMatchObject({ code: 2 });
  expect(await report("--format", "text")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("no SOURCE"),
  });
  const asked = ["--format", "text", "--username", "me", "--password-stdin"];
  expect(await report(`rootfs-tar:${scratch("none-")}`, "docker-archive:-", ...asked)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("standard input is the image"),
  });
  writeFileSync(scratch("taken.html"), "mine");
  expect(await report("oci:/nowhere", "--out", scratch("taken.html"))).toMatchObject({ code: 8 });
});

test("a report takes no place of what it is about, whatever is forced", async () => {
  const files = scratch("read.tar");
  const folder = scratch("read");
  writeFileSync(files, tar([{ path: "a", data: "1" }]));
  mkdirSync(folder);
  writeFileSync(join(folder, "a"), "1");
  symlinkSync(files, scratch("link.tar"));
  for (const [from, out] of [
    [`rootfs-tar:${files}`, files],
    [`rootfs-tar:${scratch("link.tar")}`, files],
    [`dir:${folder}`, join(folder, "a")],
  ] as const) {
    const { code, stderr } = await report(from, "--out", out, "--force");
    expect([code, stderr]).toEqual([2, expect.stringContaining("take the place of what it is about")]);
  }
  expect(readFileSync(files).length).toBeGreaterThan(1024);
  expect(await report(`rootfs-tar:${files}`, "--out", `${files}.html`, "--force")).toMatchObject({ code: 0 });
});

test("of a link a report takes the place of the link, not of what that leads to", async () => {
  const folder = scratch("linked");
  mkdirSync(folder);
  writeFileSync(join(folder, "a"), "1");
  writeFileSync(scratch("outside"), "mine");
  symlinkSync(scratch("outside"), join(folder, "link"));
  symlinkSync(join(folder, "a"), scratch("into"));
  symlinkSync(folder, scratch("folder-link"));
  for (const [from, out] of [
    [`dir:${folder}`, join(folder, "link")],
    [`dir:${scratch("folder-link")}`, join(folder, "link")],
    [`image:${scratch("into")}`, scratch("into")],
  ] as const) {
    const { code, stderr } = await report(from, "--out", out, "--force");
    expect([code, stderr]).toEqual([2, expect.stringContaining("take the place of what it is about")]);
  }
  expect(await report(`dir:${folder}`, "--out", scratch("into"), "--force")).toMatchObject({ code: 0 });
  expect(readFileSync(scratch("into"), "utf8")).toStartWith("<!doctype html>");
  expect(readFileSync(join(folder, "a"), "utf8")).toBe("1");
  expect(readFileSync(scratch("outside"), "utf8")).toBe("mine");
});

testWith(["xmllint"], "the picture is sound XML, whatever names are in it", async () => {
  writeFileSync(
    scratch("odd.tar"),
    tar([{ path: "a&b<c>\x01\xff\uffff".slice(0, 9), data: "x".repeat(99) }]),
  );
  for (const each of [source, `rootfs-tar:${scratch("odd.tar")}`]) {
    const path = scratch("picture.svg");
    expect(await report(each, "--format", "svg", "--out", path, "--force")).toMatchObject({ code: 0 });
    expect(existsSync(path)).toBe(true);
    runOk("xmllint", ["--noout", path]);
  }
});
