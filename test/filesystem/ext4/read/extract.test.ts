/** Extraction: what comes out, and that nothing an image says leads elsewhere. */
import { expect, test } from "bun:test";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Extraction, extract as extractSteps } from "../../../../src/filesystem/reading/extract.ts";
import { memoryImage } from "../../../../src/filesystem/reading/image.ts";
import { archive } from "../../../../src/filesystem/reading/tar/archive.ts";
import { entriesOf } from "../../../layer/support.ts";
import { expectError } from "../../../support/expect-error.ts";
import { differences, kernelView } from "../../../support/kernel-view.ts";
import { run, runOk, testWith } from "../../../support/oracles.ts";
import { fillSource } from "../../reading/fill-source.ts";
import { directory, emptyFile, symlink, withImage } from "../write/images.ts";
import { makeForeign, withFilesystem, withFolder } from "./support.ts";
import { extract, openFilesystem } from "./unpaused.ts";

testWith(
  ["mke2fs", "setfattr", "setfacl", "loop mount"],
  "files come out as they went in, but for what is reported",
  () => {
    withFolder((folder) => {
      const source = join(folder, "source");
      const out = join(folder, "out");
      mkdirSync(source);
      fillSource(source);
      const path = join(folder, "image");
      makeForeign(path, "16M", ["-t", "ext4"], source);
      const report = withFilesystem(path, (filesystem) => extract(filesystem, "/", out));
      const want = kernelView(source);
      const got = kernelView(out);
      for (const name of ["fifo", "null", "disk"]) want.delete(name);
      for (const view of [want, got]) view.delete(".");
      expect(differences(got, want, ["xattrs"])).toEqual([]);
      expect(report.leftOut.map((left) => left.path)).toEqual(["disk", "fifo", "null"]);
      expect(report).toMatchObject({
        links: 1,
        symlinks: 4,
        withoutOwner: 0,
        withoutSetuid: 0,
        withoutXattrs: 3,
      });
      expect(report.files).toBe(306);
      expect(statSync(join(out, "holes")).blocks).toBeLessThan(100);
    });
  },
);

testWith(
  ["mke2fs", "setfattr", "setfacl", "loop mount"],
  "a file comes out under its name, a folder that has something is left alone",
  async () => {
    const errors: Promise<void>[] = [];
    withFolder((folder) => {
      const source = join(folder, "source");
      mkdirSync(source);
      fillSource(source);
      const path = join(folder, "image");
      makeForeign(path, "16M", ["-t", "ext4"], source);
      withFilesystem(path, (filesystem) => {
        extract(filesystem, "/sub/deeper/another name", join(folder, "one"));
        expect(readFileSync(join(folder, "one/another name"), "latin1")).toBe("tiny");
        extract(filesystem, "short-link", join(folder, "followed"));
        expect(readFileSync(join(folder, "followed/short-link"), "latin1")).toBe("tiny");
        const full = () => extract(filesystem, "/", join(folder, "one"));
        errors.push(expectError(full, "E_OUTPUT_EXISTS", "is not empty"));
        const missing = () => extract(filesystem, "/gone", join(folder, "none"));
        errors.push(expectError(missing, "E_PATH_NOT_FOUND", "/gone"));
        expect(existsSync(join(folder, "none"))).toBe(false);
      });
    });
    await Promise.all(errors);
  },
);

testWith(
  ["mke2fs", "unshare", "loop mount"],
  "whoever is not root gets no owners, and no setuid of another",
  () => {
    withFolder((folder) => {
      const source = join(folder, "source");
      mkdirSync(source);
      writeFileSync(join(source, "tool"), "", { mode: 0o755 });
      runOk("chmod", ["4755", join(source, "tool")]);
      const path = join(folder, "image");
      makeForeign(path, "8M", ["-t", "ext4"], source);
      runOk("chmod", ["-R", "a+rwX", folder]);
      const script = join(import.meta.dir, "extract-script.ts");
      const out = join(folder, "out");
      const said = run("setpriv", [
        ...["--reuid=1234", "--regid=1234", "--clear-groups"],
        ...[process.execPath, script, path, out],
      ]);
      expect(said.stderr).toBe("");
      expect(JSON.parse(said.stdout)).toMatchObject({ withoutOwner: 3, withoutSetuid: 1, files: 1 });
      expect(statSync(join(out, "tool")).mode & 0o7777).toBe(0o755);
    });
  },
);

