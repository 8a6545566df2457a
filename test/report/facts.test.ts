/** What a report tells of an image is what its layers hold, and what `ls` lists of the filesystem made of it. */
import { beforeAll, describe, expect, test } from "bun:test";
import { posix } from "node:path";
import { convert } from "../../src/convert/convert.ts";
import { changedFiles } from "../../src/report/facts/compare.ts";
import { duplicatesIn } from "../../src/report/facts/duplicates.ts";
import { FileList } from "../../src/report/facts/file-list.ts";
import { folderPaths } from "../../src/report/facts/folder-paths.ts";
import { privilegedIn } from "../../src/report/facts/gather.ts";
import { charactersInJson, PathRoom } from "../../src/report/facts/path-room.ts";
import type { ComparisonReport, ImageReport } from "../../src/report/facts/report.ts";
import { reportComparison, reportImage } from "../../src/report/report-image.ts";
import type { Directory, RegularFile } from "../../src/tree/inode.ts";
import { runWith } from "../cli/fake-host.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { scratchFolder } from "../support/scratch.ts";
import { tar } from "../support/tar-builder.ts";
import { BASE, LONG_COMMAND, reportedImage } from "./image.ts";

const scratch = scratchFolder();
const KINDS = ["ext4", "erofs", "xfs"] as const;
const images = {} as Record<(typeof KINDS)[number], string>;
let report: ImageReport;

async function reportOf<Report = ImageReport>(...args: string[]): Promise<Report> {
  const { code, stdout, stderr } = await runWith([
    "report",
    ...args,
    "--format",
    "json",
    "--platform",
    "linux/amd64",
  ]);
  expect({ code, stderr: stderr.replace(/^warning: .*\n/gm, "") }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout);
}

beforeAll(async () => {
  reportedImage(scratch("image"));
  for (const type of KINDS) {
    const options = { source: `oci:${scratch("image")}`, out: scratch(type), platform: "linux/amd64" };
    images[type] = (await convert({ ...options, filesystem: { type } })).rootfsPath;
  }
  report = await reportOf(`oci:${scratch("image")}`);
});

/** Sums of the bytes of each folder, as `ls -R --json` lists files: one with several names is where its first is. */
async function listedSums(image: string): Promise<{ folders: Record<string, number>; files: number }> {
  const { stdout } = await runWith(["ls", image, "-R", "--json"]);
  const folders: Record<string, number> = { "/": 0 };
  const seen = new Set<number>();
  for (const line of stdout.trimEnd().split("\n")) {
    const { path, type, inode, size } = JSON.parse(Buffer.from(line, "latin1").toString("utf8"));
    if (type === "directory" && path !== "lost+found") folders[`/${path}`] ??= 0;
    if (type !== "file" || seen.has(inode)) continue;
    seen.add(inode);
    for (let at = `/${path}`; at !== "/"; ) {
      at = posix.dirname(at);
      folders[at] = (folders[at] ?? 0) + size;
    }
  }
  return { folders, files: seen.size };
}

describe("sums", () => {
  for (const type of KINDS) {
    test(`are those of ls -R --json, of the layers and of the ${type} made of them`, async () => {
      const { folders, files } = await listedSums(images[type]);
      const of = await reportOf(images[type]);
      for (const each of [report, of]) {
        expect(Object.fromEntries(each.folders.map(({ path, bytes }) => [path, bytes]))).toEqual(folders);
        expect(each.totals).toMatchObject({ bytes: folders["/"] ?? 0, files });
        expect(each.folders[0]).toEqual({ path: "/", bytes: each.totals.bytes, files });
      }
      expect(of).toMatchObject({ source: `image:${images[type]}`, digest: null, layers: [], wasted: [] });
      expect({ ...of.totals, storedBytes: 0 }).toEqual({ ...report.totals, storedBytes: 0 });
    });
  }

  test("know holes, further names and what is no file", () => {
    expect(report.totals).toMatchObject({ symlinks: 2, others: 1, furtherNames: 1 });
    expect(report.totals.bytes - report.totals.storedBytes).toBe(1048576 - 1024);
    expect(report.largest.slice(0, 2)).toEqual([
      { path: "/srv/sparse", bytes: 1048576, storedBytes: 1024 },
      { path: "/usr/bin/tool", bytes: 300_000, storedBytes: 300_000 },
    ]);
  });
});

