/** What differs between two images, from whatever source. */
import { beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { convert } from "../../src/convert/convert.ts";
import { diffImages } from "../../src/convert/diff-images.ts";
import { expectError } from "../support/expect-error.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { runOk, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { type TarItem, tar } from "../support/tar-builder.ts";
import { runWith } from "./fake-host.ts";

const scratch = scratchFolder();

const BEFORE: readonly TarItem[] = [
  { path: "etc/", type: "directory", mode: 0o755 },
  { path: "etc/same", data: "same", mtime: 5 },
  { path: "etc/text", data: "one" },
  { path: "etc/longer", data: "one" },
  { path: "etc/gone", data: Buffer.alloc(3000, "gone") },
  { path: "usr/a", type: "symlink", linkname: "b" },
  { path: "usr/dev", type: "char", major: 1, minor: 3 },
  { path: "usr/kind", data: "a file" },
  { path: "usr/first", data: "linked" },
  { path: "usr/second", type: "hardlink", linkname: "usr/first" },
  { path: "usr/mode", mode: 0o755, uid: 5, gid: 6, mtime: 1_600_000_000 },
  { path: "usr/xattr", pax: { "SCHILY.xattr.user.a": "one" } },
  { path: "usr/old/deep", data: "deep" },
];

const AFTER: readonly TarItem[] = [
  { path: "etc/", type: "directory", mode: 0o711 },
  { path: "etc/same", data: "same", mtime: 5 },
  { path: "etc/text", data: "two" },
  { path: "etc/longer", data: "longer" },
  { path: "etc/new\n", data: Buffer.alloc(5000, "new") },
  { path: "usr/a", type: "symlink", linkname: "c" },
  { path: "usr/dev", type: "char", major: 1, minor: 5 },
  { path: "usr/kind", type: "fifo" },
  { path: "usr/first", data: "linked" },
  { path: "usr/second", data: "linked" },
  { path: "usr/mode", mode: 0o4755, uid: 7, gid: 8, pax: { mtime: "1600000000.5" } },
  { path: "usr/xattr", pax: { "SCHILY.xattr.user.a": "two" } },
];

const LINES = [
  "~ /etc: mode 0755 -> 0711",
  "- /etc/gone (2.9 KiB)",
  "~ /etc/longer: size 3 -> 6, contents",
  "+ /etc/new\\n (4.9 KiB)",
  "~ /etc/text: contents",
  "~ /usr/a: target b -> c",
  "~ /usr/dev: device 1:3 -> 1:5",
  "~ /usr/kind: type file -> fifo",
  "~ /usr/mode: mode 0755 -> 4755, uid 5 -> 7, gid 6 -> 8, mtime 2020-09-13T12:26:40Z -> 2020-09-13T12:26:40.500000000Z",
  "- /usr/old (directory)",
  "- /usr/old/deep (4 B)",
  "~ /usr/second: link /usr/first -> none",
  "~ /usr/xattr: xattrs",
];

/** The same files from every source. */
let sources: Record<"tar" | "layout" | "ext4" | "erofs" | "xfs", readonly [before: string, after: string]>;

beforeAll(async () => {
  const each = async (name: string, items: readonly TarItem[]) => {
    const bytes = tar(items);
    writeFileSync(scratch(`${name}.tar`), bytes);
    // In two layers, the second over what the first has.
    buildLayout(scratch(name), {
      layers: [
        tar([{ path: "etc/text", data: "below" }, { path: "usr/below" }]),
        tar([{ path: "usr/.wh.below" }, ...items]),
      ],
    });
    const images: Record<string, string> = {};
    for (const type of ["ext4", "erofs", "xfs"] as const) {
      const source = { kind: "rootfs-tar", bytes } as const;
      const options = {
        source,
        out: scratch(`${name}-${type}`),
        filesystem: { type, lostAndFound: type === "ext4" ? false : undefined },
      };
      images[type] = (await convert(options)).rootfsPath;
    }
    return {
      tar: `rootfs-tar:${scratch(`${name}.tar`)}`,
      layout: `oci:${scratch(name)}`,
      ...images,
    } as Record<keyof typeof sources, string>;
  };
  const [before, after] = [await each("before", BEFORE), await each("after", AFTER)];
  const kinds = ["tar", "layout", "ext4", "erofs", "xfs"] as const;
  sources = Object.fromEntries(
    kinds.map((kind) => [kind, [before[kind], after[kind]]]),
  ) as unknown as typeof sources;
});

const diff = (before: string, after: string, ...options: string[]) =>
  runWith(["diff", before, after, "--platform", "linux/amd64", ...options]);

describe("docker2vm diff", () => {
  for (const kind of ["tar", "layout", "ext4", "erofs", "xfs"] as const) {
    test(`tells each path that differs, from ${kind}, and nothing of what is the same`, async () => {
      const [before, after] = sources[kind];
      const { code, stdout, stderr } = await diff(before, after);
      expect({
        code,
        lines: stdout.trimEnd().split("\n"),
        stderr: stderr.replace(/^warning: .*\n/gm, ""),
      }).toEqual({ code: 1, lines: LINES, stderr: "" });
      expect(await diff(after, after)).toMatchObject({ code: 0, stdout: "" });
    });
  }

  test("compares a container image with the filesystem that was made of it", async () => {
    expect(await diff(sources.layout[0], sources.ext4[0])).toMatchObject({ code: 0, stdout: "" });
    expect((await diff(sources.xfs[0], sources.layout[1])).stdout.split("\n").slice(0, -1)).toEqual(LINES);
  });

  test("as JSON", async () => {
    const { code, stdout } = await diff(...sources.tar, "--json");
    const found = JSON.parse(stdout) as { path: string }[];
    expect({ code, paths: found.length }).toEqual({ code: 1, paths: LINES.length });
    expect(found.find(({ path }) => path === "/usr/mode")).toMatchObject({
      change: "changed",
      fields: ["mode", "uid", "gid", "mtime"],
      before: { type: "file", mode: "755", uid: 5, mtime: "2020-09-13T12:26:40Z", size: 0, xattrs: {} },
      after: { mode: "4755" },
    });
    expect(found.find(({ path }) => path === "/usr/xattr")).toMatchObject({
      after: { xattrs: { "user.a": "74776f" } },
    });
    expect(JSON.parse((await diff(sources.tar[0], sources.tar[0], "--json")).stdout)).toEqual([]);
  });

  test("by folder", async () => {
    const { code, stdout } = await diff(...sources.tar, "--stat");
    expect(code).toBe(1);
    expect(stdout.split("\n").map((text) => text.trim().replaceAll(/ +/g, " "))).toEqual([
      "+0 -0 ~1 +0 B /",
      "+1 -1 ~2 +2.0 KiB /etc",
      "+0 -1 ~6 +0 B /usr",
      "+0 -1 ~0 -4 B /usr/old",
      "",
    ]);
    const [root] = JSON.parse((await diff(...sources.tar, "--stat", "--json")).stdout);
    expect(root).toEqual({ path: "/", added: 0, removed: 0, changed: 1, bytes: 0 });
  });

  test("without what may differ", async () => {
    const ignored = [
      "--ignore",
      "mode,uid,gid,mtime",
      "--ignore=xattrs",
      "--ignore",
      "target,device,type,link,size,contents",
    ];
    const { stdout } = await diff(...sources.tar, ...ignored);
    expect(stdout.split("\n").map((text) => text.slice(0, 1))).toEqual(["-", "+", "-", "-", ""]);
    expect(await diff(...sources.tar, "--ignore", "time")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("mtime"),
    });
  });

  test("of what cannot be compared says why", async () => {
    expect(await diff("rootfs-tar:/nowhere", sources.tar[0])).toMatchObject({ code: 3 });
    expect(await runWith(["diff", "a"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("no B given"),
    });
    expect(await runWith(["diff", "-", "-"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("standard input"),
    });
    await expectError(
      diffImages({ before: sources.tar[0], after: sources.tar[1], ignore: ["size", "name" as never] }),
      "E_USAGE",
      '"name"',
    );
  });
});

testWith(
  ["loop mount", "getfattr"],
  "a folder that root has changed differs from its image in just that",
  async () => {
    const folder = scratch("folder");
    mkdirSync(`${folder}/d`, { recursive: true });
    writeFileSync(`${folder}/d/large`, Buffer.alloc(5_000_000, "some text"));
    writeFileSync(`${folder}/d/same`, "same");
    const { rootfsPath } = await convert({ source: `dir:${folder}`, out: scratch("made") });
    expect(await diff(`dir:${folder}`, rootfsPath)).toMatchObject({ code: 0, stdout: "" });
    runOk("bash", [
      "-ec",
      'cd "$1/d"; printf X | dd of=large bs=1 seek=4000000 conv=notrunc status=none; chown 5 same',
      "-",
      folder,
    ]);
    const { stdout } = await diff(rootfsPath, `dir:${folder}`, "--ignore", "mtime");
    expect(stdout).toBe("~ /d/large: contents\n~ /d/same: uid 0 -> 5\n");
  },
);

test("limits are those of a conversion, and so are the options that raise them", async () => {
  const archive = scratch("limited.tar");
  writeFileSync(archive, tar([{ path: "a" }, { path: "b" }]));
  const source = `rootfs-tar:${archive}`;
  for (const args of [
    ["diff", source, source],
    ["inspect-image", source],
  ]) {
    expect((await runWith([...args, "--max-entries", "2"])).stderr).not.toContain("error");
    const { stderr } = await runWith([...args, "--max-entries", "1"]);
    expect(stderr).toContain("more than 1 entries");
    expect(stderr).toContain("raise the limit with --max-entries");
  }
});
