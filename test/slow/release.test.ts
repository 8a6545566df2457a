/** `npm run release`, and what is in it as users take it: unpacked over a prefix, run as a container, read as lists. */
import { describe, expect } from "bun:test";
import { createHash } from "node:crypto";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { COMMANDS } from "../../src/cli/commands.ts";
import { readLock } from "../../src/release/repository.ts";
import { debianRoot, ROOT_ORACLES } from "../support/clean-root.ts";
import { RUNTIMES as CONTAINER_RUNTIMES, runBundle } from "../support/containers.ts";
import { HOST, RUNTIMES } from "../support/executables.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { runOk, testWith } from "../support/oracles.ts";
import { PACKAGE, REPOSITORY } from "../support/package.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();
const HELLO = join(REPOSITORY, "fixtures/images/hello");
const NAME = `docker2vm-${PACKAGE.version}`;
/** 2020-09-13 */
const TIME = "1600000000";
const ORACLES = [...ROOT_ORACLES, "npm", "node", "tar"] as const;

let made: string | undefined;

/** A release of a copy of this repository for this machine, on Debian's C library. */
function released(): string {
  if (made !== undefined) return made;
  const copy = scratch("copy");
  mkdirSync(copy);
  for (const part of ["src", "package.json", "package-lock.json", "tsconfig.json", "LICENSE", "README.md"])
    cpSync(join(REPOSITORY, part), join(copy, part), { recursive: true });
  symlinkSync(join(REPOSITORY, "node_modules"), join(copy, "node_modules"));
  const root = scratch("root");
  debianRoot(root);
  // Bytes that are one character each keep a tar what it is.
  const tar = runOk("tar", ["-C", root, "-c", "."], { encoding: "latin1" });
  buildLayout(scratch("base"), {
    layers: [Buffer.from(tar, "latin1")],
    platform: { os: "linux", architecture: process.arch === "arm64" ? "arm64" : "amd64" },
  });
  const out = scratch("release");
  const args = ["--out", out, "--target", HOST.name, "--base", `oci:${scratch("base")}`, "--cache", RUNTIMES];
  const env = { SOURCE_DATE_EPOCH: TIME };
  runOk(process.execPath, ["--no-env-file", "src/release/main.ts", ...args], { cwd: copy, env });
  made = out;
  return out;
}

/** The archive for this machine, unpacked over a prefix. */
function prefix(): string {
  const folder = scratch("prefix");
  if (!existsSync(folder)) {
    mkdirSync(folder);
    const archive = join(released(), `${NAME}-${HOST.name}.tar.gz`);
    runOk("tar", ["-xzf", archive, "-C", folder, "--strip-components", "1"]);
  }
  return folder;
}