test("the library tells what the command's JSON tells", async () => {
  const source = `oci:${scratch("image")}`;
  expect(await reportImage({ source, platform: "linux/amd64" })).toEqual(report);
  const after = `image:${images.ext4}`;
  const compared = await reportComparison({ before: source, after, platform: "linux/amd64" });
  expect(compared).toEqual(await reportOf<ComparisonReport>(source, images.ext4));
  expect([compared.files, compared.folders]).toEqual([[], []]);
});

test("layers tell what they add, hide, repeat and waste, and what made them", () => {
  const brought = 300_000 + 5000 + 4 + 4 + 60_000 + 7000 + 10_000 + 800 + 60_000 + 4000;
  const [status = 0, installed = 0, rpm = 0] = ["dpkg/status", "apk/db/installed", "rpmdb.sqlite"].map(
    (end) => report.largest.find(({ path }) => path.endsWith(end))?.bytes,
  );
  expect(report.layers.map(({ digest, storedBytes, ...layer }) => layer)).toEqual([
    {
      number: 1,
      createdBy: "ADD base /",
      files: 16,
      addedBytes: brought + status + installed + rpm,
      hiddenFiles: 0,
      hiddenBytes: 0,
      repeatedBytes: 0,
      wastedBytes: 10_000 + 800 + 60_000,
    },
    {
      number: 2,
      createdBy: "RUN chown -R app /opt && rm -r /opt/removed",
      files: 3,
      addedBytes: 500 + 60_000 + 7,
      hiddenFiles: 4,
      hiddenBytes: 10_000 + 800 + 60_000,
      repeatedBytes: 60_000,
      wastedBytes: 500,
    },
    {
      number: 3,
      createdBy: LONG_COMMAND,
      files: 2,
      addedBytes: 1048576 + 700,
      hiddenFiles: 1,
      hiddenBytes: 500,
      repeatedBytes: 0,
      wastedBytes: 0,
    },
  ]);
  const added = report.layers.reduce((sum, { addedBytes, wastedBytes }) => sum + addedBytes - wastedBytes, 0);
  expect(added).toBe(report.totals.bytes);
  expect(report.wasted).toEqual([
    { path: "/opt/owned", bytes: 60_000, layer: 1, hiddenBy: 2 },
    { path: "/opt/removed/a", bytes: 9000, layer: 1, hiddenBy: 2 },
    { path: "/opt/removed/b", bytes: 1000, layer: 1, hiddenBy: 2 },
    { path: "/opt/opaque/old", bytes: 800, layer: 1, hiddenBy: 2 },
    { path: "/opt/opaque/new", bytes: 500, layer: 2, hiddenBy: 3 },
  ]);
});

test("duplicates are files with the same contents, and not one file's names", () => {
  expect(report.duplicates).toEqual([
    {
      bytes: 20_000,
      wastedBytes: 40_000,
      paths: ["/usr/share/same-1", "/usr/share/same-2", "/usr/share/same-3"],
    },
  ]);
  expect(report.duplicateBytes).toBe(40_000);
});

test("setuid, setgid and capabilities are told", () => {
  expect(report.privileged).toEqual([
    {
      path: "/usr/bin/ping",
      mode: "0755",
      uid: 0,
      gid: 0,
      setuid: false,
      setgid: false,
      capabilities: "cap_chown=ei cap_net_raw=ep",
    },
    { path: "/usr/bin/su", mode: "4755", uid: 0, gid: 0, setuid: true, setgid: false, capabilities: null },
    { path: "/usr/bin/wall", mode: "2755", uid: 0, gid: 5, setuid: false, setgid: true, capabilities: null },
  ]);
});

test("packages are those that dpkg and apk have installed; rpm's are said not to be read", async () => {
  expect(report.packages).toEqual([
    { name: "base-files", version: "12.4", architecture: "amd64", bytes: 340 * 1024, manager: "dpkg" },
    { name: "musl", version: "1.2.5-r10", architecture: "x86_64", bytes: 662122, manager: "apk" },
    { name: "busybox", version: "1.37.0", architecture: null, bytes: 817000, manager: "apk" },
  ]);
  expect(report.unreadPackages).toEqual(["rpm"]);
  // A package a file, without a dpkg in the image.
  buildLayout(scratch("distroless"), {
    layers: [
      tar([
        {
          path: "var/lib/dpkg/status.d/tzdata",
          data: "Package: tzdata\nVersion: 2025b\nInstalled-Size: 2\n",
        },
      ]),
    ],
  });
  expect((await reportOf(`oci:${scratch("distroless")}`)).packages).toEqual([
    { name: "tzdata", version: "2025b", architecture: null, bytes: 2048, manager: "dpkg" },
  ]);
});

