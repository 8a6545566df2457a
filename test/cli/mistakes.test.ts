/** What people type in their first hour, and what they are told to type instead. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { hasPrefix } from "../../src/cli/source-prefixes.ts";
import { convert } from "../../src/convert/convert.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { run, runOk } from "../support/oracles.ts";
import { tar } from "../support/tar-builder.ts";
import { withTemporaryFolder } from "../support/temporary.ts";
import { runWith } from "./fake-host.ts";

const AMD64 = { os: "linux", architecture: "amd64" };
const ROOTLESS = process.geteuid?.() === 0 ? "" : " --rootless";
const OPTIONS = ["--platform", "amd64", "-o", "@/made"];

/** Files of every kind that a source is, and of some that none is, in a folder that @ stands for. */
function fill(folder: string): void {
  const at = (...names: readonly string[]) => join(folder, ...names);
  const files = tar([
    { path: "etc", type: "directory" },
    { path: "etc/motd", data: "hello\n" },
  ]);
  const hex = "a".repeat(64);
  buildLayout(at("layout"), { layers: [files], tag: "1", platform: AMD64 });
  for (const name of ["rootfs/etc", "context", "there", "bundle/rootfs"])
    mkdirSync(at(name), { recursive: true });
  writeFileSync(at("rootfs/etc/motd"), "hello\n");
  writeFileSync(at("rootfs.tar"), files);
  writeFileSync(at("rootfs.tgz"), gzipSync(files));
  writeFileSync(
    at("layout.tar"),
    tar([
      { path: "./", type: "directory" },
      { path: "./oci-layout", data: "{}" },
    ]),
  );
  writeFileSync(
    at("saved.tar"),
    tar([
      { path: `${hex}/`, type: "directory" },
      { path: `${hex}/layer.tar`, data: "" },
    ]),
  );
  writeFileSync(at("saved.tgz"), gzipSync(tar([{ path: "manifest.json", data: "[]" }])));
  writeFileSync(at("empty.tar"), "");
  writeFileSync(at("rootfs.tar.xz"), Buffer.from("fd377a585a000004", "hex"));
  writeFileSync(at("notes.gz"), gzipSync("these are notes"));
  writeFileSync(at("disk.qcow2"), Buffer.concat([Buffer.from("QFI\xfb", "latin1"), Buffer.alloc(1 << 16)]));
  writeFileSync(at("notes"), "these are notes");
  for (const name of ["context/Dockerfile", "Dockerfile", "app.build"])
    writeFileSync(at(name), "# of ours\nFROM scratch\n");
  for (const name of ["there/rootfs.ext4", "there/meta.json", "bundle/config.json"])
    writeFileSync(at(name), "");
  symlinkSync("there", at("link"));
  symlinkSync("not-here", at("nowhere"));
}