test("times come along as far as the runtime takes them, before 1970 too", () => {
  const times: readonly [seconds: number, nanoseconds: number, lost: number][] = [
    [-315_619_200, 0, 0],
    [-1, 500_000_000, 0],
    [0, 0, 0],
    [1_700_000_000, 0, 0],
    [4_000_000_000, 250_000_000, 0],
    [-315_619_200, 123_456_789, 3],
    [1_700_000_000, 123_456_789, 3],
  ];
  for (const [seconds, nanoseconds, lost] of times) {
    const mtime = { seconds, nanoseconds };
    const changes = { mtime, atime: mtime };
    withImage((image) => {
      const root = { f: emptyFile(changes), l: symlink("f", changes), d: directory({}, changes) };
      image.finish(
        directory(root, { mtime: { seconds, nanoseconds: 0 }, atime: { seconds, nanoseconds: 0 } }),
        {
          lostAndFound: false,
        },
      );
      withFolder((folder) => {
        const report = withFilesystem(image.path, (filesystem) =>
          extract(filesystem, "/", join(folder, "out")),
        );
        expect(report.withoutExactTimes).toBe(lost);
        const wanted = BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
        for (const name of Object.keys(root)) {
          const { mtimeNs, atimeNs } = lstatSync(join(folder, "out", name), { bigint: true });
          for (const got of [mtimeNs, atimeNs]) {
            const off = Number(got - wanted);
            expect(Math.abs(off)).toBeLessThanOrEqual(lost === 0 ? 0 : 1000);
          }
        }
      });
    });
  }
});

test("a tree far deeper than paths reach costs memory by its depth, not by the square of that", () => {
  const depth = 6000;
  const name = "x".repeat(200);
  withImage((image) => {
    let inner = directory();
    for (let level = 0; level < depth; level++) inner = directory({ [name]: inner });
    image.finish(inner, { lostAndFound: false });
    withFolder((folder) => {
      const script = join(import.meta.dir, "deep-script.ts");
      const said = JSON.parse(runOk(process.execPath, [script, image.path, join(folder, "out")]));
      expect(said).toMatchObject({ leftOut: 1, listed: depth });
      expect(said.directories).toBeGreaterThan(10);
      expect(said.peak).toBeLessThan(512 << 20);
    });
  });
});

test("a directory that may not be gone through still gives a file in it its further name", () => {
  withImage((image) => {
    const file = image.file("contents");
    const closed = directory({ file }, { mode: 0o600 });
    image.finish(directory({ closed, other: file }), { lostAndFound: false });
    withFolder((folder) => {
      runOk("chmod", ["a+rwx", folder, dirname(image.path)]);
      const script = join(import.meta.dir, "extract-script.ts");
      const out = join(folder, "out");
      const line = ["--reuid=1234", "--regid=1234", "--clear-groups", process.execPath, script];
      const said = run("setpriv", [...line, image.path, out]);
      expect(said.stderr).toBe("");
      expect(JSON.parse(said.stdout)).toMatchObject({ files: 1, links: 1, leftOut: [] });
      expect(statSync(join(out, "closed")).mode & 0o7777).toBe(0o600);
    });
  });
});

test("whoever stops it finds whole files only", () => {
  withImage((image) => {
    const root = { first: image.file("whole"), second: image.file(new Uint8Array(8 << 20).fill(1)) };
    image.finish(directory(root), { lostAndFound: false });
    withFolder((folder) => {
      const out = join(folder, "out");
      withFilesystem(image.path, (filesystem) => {
        const steps = extractSteps(filesystem, "/", out);
        while (!existsSync(join(out, "second")) || statSync(join(out, "second")).size === 0) steps.next();
        const stop = new Error("stopped");
        expect(() => steps.throw(stop)).toThrow(stop);
      });
      expect(readdirSync(out)).toEqual(["first"]);
      expect(readFileSync(join(out, "first"), "latin1")).toBe("whole");
    });
  });
});

/** What each hostile image is made of, and bytes of names in it that are then replaced by others as long. */
const HOSTILE: Readonly<
  Record<string, { fill: (source: string) => void; rename: readonly [string, string][]; leftOut?: string[] }>
