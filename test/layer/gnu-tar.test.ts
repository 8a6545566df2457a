import { afterAll, describe, expect } from "bun:test";
import {
  chmodSync,
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runOk, testWith } from "../support/oracles.ts";
import { readTar } from "./support.ts";

const folder = mkdtempSync(join(tmpdir(), "docker2vm-gnu-tar-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A folder in the test's own, filled by `fill`; and its tar, by GNU tar with the options. */
function pack(name: string, options: readonly string[], fill: (root: string) => void): Buffer {
  const root = join(folder, name);
  mkdirSync(root, { recursive: true });
  fill(root);
  const archive = join(folder, `${name}.tar`);
  runOk("tar", ["--sort=name", "--numeric-owner", ...options, "-cf", archive, "-C", root, "."]);
  return readFileSync(archive);
}

function fillPlain(root: string): void {
  mkdirSync(join(root, "dir"));
  writeFileSync(join(root, "dir/file"), "contents\n".repeat(1000));
  writeFileSync(join(root, "dir/empty"), "");
  writeFileSync(join(root, "dir/tool"), "#!/bin/sh\n");
  chmodSync(join(root, "dir/tool"), 0o4711);
  linkSync(join(root, "dir/file"), join(root, "dir/hard"));
  symlinkSync("dir/file", join(root, "soft"));
  if (!root.endsWith("v7")) runOk("mkfifo", [join(root, "pipe")]);
  utimesSync(join(root, "dir/empty"), 1, 1234567890);
}

describe("archives of GNU tar", () => {
  for (const format of ["v7", "oldgnu", "gnu", "ustar", "posix"]) {
    testWith(["tar"], `of the format ${format} give what was packed`, async () => {
      const entries = await readTar(pack(format, [`--format=${format}`], fillPlain), 10_000);
      const seen = new Map(entries.map((entry) => [entry.path, entry]));
      const pipe = format === "v7" ? [] : ["./pipe"];
      const files = ["./dir/empty", "./dir/file", "./dir/hard", "./dir/tool"];
      expect([...seen.keys()].sort()).toEqual(["./", "./dir/", ...files, ...pipe, "./soft"]);
      expect(seen.get("./dir/")?.type).toBe("directory");
      expect(`${seen.get("./dir/file")?.data}`).toBe("contents\n".repeat(1000));
      expect(seen.get("./dir/hard")).toMatchObject({ type: "hardlink", linkname: "./dir/file", size: 0 });
      expect(seen.get("./soft")).toMatchObject({ type: "symlink", linkname: "dir/file" });
      expect(seen.get("./dir/tool")?.metadata.mode).toBe(0o4711);
      expect(seen.get("./dir/empty")?.metadata.mtime).toEqual({ seconds: 1234567890, nanoseconds: 0 });
      const { uid, gid } = lstatSync(join(folder, format, "dir/file"));
      expect(seen.get("./dir/file")?.metadata).toMatchObject({ uid, gid });
      expect(pipe.map((path) => seen.get(path)?.type)).toEqual(pipe.map(() => "fifo"));
    });
  }

  for (const format of ["gnu", "posix"]) {
    testWith(["tar"], `of the format ${format} give long names, great numbers and old times`, async () => {
      const [name, target] = ["n".repeat(200), "t".repeat(300)];
      const options = [
        `--format=${format}`,
        "--owner=:3000000000",
        "--group=:4000000000",
        "--mtime=1923-04-05 06:07:08.5 UTC",
      ];
      const bytes = pack(`long-${format}`, options, (root) => {
        mkdirSync(join(root, name));
        writeFileSync(join(root, name, name), "deep");
        symlinkSync(target, join(root, "soft"));
      });
      const entries = await readTar(bytes);
      expect(entries.map(({ path }) => path)).toEqual(["./", `./${name}/`, `./${name}/${name}`, "./soft"]);
      expect(entries[3]?.linkname).toBe(target);
      expect(`${entries[2]?.data}`).toBe("deep");
      const seconds = Date.UTC(1923, 3, 5, 6, 7, 8) / 1000;
      for (const { metadata } of entries) {
        expect(metadata).toMatchObject({ uid: 3000000000, gid: 4000000000 });
        expect(metadata.mtime).toEqual({ seconds, nanoseconds: format === "posix" ? 500_000_000 : 0 });
      }
    });
  }

  const sparse: [string, string[]][] = [
    ["gnu", ["--format=gnu"]],
    ["posix 0.0", ["--format=posix", "--sparse-version=0.0"]],
    ["posix 0.1", ["--format=posix", "--sparse-version=0.1"]],
    ["posix 1.0", ["--format=posix", "--sparse-version=1.0"]],
  ];
  for (const [name, options] of sparse) {
    testWith(["tar"], `with sparse files (${name}) give the files as they were`, async () => {
      const stretches = Array.from({ length: 40 }, (_, at) => at * 65536 + 4096);
      const bytes = pack(`sparse ${name}`, ["--sparse", "--hole-detection=raw", ...options], (root) => {
        const file = openSync(join(root, "many"), "w");
        for (const at of stretches) writeSync(file, Buffer.alloc(4096, at / 4096), 0, 4096, at);
        closeSync(file);
        truncateSync(join(root, "many"), 3_000_000);
        writeFileSync(join(root, "none"), "");
        truncateSync(join(root, "none"), 5_000_000);
        writeFileSync(join(root, "plain"), "no holes");
      });
      const entries = await readTar(bytes, 30_000);
      const seen = new Map(entries.map((entry) => [entry.path, entry]));
      const many = seen.get("./many");
      expect(many?.data.equals(readFileSync(join(folder, `sparse ${name}`, "many")))).toBe(true);
      expect(many?.stretches).toEqual(stretches.map((at) => [at, 4096]));
      expect(seen.get("./none")).toMatchObject({ size: 5_000_000, stretches: [] });
      expect(`${seen.get("./plain")?.data}`).toBe("no holes");
      expect(entries).toHaveLength(4);
    });
  }

  testWith(
    ["tar", "setfattr", "setfacl", "getfattr"],
    "with attributes and access control lists give those",
    async () => {
      const value = "0x0100000280000000ff0a00";
      const bytes = pack(
        "attributes",
        ["--format=posix", "--xattrs", "--xattrs-include=*", "--acls"],
        (root) => {
          const file = join(root, "file");
          writeFileSync(file, "x");
          mkdirSync(join(root, "dir"));
          runOk("setfattr", ["-n", "user.binary", "-v", value, file]);
          runOk("setfattr", ["-n", "user.empty", file]);
          runOk("setfacl", ["-m", "u:54321:rw,g:54322:r", file]);
          runOk("setfacl", ["-d", "-m", "u:54321:rwx", join(root, "dir")]);
        },
      );
      const entries = await readTar(bytes);
      const hex = (path: string, name: string) => {
        const xattrs = entries.find((entry) => entry.path === path)?.metadata.xattrs;
        const value = xattrs?.find((xattr) => xattr.name === name)?.value;
        return value && Buffer.from(value).toString("hex");
      };
      expect(hex("./file", "user.binary")).toBe(value.slice(2));
      expect(hex("./file", "user.empty")).toBe("");
      expect(hex("./file", "system.posix_acl_access")).toBe(kernel("file", "system.posix_acl_access"));
      expect(hex("./dir/", "system.posix_acl_default")).toBe(kernel("dir", "system.posix_acl_default"));
    },
  );
});

/** The attribute as the kernel shows it, in hexadecimal. */
function kernel(path: string, name: string): string | undefined {
  const file = join(folder, "attributes", path);
  return /=0x([0-9a-f]+)/.exec(runOk("getfattr", ["-e", "hex", "-n", name, "--absolute-names", file]))?.[1];
}
