/** What is put into an image: where it goes, and what it never does to what is there. */
import { describe, expect, test } from "bun:test";
import { type Addition, Additions, type FileSource, sourceOf } from "../../src/profile/additions.ts";
import { TIME } from "../filesystem/ext4/write/images.ts";
import { expectError } from "../support/expect-error.ts";
import { device, type Files, folder, link, program, testImage } from "./trees.ts";

function file(text: string, executable = false): Addition {
  return { type: "file", executable, source: sourceOf(Buffer.from(text)) };
}

const FOLDER: Addition = { type: "directory" };
const CONSOLE: Addition = { type: "char", mode: 0o600, major: 5, minor: 1 };

function adding(files: Files) {
  const made = testImage(files);
  const additions = new Additions(made.image, { conflictHint: () => "take another image" });
  return { ...made, additions };
}

describe("where it goes", () => {
  const CASES: readonly { name: string; files: Files; put: string; lands: string }[] = [
    { name: "into an empty image", files: {}, put: "/usr/bin/x", lands: "/usr/bin/x" },
    {
      name: "through a relative symlink (usr-merge)",
      files: { "/usr/lib/a": "", "/lib": link("usr/lib") },
      put: "/lib/modules/1/m.ko",
      lands: "/usr/lib/modules/1/m.ko",
    },
    {
      name: "through an absolute symlink, below the image's root",
      files: { "/usr/bin/a": "", "/bin": link("/usr/bin") },
      put: "/bin/x",
      lands: "/usr/bin/x",
    },
    {
      name: "through symlinks to symlinks",
      files: { "/c/a": "", "/b": link("./c//"), "/a": link("b/../b") },
      put: "/a/x",
      lands: "/c/x",
    },
    {
      name: "never above the root",
      files: { "/d/up": link("../../../e"), "/e/a": "" },
      put: "/d/up/../../x",
      lands: "/x",
    },
    {
      name: "to where a dangling symlink leads",
      files: { "/lib": link("/usr/lib") },
      put: "/lib/x",
      lands: "/usr/lib/x",
    },
    { name: "whatever bytes a name has", files: {}, put: "/\xff\xfe/\n", lands: "/\xff\xfe/\n" },
  ];
  for (const { name, files, put, lands } of CASES) {
    test(name, async () => {
      const { additions, list } = adding(files);
      const before = Object.keys(list());
      expect(await additions.put(put, file("x"))).toBe(true);
      const { paths } = additions.finish();
      expect(paths.at(-1)).toBe(lands);
      expect(
        Object.keys(list())
          .filter((path) => !before.includes(path))
          .sort(),
      ).toEqual([...paths]);
    });
  }

  test("made folders are root's, 0755, of the image's time; those that are there keep what they have", async () => {
    const { additions, inode } = adding({ "/opt": folder(0o700) });
    await additions.put("/opt/a/b", file("x", true));
    const { paths } = additions.finish();
    expect(paths).toEqual(["/opt/a", "/opt/a/b"]);
    expect(inode("/opt")?.metadata.mode).toBe(0o700);
    expect(inode("/opt/a")?.metadata).toEqual({
      mode: 0o755,
      uid: 0,
      gid: 0,
      mtime: TIME,
      atime: TIME,
      ctime: TIME,
      xattrs: [],
    });
    expect(inode("/opt/a/b")?.metadata.mode).toBe(0o755);
  });

  test("a folder at a symlink's end is the folder that the symlink leads to", async () => {
    const { additions, list } = adding({
      "/tmp": link("/var/scratch"),
      "/run": link("/var/run"),
      "/var/run/a": "",
    });
    await additions.put("/tmp", { type: "directory", mode: 0o1777 });
    await additions.put("/run", FOLDER);
    expect(additions.finish().paths).toEqual(["/var/scratch"]);
    expect(list()).toMatchObject({ "/tmp": "-> /var/scratch", "/var/scratch": "directory 1777" });
  });
});