const LINES: readonly (readonly [line: string, error: string, hint: string])[] = [
  // Sources that are none.
  ["convert @/empty.tar -o @/made", "@/empty.tar is empty", "docker save IMAGE > FILE"],
  [
    "convert @/context -o @/made",
    "is a folder that an image is built of",
    "docker2vm dockerfile --context @/context --out DIR",
  ],
  [
    "convert @/app.build -o @/made",
    "@/app.build is a Dockerfile",
    "docker2vm dockerfile --file @/app.build --out DIR",
  ],
  ["convert @/rootfs.tar.xz -o @/made", "is compressed with xz", "xz -d @/rootfs.tar.xz"],
  ["convert @/notes.gz -o @/made", "is compressed with gzip", "gzip -d @/notes.gz"],
  ["convert @/disk.qcow2 -o @/made", "is a disk in qcow2", "qemu-img convert -O raw @/disk.qcow2"],
  [
    "convert @/notes -o @/made",
    "is neither an archive nor the image of a filesystem",
    "docker save IMAGE > FILE",
  ],
  ["convert @/there -o @/made", "is what convert has made", "image:@/there/rootfs.ext4"],
  ["convert @/bundle -o @/made", "is a bundle for container runtimes", "dir:@/bundle/rootfs"],
  ["convert @/savd.tar -o @/made", "@/savd.tar: there is no such file", "did you mean @/saved.tar?"],
  ["convert @/nowhere -o @/made", "@/nowhere: it leads to nothing", "readlink -f @/nowhere"],
  ["convert --image @/layout -o @/made", "is a path, and no image's name", "--oci-layout"],
  ["convert https://ghcr.io/owner/app -o @/made", '"https:" is not a registry', "ghcr.io/owner/app"],
  ["convert @/layout @/made", "more than one image given", "the output is given with --out @/made"],
  ["convert @/layout --size 2 GB -o @/made", "more than one image given", "a size is one word, as 2G"],
  // What a source is comes before what is in an output's place.
  ["convert oci:@/layout.tar -o @/there", "is not a folder", "oci-archive:@/layout.tar"],
  ["convert docker-archive:@/layout -o @/there", "is a folder", "oci:@/layout"],
  ["convert oci-archive:@/rootfs.tar -o @/there", "is not an image", "rootfs-tar:FILE"],
  ["convert rootfs-tar:@/rootfs -o @/there", "is a folder, not a tar", "dir:@/rootfs"],
  ["convert dir:@/rootfs.tar -o @/there", "is no folder", "rootfs-tar:@/rootfs.tar"],
  ["convert image:@/notes -o @/there", "too short to hold one", "image"],
  ["convert oci:@/layout:2 --platform amd64 -o @/there", 'no image is called "2"', 'there is "1"'],
  ["convert oci:@/layout --platform arm64 -o @/there", "no image for linux/arm64", "--platform: linux/amd64"],
  ["convert oci:@/layout --platform amd64 -o @/there", "exists already", "--force"],
  [`bundle create oci:@/layout.tar${ROOTLESS} -o @/bundle`, "is not a folder", "oci-archive:@/layout.tar"],
  // Words and options.
  ["convert @/layout --ouput @/made", "unknown option --ouput", "did you mean --output?"],
  ["convert @/layout -out @/made", "unknown option -out", "did you mean --out?"],
  ["convert @/layout -force", "unknown option -force", "did you mean --force?"],
  ["convert @/layout -o", "--out needs a value", "--out VALUE"],
  ["convert @/layout --platform linux/arm64/v7 -o @/made", "no such variant", "linux/arm/v7"],
  ["@/layout -o @/made", "unknown command", "docker2vm convert @/layout --out DIR"],
  ["alpine:3.20 -o @/made", "unknown command", "docker2vm convert alpine:3.20 --out DIR"],
  ["build -o @/made", "unknown command", "docker2vm dockerfile"],
  ["run alpine", "unknown command", "docker2vm boot"],
  ["images", "unknown command", "docker2vm cache ls"],
  ["help convert", "unknown command", "docker2vm COMMAND --help"],
  ["version", "unknown command", "docker2vm --version"],
  ["dockerfile @/context -o @/made", "dockerfile does not take", "write --context @/context"],
  ["inspect @/layout", "not a regular file", "docker2vm inspect-image oci:@/layout"],
  ["resize @/link --size 1G", "error: @/link: not a regular file", "as @/link/rootfs.ext4"],
  ["ls @/there", "not a regular file", "as @/there/rootfs.ext4"],
  ["completion", "no shell given", "docker2vm completion bash"],
];

const TAKEN: readonly (readonly [path: string, source: string])[] = [
  ["@/layout", "oci:@/layout"],
  ["@/layout:1", "oci:@/layout:1"],
  ["@/layout.tar", "oci-archive:@/layout.tar"],
  ["@/saved.tar", "docker-archive:@/saved.tar"],
  ["@/saved.tgz", "docker-archive:@/saved.tgz"],
  ["@/rootfs.tar", "rootfs-tar:@/rootfs.tar"],
  ["@/rootfs.tgz", "rootfs-tar:@/rootfs.tgz"],
  ["@/rootfs", "dir:@/rootfs"],
  ["@/made/rootfs.ext4", "image:@/made/rootfs.ext4"],
  // Not looked at: what says itself what it is.
  ["dir:@/layout", "dir:@/layout"],
];