describe("a release", () => {
  testWith(ORACLES, "has all its files, with their sums", () => {
    const files = readdirSync(released()).sort();
    expect(files).toEqual(
      [
        "SHA256SUMS",
        `${NAME}-container`,
        `${NAME}-dependencies.txt`,
        `${NAME}-${HOST.name}.tar.gz`,
        `${NAME}-npm.tgz`,
        `${NAME}.cdx.json`,
      ].sort(),
    );
    const checked = runOk("sha256sum", ["--strict", "-c", "SHA256SUMS"], { cwd: released() });
    expect(checked).toContain(`${NAME}-container/index.json: OK`);
    expect(checked.trim().split("\n").length).toBe(
      readdirSync(released(), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
        .length - 1,
    );
  });

  testWith([...ORACLES, "man"], "unpacks over a prefix: programs, pages, completion, documents", () => {
    for (const name of Object.keys(PACKAGE.bin)) {
      expect(runOk(join(prefix(), "bin", name), ["--version"])).toBe(`${PACKAGE.version}\n`);
    }
    const pages = Object.entries(COMMANDS).map(([name, { hidden }]) => (hidden ? name : `docker2vm-${name}`));
    expect(readdirSync(join(prefix(), "share/man/man1")).sort()).toEqual(
      ["docker2vm", ...pages].map((page) => `${page}.1`).sort(),
    );
    const page = runOk("man", ["-M", join(prefix(), "share/man"), "docker2vm-convert"]);
    expect(page).toContain("2020-09-13");
    for (const [shell, file] of [
      ["bash", "bash-completion/completions/docker2vm"],
      ["zsh", "zsh/site-functions/_docker2vm"],
      ["fish", "fish/vendor_completions.d/docker2vm.fish"],
    ] as const) {
      const script = runOk(join(prefix(), "bin/docker2vm"), ["completion", shell]);
      expect(readFileSync(join(prefix(), "share", file), "utf8")).toBe(script);
    }
    const documents = join(prefix(), "share/doc/docker2vm");
    expect(readFileSync(join(documents, "LICENSE"), "utf8")).toContain("MIT License");
    expect(runOk("find", [prefix(), "-mindepth", "1", "-newermt", "2020-09-14"])).toBe("");
  });

  testWith(ORACLES, "lists what users get and on what terms, and nothing else", () => {
    const { packages } = readLock();
    const shipped = Object.entries(packages)
      .filter(([path, { dev }]) => path !== "" && dev !== true)
      .map(([path, { version }]) => `${path.split("node_modules/").at(-1)}@${version}`);
    const bun = `bun@${process.versions["bun"]}`;
    const bom = JSON.parse(readFileSync(join(released(), `${NAME}.cdx.json`), "utf8"));
    expect([bom.bomFormat, bom.serialNumber]).toEqual(["CycloneDX", undefined]);
    expect(bom.metadata).toMatchObject({
      timestamp: "2020-09-13T12:26:40.000Z",
      component: { name: PACKAGE.name, version: PACKAGE.version, type: "application" },
    });
    const named = bom.components.map((each: { "bom-ref": string }) => each["bom-ref"]);
    expect(named.sort()).toEqual([...new Set([...shipped, bun])].sort());
    const own = bom.dependencies.find((each: { ref: string }) => each.ref === `docker2vm@${PACKAGE.version}`);
    expect(own.dependsOn).toContain(bun);
    const list = readFileSync(join(released(), `${NAME}-dependencies.txt`), "utf8");
    for (const each of shipped)
      expect(list).toMatch(new RegExp(`^${each.replace("@", " ")}: [\\w.-]+$`, "m"));
    expect(list).toContain("Arjun Barrett");
    expect(list).toContain(`Bun ${process.versions["bun"]}: MIT`);
  });

  testWith(ORACLES, "has a package for npm without what makes releases", () => {
    const files = runOk("tar", ["-tzf", join(released(), `${NAME}-npm.tgz`)]);
    expect(files).toContain("package/dist/main.js\n");
    expect(files).not.toContain("release/");
  });
});

describe("the container image", () => {
  for (const runtime of CONTAINER_RUNTIMES) {
    testWith(
      [...ORACLES, runtime],
      `converts with a read-only root, /out alone writable, by ${runtime}`,
      () => {
        const bundle = scratch(`bundle-${runtime}`);
        const image = `oci:${join(released(), `${NAME}-container`)}`;
        const convert = [
          "convert",
          "oci:/in",
          "--platform",
          "linux/amd64",
          "--workers",
          "2",
          "--out",
          "/out/vm",
        ];
        const create = [
          "bundle",
          "create",
          image,
          "--cmd",
          JSON.stringify(convert),
          "--read-only",
          "--quiet",
        ];
        runOk(join(prefix(), "bin/docker2vm"), [...create, "--out", bundle]);
        const out = scratch(`out-${runtime}`);
        mkdirSync(out);
        chmodSync(out, 0o777);
        const path = join(bundle, "config.json");
        const config = JSON.parse(readFileSync(path, "utf8"));
        expect(config.process.user).toMatchObject({ uid: 65532, gid: 65532 });
        const bind = (source: string, destination: string, how: string) => {
          config.mounts.push({ source, destination, type: "bind", options: ["rbind", how] });
        };
        bind(HELLO, "/in", "ro");
        bind(out, "/out", "rw");
        writeFileSync(path, JSON.stringify(config));
        const said = runBundle(runtime, bundle);
        expect([said.status, said.stderr]).toEqual([0, expect.stringContaining("writing the filesystem")]);
        const digest = (file: string) => createHash("sha256").update(readFileSync(file)).digest("hex");
        const usual = scratch(`usual-${runtime}`);
        const main = join(REPOSITORY, "src/cli/main.ts");
        runOk(process.execPath, [
          main,
          "convert",
          `oci:${HELLO}`,
          "--platform",
          "linux/amd64",
          "--out",
          usual,
        ]);
        expect(digest(join(out, "vm/rootfs.ext4"))).toBe(digest(join(usual, "rootfs.ext4")));
      },
    );
  }
});
