/** Edits, each by what becomes of the files, and what is said where one cannot be made. */
import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { createBundle } from "../../src/bundle/create-bundle.ts";
import { convert } from "../../src/convert/convert.ts";
import { type ConvertIntoOptions, convertInto } from "../../src/convert/convert-into.ts";
import { planConversion } from "../../src/convert/dry-run.ts";
import type { Edit } from "../../src/edits/edit.ts";
import type { ErrorCode } from "../../src/errors.ts";
import { MemoryTarget } from "../../src/output/target.ts";
import type { ImageEntry } from "../../src/reader/filesystem-image.ts";
import { openImage } from "../../src/reader/open-image.ts";
import { noise } from "../registry/support.ts";
import { entriesOf, tarOf } from "../source/support.ts";
import { expectError } from "../support/expect-error.ts";
import { kernelView, withMounted } from "../support/kernel-view.ts";
import { expectCleanIfChecked, runOk, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { tar } from "../support/tar-builder.ts";
import { buildBase, CREATED, ITEMS, PASSWD } from "./base.ts";

const scratch = scratchFolder();
const platform = "linux/amd64";
const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1 me@here";
const text = (data: string): Uint8Array => Buffer.from(data);

interface Made {
  /** By path below the root. */
  readonly files: ReadonlyMap<string, ImageEntry>;
  read(path: string): string;
  readonly bytes: Uint8Array;
  readonly metadata: Awaited<ReturnType<typeof convertInto>>["metadata"];
}

/** The base with the edits made, or another source. */
async function made(edits: readonly Edit[], options: Partial<ConvertIntoOptions> = {}): Promise<Made> {
  const target = new MemoryTarget();
  const source = options.source ?? buildBaseOnce();
  const filesystem = options.filesystem ?? { size: "min" };
  const { metadata } = await convertInto(target, { platform, edits, ...options, source, filesystem });
  const image = await openImage(target.bytes);
  const files = new Map<string, ImageEntry>();
  const contents = new Map<string, string>();
  for await (const entry of image.list("/", { recursive: true })) {
    files.set(entry.path, entry);
    if (entry.type !== "file") continue;
    const chunks: Uint8Array[] = [];
    for await (const chunk of image.read(`/${entry.path}`)) chunks.push(chunk.slice());
    contents.set(entry.path, Buffer.concat(chunks).toString());
  }
  return { files, read: (path) => contents.get(path) ?? `no ${path}`, bytes: target.bytes, metadata };
}

let base = "";
function buildBaseOnce(): string {
  base = base === "" ? buildBase(scratch("base")) : base;
  return base;
}

function owners({ files }: Made, path: string): string | undefined {
  const file = files.get(path);
  return file && `${file.type} ${(file.mode & 0o7777).toString(8)} ${file.uid}:${file.gid}`;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

test("edits are made in the order in which they are given", async () => {
  const remove: Edit = { type: "remove", path: "/a" };
  const add: Edit = { type: "add", source: text("new"), path: "/a" };
  const after = await made([remove, add]);
  expect(after.read("a")).toBe("new");
  await expectError(made([add, remove]), "E_EDIT_CONFLICT", "edit 1 (add /a): /a is a folder");
  const inside: Edit = { type: "add", source: text("new"), path: "/a/b/new" };
  expect((await made([inside, remove])).files.has("a")).toBe(false);
  expect([...(await made([remove, inside])).files.keys()].filter((path) => path.startsWith("a/"))).toEqual([
    "a/b",
    "a/b/new",
  ]);
});

describe("what cannot be done is told with the edit's number and path", () => {
  const add = (path: string): Edit => ({ type: "add", source: text("x"), path });
  const cases: [edits: Edit[], code: ErrorCode, ...said: string[]][] = [
    [[{ type: "remove", path: "/a/x" }], "E_EDIT_CONFLICT", "edit 1 (remove /a/x): there is nothing at /a/x"],
    [
      [{ type: "remove", path: "/c/" }],
      "E_EDIT_CONFLICT",
      "edit 1 (remove /c/): /c is no directory",
      "slash",
    ],
    [[{ type: "remove", path: "/up/" }], "E_EDIT_CONFLICT", "edit 1 (remove /up/): /up is no directory"],
    [[{ type: "remove", path: "/up/.." }], "E_EDIT_CONFLICT", "edit 1 (remove /up/..): that is the root"],
    [
      [
        { type: "chmod", path: "/c", mode: 0o600 },
        { type: "chmod", path: "/dangling", mode: 0o600 },
      ],
      "E_EDIT_CONFLICT",
      "edit 2 (chmod /dangling): ",
    ],
    [[{ type: "chmod", path: "/c/", mode: 0 }], "E_EDIT_CONFLICT", "edit 1 (chmod /c/): /c is no directory"],
    [[add("/one/x")], "E_EDIT_CONFLICT", "edit 1 (add /one/x): /", "leads in a circle"],
    [[add("/null/x")], "E_EDIT_CONFLICT", "edit 1 (add /null/x): /null is no directory"],
    [[add("/c/x/y")], "E_EDIT_CONFLICT", "/c is no directory", "remove what is in the way before"],
    [[add("/abs/lib")], "E_EDIT_CONFLICT", "edit 1 (add /abs/lib): /abs/lib is a folder", "whole path"],
    [
      [{ type: "symlink", path: "/up/../a", target: "b" }],
      "E_EDIT_CONFLICT",
      "(symlink /up/../a): /a is a folder",
    ],
    [
      [{ type: "chown", path: "/c", user: "nobody" }],
      "E_EDIT_CONFLICT",
      'edit 1 (chown /c): /etc/passwd of the image has no user "nobody"',
    ],
    [
      [{ type: "chown", path: "/c", group: "app" }],
      "E_EDIT_CONFLICT",
      '/etc/group of the image has no group "app"',
    ],
    [
      [{ type: "ssh-key", keys: text(KEY), user: "homeless" }],
      "E_EDIT_CONFLICT",
      "edit 1 (ssh-key homeless): the user homeless has no home",
    ],
    [[{ type: "add-tar", source: text("no tar at all") }], "E_BAD_LAYER", "edit 1 (add-tar): "],
    [[add("etc")], "E_USAGE", "edit 1 (add etc): the path is not absolute"],
    [[add("/a\0")], "E_USAGE", "has a NUL"],
    [[add(`/${"n".repeat(256)}`)], "E_USAGE", "has a name of 256 bytes"],
    [[{ ...add("/x"), mode: 0o10000 } as Edit], "E_USAGE", "edit 1 (add /x): 4096 is no mode"],
    [[{ ...add("/x"), user: 2 ** 32 - 1 } as Edit], "E_USAGE", "4294967295 is no user or group"],
    [[{ type: "chown", path: "/c", user: "-1" }], "E_EDIT_CONFLICT", 'has no user "-1"'],
    [[{ type: "chown", path: "/c" }], "E_USAGE", "edit 1 (chown /c): names neither a user nor a group"],
    [[{ type: "symlink", path: "/x", target: "" }], "E_USAGE", "no symlink has such a target"],
    [
      [{ type: "host", name: "a b", address: "::1" }],
      "E_USAGE",
      'edit 1 (host a b): "a b" is no name of a host',
    ],
    [[{ type: "host", name: "db", address: "localhost" }], "E_USAGE", '"localhost" is no address'],
    [
      [{ type: "move" } as unknown as Edit],
      "E_USAGE",
      'edit 1: "move" is no type of edit',
      "choose one of add",
    ],
    [[{ type: "ssh-key", keys: text("hello") }], "E_USAGE", "there are other things than public keys"],
    [
      [{ type: "ssh-key", keys: text("-----BEGIN OPENSSH PRIVATE KEY-----\n") }],
      "E_USAGE",
      "edit 1 (ssh-key root): that is a private key",
    ],
    [
      [add("/x"), { type: "add", source: "/nowhere/x", path: "/y" }],
      "E_USAGE",
      "edit 2 (add /y): /nowhere/x: there is no such file",
    ],
    [
      [{ type: "add-tar", source: "/nowhere.tar" }],
      "E_USAGE",
      "edit 1 (add-tar): /nowhere.tar: there is no such file",
    ],
    [[{ type: "add-tar", source: "/" }], "E_USAGE", "edit 1 (add-tar): / is a folder, not a tar"],
    [
      [{ type: "ssh-key", keys: "/nowhere.pub" }],
      "E_USAGE",
      "edit 1 (ssh-key root): /nowhere.pub: there is no",
    ],
    [
      [{ type: "add", source: "/etc", path: "/etc", mode: 0o644 }],
      "E_USAGE",
      "/etc is a folder, and a mode is that of one file",
      "name a file",
    ],
    [
      [{ type: "ssh-key", keys: join(import.meta.dir, "base.ts") }],
      "E_USAGE",
      `edit 1 (ssh-key root): ${join(import.meta.dir, "base.ts")}: there are other things than public keys`,
    ],
    [
      [{ type: "ssh-key", keys: "/dev/zero" }],
      "E_USAGE",
      "edit 1 (ssh-key root): /dev/zero: has more than 1048576 bytes",
    ],
  ];
  for (const [edits, code, ...said] of cases) {
    test(said[0] ?? code, async () => {
      await expectError(made(edits), code, ...said);
    });
  }
});

describe("paths are resolved as in the machine", () => {
  test("by the image's symlinks, and never out of it", async () => {
    const image = await made([
      { type: "add", source: text("1"), path: "/lib/one" },
      { type: "add", source: text("2"), path: "/up/two" },
      { type: "add", source: text("3"), path: "/../../a/../abs/lib/three" },
      { type: "symlink", path: "/out", target: "/../../.." },
      { type: "add", source: text("4"), path: "/out/four" },
      { type: "add", source: text("5"), path: "/dangling/five" },
      { type: "add", source: text("6"), path: "/one" },
      { type: "chmod", path: "/a/l", mode: 0o600 },
      { type: "remove", path: "/lib" },
      { type: "add", source: text("7"), path: "/null" },
    ]);
    const read = ["usr/lib/one", "etc/two", "usr/lib/three", "four", "nowhere/at/all/five", "one", "null"];
    expect(read.map((path) => image.read(path))).toEqual(["1", "2", "3", "4", "5", "6", "7"]);
    expect(owners(image, "usr/lib/a")).toBe("file 600 0:0");
    expect(owners(image, "nowhere/at")).toBe("directory 755 0:0");
    expect(owners(image, "usr/lib")).toBe("directory 711 0:0");
    expect(image.files.has("lib")).toBe(false);
  });
});

describe("what is added", () => {
  testWith(
    ["setfattr", "getfattr", "loop mount"],
    "as a folder keeps modes, links, holes and attributes, and folders that are there keep theirs",
    async () => {
      const folder = scratch("folder");
      mkdirSync(join(folder, "lib/new"), { recursive: true, mode: 0o700 });
      writeFileSync(join(folder, "lib/new/tool"), "tool", { mode: 0o4750 });
      chmodSync(join(folder, "lib/new/tool"), 0o4750);
      linkSync(join(folder, "lib/new/tool"), join(folder, "lib/again"));
      symlinkSync("/etc/passwd", join(folder, "lib/new/link"));
      writeFileSync(join(folder, "hole"), "");
      truncateSync(join(folder, "hole"), 50 << 20);
      chmodSync(folder, 0o700);
      runOk("setfattr", ["-n", "user.kept", "-v", "yes", join(folder, "lib/new/tool")]);
      const edits: Edit[] = [
        { type: "add", source: folder, path: "/", user: "app", group: 50 },
        { type: "add", source: folder, path: "/opt/whole" },
        { type: "add", source: join(folder, "lib/new/tool"), path: "/bin/" },
      ];
      const { rootfsPath, allocatedBytes } = await convert({
        source: buildBaseOnce(),
        platform,
        out: scratch("added"),
        filesystem: { type: "ext4", size: "min" },
        edits,
      });
      expectCleanIfChecked(rootfsPath);
      expect(allocatedBytes).toBeLessThan(5 << 20);
      const view = withMounted(rootfsPath, "ro", kernelView);
      const time = BigInt(Date.parse(CREATED)) * 1_000_000n;
      expect(view.get(".")?.mode).toBe("40755");
      expect(view.get("usr/lib")).toMatchObject({ mode: "40711", owner: "0:0" });
      expect(view.get("lib")?.target).toBe("usr/lib");
      expect(view.get("usr/lib/new")).toMatchObject({ mode: "40700", owner: "1000:50", mtime: time });
      expect(view.get("usr/lib/new/tool")).toMatchObject({
        mode: "104750",
        owner: "1000:50",
        mtime: time,
        links: "usr/lib/again usr/lib/new/tool",
        xattrs: "user.kept=0x796573",
      });
      expect(view.get("usr/lib/new/link")).toMatchObject({ target: "/etc/passwd", owner: "1000:50" });
      expect(view.get("hole")?.size).toBe(50n << 20n);
      expect(view.get("opt")).toMatchObject({ mode: "40755", owner: "0:0", mtime: time });
      expect(view.get("opt/whole")).toMatchObject({ mode: "40700", owner: "0:0" });
      expect(view.get("bin/tool")).toMatchObject({
        mode: "104750",
        owner: "0:0",
        xattrs: "user.kept=0x796573",
      });
    },
  );

  test("as a tar hides what its whiteouts say, in any compression, and keeps its own owners and times", async () => {
    const layer = tar([
      { path: "a/.wh..wh..opq" },
      { path: "a/kept", data: "kept", uid: 3, mtime: 77 },
      { path: ".wh.c" },
      { path: "usr/.wh.lib" },
    ]);
    const layers = [layer, gzipSync(layer), Bun.zstdCompressSync(layer)];
    const images = await Promise.all(layers.map((source) => made([{ type: "add-tar", source }])));
    expect(new Set(images.map(({ bytes }) => sha256(bytes))).size).toBe(1);
    const [image] = images as [Made];
    expect([...image.files.keys()].filter((path) => /^(a|c|usr)(\/|$)/.test(path))).toEqual([
      "a",
      "a/kept",
      "usr",
    ]);
    expect(image.files.get("a/kept")).toMatchObject({ uid: 3, mtime: { seconds: 77 } });
  });
});

test("owners and modes change as for root: setuid bits and capabilities go, access lists follow; of each kind alike", async () => {
  const edits: Edit[] = [
    { type: "chown", path: "/a/b/a", user: "app" },
    { type: "chown", path: "/cap", user: 5, group: "staff" },
    { type: "chmod", path: "/acl", mode: 0o640 },
    { type: "chown", path: "/usr", user: 9, recursive: true },
    { type: "chmod", path: "/up/passwd", mode: 0o400 },
  ];
  for (const filesystem of [
    {},
    { type: "xfs" },
    { type: "erofs" },
    { type: "erofs", compress: "lz4" },
  ] as const) {
    const image = await made(edits, { filesystem });
    const facts = ["a/b/a", "a/c", "cap", "acl", "usr/lib/a", "lib", "etc/passwd"].map((path) =>
      owners(image, path),
    );
    expect(facts).toEqual(
      [
        "file 755 1000:0",
        "file 755 1000:0",
        "file 755 5:50",
        "file 640 0:0",
        "file 711 9:0",
        "symlink 777 0:0",
        "file 400 0:0",
      ].map((fact) => fact.replace("file 711", "file 644")),
    );
    expect([image.read("a/b/a"), image.read("cap"), image.read("etc/passwd")]).toEqual([
      "x".repeat(9000),
      "y".repeat(5000),
      PASSWD,
    ]);
  }
});

describe("files of well-known places", () => {
  test("hosts get lines, behind those for localhost where there are none", async () => {
    const lines: Edit[] = [
      { type: "host", name: "db", address: "10.0.0.7" },
      { type: "host", name: "six", address: "fd00::7" },
    ];
    const localhost = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n";
    expect((await made(lines)).read("etc/hosts")).toBe(`${localhost}10.0.0.7\tdb\nfd00::7\tsix\n`);
    const own: Edit = { type: "add", source: text("1.2.3.4 me"), path: "/etc/hosts", user: 4, mode: 0o600 };
    const image = await made([own, ...lines]);
    expect(image.read("etc/hosts")).toBe("1.2.3.4 me\n10.0.0.7\tdb\nfd00::7\tsix\n");
    expect(owners(image, "etc/hosts")).toBe("file 600 4:0");
  });

  test("keys let the user log in whose account is there by then, and come behind those that are there", async () => {
    const account = text(`${PASSWD}new:x:1005:50::/srv/new:/bin/sh\n`);
    const image = await made([
      { type: "add", source: account, path: "/etc/passwd" },
      { type: "ssh-key", keys: text(`# mine\r\n${KEY}\r\n`), user: "new" },
      { type: "ssh-key", keys: text(`restrict ${KEY}`), user: "1005" },
      { type: "ssh-key", keys: text(KEY) },
    ]);
    expect(image.read("srv/new/.ssh/authorized_keys")).toBe(`# mine\n${KEY}\nrestrict ${KEY}\n`);
    expect(owners(image, "srv/new")).toBe("directory 755 1005:50");
    expect(owners(image, "srv/new/.ssh")).toBe("directory 700 1005:50");
    expect(owners(image, "srv/new/.ssh/authorized_keys")).toBe("file 600 1005:50");
    expect(image.read("root/.ssh/authorized_keys")).toBe(`${KEY}\n`);
    expect(JSON.stringify(image.metadata)).not.toContain("AAAA");
  });
});

describe("the bytes are the same", () => {
  const kinds = [{ type: "ext4" }, { type: "erofs", compress: "lz4" }] as const;
  const folder = (): string => {
    const path = scratch("same");
    mkdirSync(join(path, "d"), { recursive: true });
    writeFileSync(join(path, "d/noise"), noise(1_500_000, 1));
    writeFileSync(join(path, "d/text"), "some text ".repeat(60_000));
    return path;
  };
  const edits = (): Edit[] => [
    { type: "add", source: folder(), path: "/data" },
    { type: "chown", path: "/data", user: 3, recursive: true },
    { type: "add-tar", source: tar([{ path: "top", data: "t".repeat(99_999) }]) },
    { type: "remove", path: "/a" },
    { type: "host", name: "db", address: "10.0.0.7" },
  ];

  for (const filesystem of kinds) {
    test(`from layout and archive, by any number of threads, whenever: ${JSON.stringify(filesystem)}`, async () => {
      const list = edits();
      const { bytes, metadata } = await made(list, { filesystem, workers: 0 });
      utimesSync(join(folder(), "d/text"), 5, 5);
      for (const workers of [1, 4]) {
        expect(sha256((await made(list, { filesystem, workers })).bytes)).toBe(sha256(bytes));
      }
      const archive = await tarOf(entriesOf(buildBaseOnce().slice("oci:".length)));
      const source = { kind: "stream", bytes: archive } as const;
      expect(sha256((await made(list, { filesystem, source })).bytes)).toBe(sha256(bytes));
      const other = await made([...list.slice(0, -1)], { filesystem });
      expect(other.metadata.filesystem.uuid).not.toBe(metadata.filesystem.uuid);
    });
  }

  testWith(["tar"], "and the files too, whatever the source is", async () => {
    const plain = scratch("files.tar");
    writeFileSync(plain, tar([...ITEMS]));
    const fixed = { filesystem: { type: "ext4" }, sourceDateEpoch: 99 } as const;
    const facts = async (source: string): Promise<string[]> => {
      const { files } = await made(edits(), { source, ...fixed });
      expect(files.get("data/d/text")?.mtime.seconds).toBe(99);
      return [...files.values()].map(({ path, mode, uid, gid, size, target, mtime }) =>
        JSON.stringify([path, mode, uid, gid, size, target, mtime]),
      );
    };
    const wanted = await facts(buildBaseOnce());
    const { rootfsPath } = await convert({
      source: buildBaseOnce(),
      platform,
      out: scratch("whole"),
      force: true,
    });
    expect(await facts(`rootfs-tar:${plain}`)).toEqual(wanted);
    expect(await facts(`image:${rootfsPath}`)).toEqual(wanted);
    const folder = scratch("unpacked");
    mkdirSync(folder);
    runOk("tar", ["-xpf", plain, "-C", folder]);
    expect(await facts(`dir:${folder}`)).toEqual(wanted);
  });

  test("of a file, a pipe or bytes", async () => {
    const path = scratch("content");
    writeFileSync(path, noise(300_000, 4), { mode: 0o600 });
    async function* piped(): AsyncGenerator<Uint8Array> {
      const bytes = readFileSync(path);
      for (let at = 0; at < bytes.length; at += 7777) yield bytes.subarray(at, at + 7777);
    }
    const sources = [path, readFileSync(path), piped()];
    const images = await Promise.all(
      sources.map((source) => made([{ type: "add", source, path: "/content", mode: 0o640 }])),
    );
    expect(new Set(images.map(({ bytes }) => sha256(bytes))).size).toBe(1);
    expect(images[2]?.metadata.edits).toEqual([{ type: "add", path: "/content", mode: "0640" }]);
  });
});

describe("a conversion with edits", () => {
  test("is planned with them, and what is missing here is told before anything is made", async () => {
    const out = scratch("planned");
    const options = { source: buildBaseOnce(), platform, out };
    const plan = await planConversion({ ...options, edits: [{ type: "remove", path: "/a" }] });
    expect(plan.edits).toEqual([{ type: "remove", path: "/a" }]);
    expect(plan.filesystem).not.toHaveProperty("uuid");
    const missing: Edit[] = [{ type: "add", source: scratch("nothing"), path: "/x" }];
    for (const job of [planConversion, convert]) {
      await expectError(
        job({ ...options, source: "oci:nowhere", edits: missing }),
        "E_USAGE",
        "edit 1 (add /x)",
      );
    }
    const own: Edit[] = [{ type: "add", source: scratch(), path: "/x" }];
    await expectError(
      convert({ ...options, edits: own }),
      "E_USAGE",
      "the output would lie in",
      "to be added",
    );
    expect(existsSync(out)).toBe(false);
  });

  test("that fails leaves nothing, and one that waits for a stream hears a signal", async () => {
    const options = { source: buildBaseOnce(), platform, out: scratch("failing") };
    await expectError(convert({ ...options, edits: [{ type: "remove", path: "/x" }] }), "E_EDIT_CONFLICT");
    // biome-ignore lint/correctness/useYield: it fails before
    async function* failing(): AsyncGenerator<Uint8Array> {
      throw new Error("no more");
    }
    const broken: Edit[] = [{ type: "add", source: failing(), path: "/x" }];
    await expectError(convert({ ...options, edits: broken }), "E_IO", "edit 1 (add /x)", "no more");
    const abort = new AbortController();
    async function* silent(): AsyncGenerator<Uint8Array> {
      yield text("begun");
      setTimeout(() => abort.abort(), 1);
      await new Promise(() => undefined);
    }
    const waiting: Edit[] = [{ type: "add", source: silent(), path: "/x" }];
    await expectError(convert({ ...options, edits: waiting, signal: abort.signal }), "E_INTERRUPTED");
    expect(existsSync(join(options.out, "rootfs.ext4"))).toBe(false);
  });

  test("shows a profile what they have made", async () => {
    const profile = { name: "init", workload: { cmd: ["/x"] } } as const;
    const { metadata } = await made([], { profile });
    const path = metadata.injection?.paths.find((each) => each.includes("ovms")) ?? "";
    const edits: Edit[] = [{ type: "add", source: text("mine"), path }];
    await expectError(made(edits, { profile }), "E_PROFILE_CONFLICT", path);
  });

  test("is what a bundle is made of", async () => {
    const options = { source: buildBaseOnce(), platform, out: scratch("bundle"), workload: { cmd: ["/x"] } };
    const edits: Edit[] = [{ type: "add", source: text("in the bundle"), path: "/lib/x" }];
    const rootless = process.geteuid?.() !== 0;
    const { rootfsPath } = await createBundle({ ...options, edits, rootless });
    expect(readFileSync(join(rootfsPath, "usr/lib/x"), "utf8")).toBe("in the bundle");
    expect(statSync(join(rootfsPath, "usr/lib")).mode & 0o777).toBe(0o711);
    const { source: _, ...rest } = options;
    await expectError(createBundle({ ...rest, rootfs: rootfsPath, edits }), "E_USAGE", "left as it is");
  });
});