test("a list of more packages than a function takes arguments is read", async () => {
  const count = 2_000_000;
  const data = "P:a\n\n".repeat(count);
  buildLayout(scratch("many"), { layers: [tar([{ path: "lib/apk/db/installed", data }])] });
  const { packages } = await reportImage({ source: `oci:${scratch("many")}`, platform: "linux/amd64" });
  expect(packages).toHaveLength(count);
});

test("a list that is too long to be kept is said not to be read", async () => {
  const data = Buffer.alloc((32 << 20) + 1, "Package: a\n\n");
  buildLayout(scratch("long"), { layers: [tar([{ path: "var/lib/dpkg/status", data }])] });
  const { packages, unreadPackages } = await reportImage({
    source: `oci:${scratch("long")}`,
    platform: "linux/amd64",
  });
  expect([packages, unreadPackages]).toEqual([[], ["dpkg"]]);
});

test("of a deep tree those folders are told whose paths are not too many characters together", () => {
  const chain = Array.from({ length: 1000 }, (_, at) => ({
    name: at === 0 ? "" : "d",
    parent: Math.max(0, at - 1),
  }));
  const wide = Array.from({ length: 50 }, (_, at) => ({ name: `w${at}`, parent: 0 }));
  const names = [...chain, ...wide];
  const all = folderPaths(names, () => true);
  expect([all.get(999)?.length, all.size]).toEqual([999 * 2, 1050]);
  // 2 + 4 + … + 2·60 and some: deeper ones are told by those above them, and all that are as short are there.
  const some = folderPaths(names, () => true, 4000);
  const lengths = [...some.values()].map(({ length }) => length);
  expect(lengths.reduce((sum, length) => sum + length, 0)).toBeLessThanOrEqual(4000);
  expect(Math.max(...lengths)).toBeGreaterThan(110);
  expect([...some.values()].filter((path) => path.startsWith("/w"))).toHaveLength(50);
});

test("files of the same beginning of a digest are told apart, and in groups", () => {
  const list = (count: number) => {
    const file = () => ({ type: "file", size: 8, metadata: { mode: 0o644 } }) as unknown as RegularFile;
    const root = { type: "directory" } as unknown as Directory;
    return new FileList([
      { name: "", kind: "d", bytes: 0, parent: 0, inode: root },
      ...Array.from({ length: count }, (_, at) => ({
        ...{ name: `${at}`, kind: "f" as const, bytes: 8 },
        parent: 0,
        inode: file(),
      })),
    ]);
  };
  const files = list(6);
  // Only the last bytes differ: 0 and 3, 1 and 4 and 5 are the same.
  const ends = [0, 1, 2, 0, 1, 1];
  const places = new Map<RegularFile, number>();
  files.forEachFile((number, file) => places.set(file, ends[number - 1] ?? 0));
  const digestOf = (file: RegularFile) =>
    Uint8Array.from({ length: 32 }, (_, at) => (at === 31 ? (places.get(file) ?? 0) : 7));
  const three = { bytes: 8, wastedBytes: 16, paths: ["/1", "/4", "/5"] };
  const two = { bytes: 8, wastedBytes: 8, paths: ["/0", "/3"] };
  expect(duplicatesIn(files, digestOf).duplicates).toEqual([three, two]);
  // Of 10 characters there is room for 9, and what could be spared is that of all.
  const some = duplicatesIn(files, digestOf, new PathRoom(9));
  expect(some).toEqual({
    duplicateBytes: 24,
    duplicates: [three, { ...two, paths: ["/0"] }],
    moreDuplicates: 0,
  });
  const one = duplicatesIn(files, digestOf, new PathRoom(3));
  expect(one).toEqual({ duplicateBytes: 24, duplicates: [{ ...three, paths: ["/1"] }], moreDuplicates: 1 });
});