> = {
  "names that climb": {
    fill: (source) => writeFileSync(join(source, "AA_BB_escaped"), "bad"),
    rename: [["AA_BB_escaped", "../../escaped"]],
  },
  "a directory named '..'": {
    fill: (source) => {
      mkdirSync(join(source, "QZ"));
      writeFileSync(join(source, "QZ/escaped"), "bad");
    },
    rename: [["QZ", ".."]],
    // It is no entry like others, so it is not even seen.
    leftOut: [],
  },
  "an absolute name": {
    fill: (source) => writeFileSync(join(source, "Xtmp_escaped-by-docker2vm-test"), "bad"),
    rename: [["Xtmp_escaped-by-docker2vm-test", "/tmp/escaped-by-docker2vm-test"]],
  },
  "a symlink and a directory of one name": {
    fill: (source) => {
      symlinkSync("../..", join(source, "twin-1"));
      mkdirSync(join(source, "twin-2"));
      writeFileSync(join(source, "twin-2/escaped"), "bad");
    },
    rename: [["twin-2", "twin-1"]],
  },
  "a directory and a symlink of one name": {
    fill: (source) => {
      mkdirSync(join(source, "twin-1"));
      writeFileSync(join(source, "twin-1/escaped"), "bad");
      symlinkSync("../..", join(source, "twin-2"));
    },
    rename: [["twin-2", "twin-1"]],
  },
  "a NUL in a name": {
    fill: (source) => writeFileSync(join(source, "nameQescaped"), "bad"),
    rename: [["nameQescaped", "name\0escaped"]],
  },
};

for (const [name, { fill, rename, leftOut }] of Object.entries(HOSTILE)) {
  const wanted = rename.flatMap(([, to]) => leftOut ?? [to]);
  testWith(["mke2fs"], `an image with ${name} extracts nothing outside of the folder`, async () => {
    const bytes = withFolder((folder) => {
      const bytes = hostileImage(folder, fill, rename);
      const out = join(folder, "deep/er/out");
      const report = extract(openFilesystem(memoryImage(bytes)), "/", out);
      expect(report.leftOut.map((left) => left.path)).toEqual(wanted);
      expectNothingElse(folder, out);
      expect(existsSync("/tmp/escaped-by-docker2vm-test")).toBe(false);
      return bytes;
    });
    const notInTar: string[] = [];
    const chunks = archive(openFilesystem(memoryImage(bytes)), "/", ({ path }) => notInTar.push(path));
    const folders = new Set<string>();
    for await (const { path, type } of entriesOf(chunks, { layer: "tar" })) {
      // Everything is in a folder that came before and nothing came in the place of.
      expect([".", ...folders]).toContain(dirname(path));
      expect(basename(path)).not.toBe("..");
      if (type === "directory" && path !== "./") folders.add(path.slice(0, -1));
      else expect([...folders]).not.toContain(path);
    }
    expect(notInTar).toEqual(wanted);
  });
}

testWith(["mke2fs", "debugfs"], "a directory inside itself ends the extraction", async () => {
  const errors: Promise<void>[] = [];
  withFolder((folder) => {
    const fill = (source: string) => mkdirSync(join(source, "outer/inner"), { recursive: true });
    const path = join(folder, "image");
    writeFileSync(path, hostileImage(folder, fill, []));
    runOk("debugfs", ["-w", "-R", "link outer outer/inner/again", path]);
    const filesystem = openFilesystem(memoryImage(new Uint8Array(readFileSync(path))));
    const attempt = (): Extraction => extract(filesystem, "/", join(folder, "deep/out"));
    errors.push(expectError(attempt, "E_INVALID_FILESYSTEM", "in two places"));
  });
  await Promise.all(errors);
});

/** Nothing is beside the folder that was extracted into, and no file under it is reached by way of a symlink. */
function expectNothingElse(folder: string, out: string): void {
  expect(readdirSync(folder).sort()).toEqual(["deep", "image", "source"]);
  expect(readdirSync(join(folder, "deep"))).toEqual(["er"]);
  expect(readdirSync(join(folder, "deep/er"))).toEqual(["out"]);
  for (const entry of readdirSync(out)) expect(lstatSync(join(out, entry)).isFile()).toBe(false);
}

function hostileImage(
  folder: string,
  fill: (source: string) => void,
  rename: readonly (readonly [string, string])[],
): Uint8Array {
  const source = join(folder, "source");
  const path = join(folder, "image");
  mkdirSync(source);
  fill(source);
  // Without checksums, names are changed in place.
  makeForeign(path, "4M", ["-t", "ext2"], source);
  const bytes = readFileSync(path);
  for (const [from, to] of rename) {
    let changed = 0;
    for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from, at + 1)) {
      // name_len comes before file_type and the name: contents and targets are left alone.
      if (bytes[at - 2] !== from.length) continue;
      bytes.write(to, at, "latin1");
      changed++;
    }
    expect(changed).toBe(1);
  }
  return new Uint8Array(bytes);
}