describe("in the first hour", () => {
  test(`${LINES.length} mistakes end with what to do instead`, () =>
    withTemporaryFolder(async (folder) => {
      fill(folder);
      for (const [line, error, hint] of LINES) {
        const here = (text: string) => text.replaceAll("@", folder);
        const ran = await runWith(here(line).split(" "), { convert });
        const [first = "", second = ""] = ran.stderr.replace(/^.*: taken for .*\n/, "").split("\n");
        expect({ line, code: ran.code > 1, first, second }).toEqual({
          line,
          code: true,
          first: expect.stringMatching(/^error: /),
          second: expect.stringMatching(/^ {2}hint: /),
        });
        expect([line, first]).toEqual([line, expect.stringContaining(here(error))]);
        expect([line, second]).toEqual([line, expect.stringContaining(here(hint))]);
      }
    }));

  test("a pipe that nobody writes to is refused as an image, and not waited for", () =>
    withTemporaryFolder(async (folder) => {
      const pipe = join(folder, "pipe");
      runOk("mkfifo", [pipe]);
      const args = ["--no-env-file", join(import.meta.dir, "../../src/cli/main.ts"), "inspect", pipe];
      expect(run(process.execPath, args).stderr).toContain(`${pipe}: not a regular file`);
    }));

  test("a bare path is taken for what is in it, and that is said", () =>
    withTemporaryFolder(async (folder) => {
      fill(folder);
      await convert({
        source: `oci:${join(folder, "layout")}`,
        platform: "amd64",
        out: join(folder, "made"),
      });
      const here = (text: string) => text.replaceAll("@", folder);
      for (const [path, source] of TAKEN) {
        const { options, stderr } = await runWith(["convert", here(path), ...OPTIONS]);
        expect([path, options?.source]).toEqual([path, here(source)]);
        const said = path === source ? "" : `${here(path).replace(/:1$/, "")}: taken for `;
        expect([path, stderr]).toEqual([path, expect.stringMatching(new RegExp(`^${said}`))]);
        expect(stderr.includes("taken for")).toBe(path !== source);
        for (const quiet of ["--quiet", "--progress=json", "--format=json"]) {
          expect((await runWith(["convert", here(path), ...OPTIONS, quiet])).stderr).toBe("");
        }
      }
    }));

  test("what says itself what it is is not looked at, whatever sources there are", async () => {
    const { stderr } = await runWith(["convert", "./nothing", ...OPTIONS], { convert });
    const prefixes = [...stderr.matchAll(/([a-z-]+:)(?=PATH|FILE|NAME)/g)].map((match) => match[1] ?? "");
    expect(prefixes.length).toBeGreaterThan(5);
    expect(prefixes.filter((prefix) => !hasPrefix(`${prefix}x`))).toEqual([]);
  });

  test("a word that is a file as well as a name is not guessed at", () =>
    withTemporaryFolder(async (folder) => {
      fill(folder);
      const before = process.cwd();
      process.chdir(folder);
      try {
        const { stderr, options } = await runWith(["convert", "rootfs.tar", ...OPTIONS]);
        expect(options).toBeUndefined();
        expect(stderr).toContain(
          "rootfs.tar is a tar of files without an image, and may be the name of an image",
        );
        expect(stderr).toContain("write rootfs-tar:rootfs.tar; or write docker://rootfs.tar for");
        // No name of an image has a capital.
        expect((await runWith(["convert", "Dockerfile", ...OPTIONS])).stderr).toContain(
          "dockerfile --file Dockerfile --out DIR\n",
        );
      } finally {
        process.chdir(before);
      }
    }));
});