test("what a list has no room for is counted: files that have rights, and files that differ", () => {
  const inode = { type: "file", size: 1, metadata: { mode: 0o4755, uid: 0, gid: 0, xattrs: [] } };
  const file = { kind: "x" as const, bytes: 1, parent: 0, inode: inode as unknown as RegularFile };
  const root = { type: "directory" } as unknown as Directory;
  const list = new FileList([
    { name: "", kind: "d", bytes: 0, parent: 0, inode: root },
    ...["a", "b", "long", "c"].map((name) => ({ ...file, name })),
  ]);
  const { privileged, morePrivileged } = privilegedIn(list, new PathRoom(6));
  expect([privileged.map(({ path }) => path), morePrivileged]).toEqual([["/a", "/b"], 2]);

  const names = ["", "a", "b", "d".repeat(5000), "c", "same"].map((name, number) => ({
    ...{ name, isFolder: number === 0, isFile: number > 0, isSame: name === "same" },
    ...{ before: 1, after: number, parent: 0 },
  }));
  const { files, moreFiles } = changedFiles(names, new PathRoom(5));
  expect([files.map(({ path }) => path), moreFiles]).toEqual([["/c", "/b"], 2]);
});

test("paths are as long as JSON has them", () => {
  const odd = Array.from({ length: 0x100 }, (_, code) => String.fromCharCode(code));
  for (const text of [...odd, "", "\u2028\ufffd\u{1f600}", 'a"\\\n\x01'])
    expect([text, charactersInJson(text)]).toEqual([text, JSON.stringify(text).length - 2]);
  const room = new PathRoom(100);
  const path = `/${"\x01".repeat(16)}`;
  expect([room.takes(path), room.takes(path), room.takes("/")]).toEqual([true, false, false]);
  const names = ["", ...Array.from({ length: 10 }, (_, at) => `${at}`.padStart(5, "\x01"))];
  const chain = names.map((name, at) => ({ name, parent: Math.max(0, at - 1) }));
  // 26, 52, 78 and so on.
  expect(folderPaths(chain, () => true, 156).size).toBe(1 + 3);
});

test("folders as deep as paths go take no more memory than their names", async () => {
  const deep = tar(
    Array.from({ length: 120 }, (_, at) => ({ pax: { path: `${at}/${"d/".repeat(2000)}f` }, data: "f" })),
  );
  buildLayout(scratch("deep"), { layers: [deep] });
  Bun.gc(true);
  const before = process.memoryUsage().rss;
  const { folders } = await reportImage({ source: `oci:${scratch("deep")}`, platform: "linux/amd64" });
  Bun.gc(true);
  // Their paths come to 460 MiB, written out, and all that is known of the folders to some 250.
  const grown = process.memoryUsage().rss - before;
  expect(grown).toBeLessThan(500 << 20);
  // Of those 120 · 2001 so many that their paths can be written out as one document.
  const characters = folders.reduce((sum, { path }) => sum + path.length, 0);
  expect(characters).toBeGreaterThan(2 ** 27 - 120 * 4096);
  expect(characters).toBeLessThanOrEqual(2 ** 27 + 1);
  expect(folders.filter(({ path }) => path === `/99${"/d".repeat(1000)}`)).toHaveLength(1);
});

test("files written through a link to a deep folder have no longer lists of paths than can be written", async () => {
  const folder = Array.from({ length: 15 }, () => "d".repeat(250)).join("/");
  const files = Array.from({ length: 18_000 }, (_, at) => ({ path: `l/${at}`, mode: 0o4755, data: "s" }));
  const link = { path: "l", type: "symlink", pax: { linkpath: folder } };
  const items = [{ path: "x", pax: { path: `${folder}/x` }, data: "x" }, link, ...files];
  buildLayout(scratch("led"), { layers: [tar(items)], compress: "none" });
  buildLayout(scratch("bare"), { layers: [tar([{ path: "a", data: "a" }])] });
  const [source, platform] = [`oci:${scratch("led")}`, "linux/amd64"];
  const { duplicates, duplicateBytes, privileged } = await reportImage({ source, platform });
  expect(duplicateBytes).toBe(17_999);
  const before = `oci:${scratch("bare")}`;
  const { files: changed } = await reportComparison({ before, after: source, platform });
  const lists = [
    duplicates[0]?.paths ?? [],
    ...[privileged, changed].map((list) => list.map(({ path }) => path)),
  ];
  for (const paths of lists) {
    const characters = paths.reduce((sum, { length }) => sum + length, 0);
    expect(characters).toBeGreaterThan(2 ** 26 - 2 * 4096);
    expect(characters).toBeLessThanOrEqual(2 ** 26);
  }
});