describe("what is there stays", () => {
  test("equal things are not counted", async () => {
    const { additions, contents } = adding({
      "/bin/x": program("same"),
      "/plain": "same",
      "/link": link("there"),
      "/folder/a": "",
      "/console": device(5, 1),
    });
    expect(await additions.put("/bin/x", file("same", true))).toBe(true);
    expect(await additions.put("/bin/x", file("same", false))).toBe(true);
    expect(await additions.put("/plain", file("same"))).toBe(true);
    expect(await additions.put("/link", { type: "symlink", target: "there" })).toBe(true);
    expect(await additions.put("/folder", { type: "directory", mode: 0o700 })).toBe(true);
    expect(await additions.put("/console", CONSOLE)).toBe(true);
    expect(additions.finish().paths).toEqual([]);
    expect(contents.placed).toBe(0);
  });

  test("every required file that something else is in the way of is named, at once", async () => {
    const { additions, list } = adding({
      "/size": "longer",
      "/bytes": "other",
      "/mode": "same",
      "/link": link("elsewhere"),
      "/type": link("x"),
      "/file": "",
      "/a": link("b"),
      "/b": link("a"),
      "/console": device(4, 64),
    });
    const before = list();
    await additions.put("/size", file("short"));
    await additions.put("/bytes", file("bytes"));
    await additions.put("/mode", file("same", true));
    await additions.put("/link", { type: "symlink", target: "here" });
    await additions.put("/type", file("x"));
    await additions.put("/file/below", file("x"));
    await additions.put("/a/below", file("x"));
    await additions.put("/file", FOLDER);
    await additions.put("/console", CONSOLE);
    const said = [
      "/size",
      "/bytes",
      "/mode",
      "/link",
      "/type",
      "/file/below",
      "/a/below",
      "/console is another char in the image",
      "take another image",
    ];
    await expectError(() => additions.finish(), "E_PROFILE_CONFLICT", ...said, "/file: ", "circle");
    expect(list()).toEqual(before);
  });

  test("optional ones give way in silence", async () => {
    const { additions, text } = adding({ "/bin/x": program("mine") });
    expect(await additions.put("/bin/x", file("yours", true), "optional")).toBe(false);
    expect(await additions.put("/bin/y", file("yours", true), "optional")).toBe(true);
    expect(additions.finish().paths).toEqual(["/bin/y"]);
    expect(await text("/bin/x")).toBe("mine");
  });
});

describe("contents", () => {
  test("one source is one inode under all its names, placed once", async () => {
    const { additions, contents, inode } = adding({});
    const source: FileSource = sourceOf(Buffer.from("abc"));
    for (const path of ["/a", "/b", "/c"]) {
      await additions.put(path, { type: "file", executable: true, source });
    }
    expect(contents.placed).toBe(1);
    expect(inode("/a")).toBe(inode("/b"));
    expect(inode("/a")).toBe(inode("/c"));
  });

  test("what was added is compared with what comes after it as the image's own files are", async () => {
    const { additions } = adding({});
    await additions.put("/a", file("abc"));
    expect(await additions.put("/a", file("abc"))).toBe(true);
    expect(await additions.put("/a", file("abd"), "optional")).toBe(false);
    expect(additions.finish().paths).toEqual(["/a"]);
  });

  test("pieces are compared and placed as one", async () => {
    const { additions, text } = adding({ "/there": "abcdef" });
    const source: FileSource = { size: 6, pieces: () => [Buffer.from("abc"), Buffer.from("def")] };
    expect(await additions.put("/there", { type: "file", executable: false, source })).toBe(true);
    await additions.put("/new", { type: "file", executable: false, source });
    expect(await text("/new")).toBe("abcdef");
  });
});

describe("the digest", () => {
  async function digestOf(...puts: [string, Addition][]): Promise<string> {
    const { additions } = adding({});
    for (const [path, addition] of puts) await additions.put(path, addition);
    return additions.finish().digest;
  }

  test("does not depend on the order", async () => {
    const puts: [string, Addition][] = [
      ["/a", file("1")],
      ["/b/c", file("2")],
      ["/d", FOLDER],
    ];
    expect(await digestOf(...puts)).toBe(await digestOf(...puts.reverse()));
  });

  test("tells apart paths, types, modes, contents and targets", async () => {
    const digests = await Promise.all([
      digestOf(),
      digestOf(["/a", file("1")]),
      digestOf(["/b", file("1")]),
      digestOf(["/a", file("2")]),
      digestOf(["/a", file("1", true)]),
      digestOf(["/a", FOLDER]),
      digestOf(["/a", { type: "directory", mode: 0o700 }]),
      digestOf(["/a", { type: "symlink", target: "1" }]),
      digestOf(["/a", { type: "symlink", target: "2" }]),
    ]);
    expect(new Set(digests).size).toBe(digests.length);
  });
});