test("two images are compared by folder, file and package", async () => {
  const after = tar([
    { path: "usr/bin/tool", data: Buffer.alloc(400_000, "tool") },
    { path: "usr/share/first", data: Buffer.alloc(7000, "others") },
    { path: "usr/share/.wh.same-3" },
    { path: "new/file", data: "new" },
    { path: "usr/lib/apk/db/installed", data: "P:musl\nV:1.2.6\n\nP:added\nV:1\n\n" },
  ]);
  const base = tar(BASE);
  buildLayout(scratch("before"), { layers: [base] });
  buildLayout(scratch("after"), { layers: [base, after] });
  const compared = await reportOf<ComparisonReport>(`oci:${scratch("before")}`, `oci:${scratch("after")}`);
  expect(compared.files.slice(0, 2)).toEqual([
    { path: "/usr/bin/tool", before: 300_000, after: 400_000 },
    { path: "/usr/share/same-3", before: 20_000, after: null },
  ]);
  expect(compared.files.map(({ path }) => path).sort()).toEqual([
    "/new/file",
    "/usr/bin/tool",
    "/usr/lib/apk/db/installed",
    "/usr/share/first",
    "/usr/share/same-3",
  ]);
  const { bytes: before } = compared.before.totals;
  const { bytes: now } = compared.after.totals;
  expect(compared.folders[0]).toEqual({ path: "/", before, after: now });
  expect(compared.folders.find(({ path }) => path === "/new")).toEqual({
    path: "/new",
    before: null,
    after: 3,
  });
  expect(compared.packages).toEqual([
    { name: "added", architecture: null, manager: "apk", before: null, after: "1" },
    { name: "busybox", architecture: null, manager: "apk", before: "1.37.0", after: null },
    {
      ...{ name: "musl", architecture: null, architectureBefore: "x86_64" },
      ...{ manager: "apk", before: "1.2.5-r10", after: "1.2.6" },
    },
  ]);
});

test("packages are compared by name and architecture, as dpkg has several of one name", async () => {
  const imageOf = (name: string, packages: readonly string[]): string => {
    const status = packages.map((each) => {
      const [, called, architecture, version] = /^(.*):(.*) (.*)$/.exec(each) ?? [];
      return `Package: ${called}\nStatus: install ok installed\nArchitecture: ${architecture}\nVersion: ${version}\n`;
    });
    buildLayout(scratch(name), {
      layers: [tar([{ path: "var/lib/dpkg/status", data: status.join("\n") }])],
    });
    return `oci:${scratch(name)}`;
  };
  const { packages } = await reportOf<ComparisonReport>(
    imageOf("multiarch", [
      "libc6:amd64 2.36",
      "libc6:i386 2.36",
      "libz:i386 1",
      "data:all 1",
      "gone:amd64 1",
      ...["moved:amd64 1", "left:amd64 1", "left:i386 1"],
    ]),
    imageOf("multiarch-after", [
      ...["libc6:amd64 2.36", "libc6:i386 2.41", "libz:i386 1", "libz:amd64 1"],
      ...["data:amd64 2", "new:i386 1", "new:amd64 1", "moved:arm64 1", "left:amd64 1"],
    ]),
  );
  expect(packages).toEqual([
    {
      ...{ name: "data", architecture: "amd64", architectureBefore: "all" },
      ...{ manager: "dpkg", before: "1", after: "2" },
    },
    { name: "gone", architecture: "amd64", manager: "dpkg", before: "1", after: null },
    { name: "left", architecture: "i386", manager: "dpkg", before: "1", after: null },
    { name: "libc6", architecture: "i386", manager: "dpkg", before: "2.36", after: "2.41" },
    { name: "libz", architecture: "amd64", manager: "dpkg", before: null, after: "1" },
    {
      ...{ name: "moved", architecture: "arm64", architectureBefore: "amd64" },
      ...{ manager: "dpkg", before: "1", after: "1" },
    },
    { name: "new", architecture: "i386", manager: "dpkg", before: null, after: "1" },
    { name: "new", architecture: "amd64", manager: "dpkg", before: null, after: "1" },
  ]);
});
