/** What a user gets by `npm install docker2vm`: the packed package and all that npm brings along for it. */
import { describe, expect } from "bun:test";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { COMMANDS } from "../../src/cli/commands.ts";
import { helpText } from "../../src/cli/help.ts";
import { runOk, testWith } from "../support/oracles.ts";
import { PACKAGE, packPackage, REPOSITORY } from "../support/package.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();
const HELLO = join(REPOSITORY, "fixtures/images/hello");

/** First bytes of programs and libraries: ELF, PE, Mach-O for one machine and for several. */
const NATIVE = /^(7f454c46|4d5a|(ce|cf)faedfe|feedfac[ef]|cafebabe)/;

let installed: string | undefined;

/** A folder with nothing but the packed package, installed there as a user does. */
function install(): string {
  if (installed !== undefined) return installed;
  const archive = packPackage();
  const folder = scratch("installed");
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true }));
  const quiet = ["--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"];
  runOk("npm", ["install", ...quiet, archive], { cwd: folder });
  installed = folder;
  return folder;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function isNative(path: string): boolean {
  const head = Buffer.alloc(4);
  const file = openSync(path, "r");
  try {
    return NATIVE.test(head.toString("hex", 0, readSync(file, head)));
  } finally {
    closeSync(file);
  }
}

/** What is read before anything runs in the files whose names match, themselves included. */
function loadedBy(dist: string, names: RegExp) {
  const files = new Set(readdirSync(dist).filter((name) => names.test(name)));
  expect(files.size).toBeGreaterThan(4);
  const packages = new Set<string>();
  const builtins = new Set<string>();
  const modules: string[] = [];
  for (const name of files) {
    const text = readFileSync(join(dist, name), "utf8");
    for (const [, from = ""] of text.matchAll(/^(?:import|export) (?:.* from )?"(.*)";$/gm)) {
      if (from.startsWith("./")) files.add(from.slice("./".length));
      else (from.startsWith("node:") ? builtins : packages).add(from);
    }
    for (const [, module = ""] of text.matchAll(/^\/\/ src\/(.*)$/gm)) modules.push(module);
  }
  return { files, packages: [...packages], builtins: [...builtins].sort(), modules };
}

/** Of the runtime: its network, its threads and its terminals take longer to load than all of these. */
const BEGUN = ["crypto", "events", "fs", "fs/promises", "os", "path", "zlib"].map((name) => `node:${name}`);

/** What no plain conversion to ext4 has any use for. */
const NOT_BEGUN =
  /^(http|engine|bolt|signature|referrer|artifact|resize|boot|kernel|guest|bundle|report|dockerfile|rootfs)\/|^filesystem\/(reading|.*\/read)\/|^filesystem\/(xfs|erofs)\/write\/(emit|plan)|^cache\/(cache|window|growing-file)\.ts|^cli\/help\.ts|^tree\/tree-diff\.ts|^verity\/append\.ts|^convert\/workers\/pack-pool\.ts/;

describe("the package as npm installs it", () => {
  testWith(["npm"], "brings tar-stream, and no native program of any system", () => {
    const files = filesBelow(join(install(), "node_modules"));
    const natives = files.filter((path) => isNative(path) || /\.(bare|node|so|dll|dylib)$/.test(path));
    expect(natives).toEqual([]);
    expect(files).toContain(join(install(), "node_modules/tar-stream/pack.js"));
    expect(isNative(process.execPath)).toBe(true);
  });

  testWith(
    ["node", "npm"],
    "converts, and writes a tar by tar-stream: the same bytes by Node and Bun",
    () => {
      const folder = install();
      const main = join("node_modules", PACKAGE.name, PACKAGE.bin.docker2vm);
      const outcome = (runtime: string, out: string) => {
        const docker2vm = (...args: string[]) =>
          runOk(runtime, [main, ...args], {
            cwd: folder,
            encoding: "latin1",
            env: { SOURCE_DATE_EPOCH: "" },
          });
        docker2vm("convert", "--oci-layout", HELLO, "--platform", "linux/amd64", "--out", out);
        const rootfs = readFileSync(join(folder, out, "rootfs.ext4"));
        return { rootfs: Bun.hash(rootfs), tar: docker2vm("extract", `${out}/rootfs.ext4`, "/", "-") };
      };
      const node = outcome("node", "by-node");
      expect(node.tar).toContain("hello-vm\n");
      expect(outcome(process.execPath, "by-bun")).toEqual(node);
    },
  );

  testWith(["node", "npm", "man"], "is found by npx, and with its manual where it is there for all", () => {
    const folder = install();
    const offline = ["--offline", "--no-audit", "--no-fund", "--loglevel=error"];
    const npx = ["exec", "--offline", "--", PACKAGE.name, "--version"];
    expect(runOk("npm", npx, { cwd: folder })).toBe(`${PACKAGE.version}\n`);
    const prefix = scratch("for-all");
    runOk("npm", [
      "install",
      "--global",
      "--prefix",
      prefix,
      ...offline,
      join(folder, "node_modules", PACKAGE.name),
    ]);
    for (const program of Object.keys(PACKAGE.bin)) {
      expect(runOk(join(prefix, "bin", program), ["--version"])).toBe(`${PACKAGE.version}\n`);
    }
    const manual = join(prefix, "share/man");
    const pages = Object.entries(COMMANDS).map(([name, { hidden }]) => (hidden ? name : `docker2vm-${name}`));
    for (const page of ["docker2vm", ...pages]) {
      expect(existsSync(join(manual, "man1", `${page}.1`))).toBe(true);
    }
    expect(runOk("man", ["-M", manual, "-w", "docker2vm-convert"])).toEndWith(
      "/dist/man/docker2vm-convert.1\n",
    );
  });

  testWith(
    ["node", "npm", "tar"],
    "begins with few files, and says its version and all help without what it depends on",
    async () => {
      const folder = scratch("alone");
      mkdirSync(folder);
      runOk("tar", ["-xzf", packPackage(), "-C", folder]);
      const dist = join(folder, "package/dist");
      const begins = /^(main|process|convert-command|convert|kept-results)(-[\w-]{8})?\.js$/;
      const { files, packages, builtins, modules } = loadedBy(dist, begins);
      expect(files.size).toBeLessThan(12);
      expect(packages).toEqual(["crc-32/crc32c.js"]);
      expect(builtins).toEqual(BEGUN);
      expect(modules).toContain("filesystem/ext4/write/emit.ts");
      expect(modules.filter((module) => NOT_BEGUN.test(module))).toEqual([]);
      for (const name of [undefined, ...Object.keys(COMMANDS)]) {
        const shown = readFileSync(join(dist, `help/${name ?? PACKAGE.name}.txt`), "utf8");
        expect(shown).toBe(await helpText(name));
      }
      for (const runtime of ["node", process.execPath]) {
        for (const [program, file] of Object.entries(PACKAGE.bin)) {
          const answer = (...args: string[]) => runOk(runtime, [join(folder, "package", file), ...args]);
          const own = program === PACKAGE.name ? undefined : program;
          expect(answer("--version")).toBe(`${PACKAGE.version}\n`);
          expect(answer("--help")).toBe(await helpText(own));
          if (own === undefined) expect(answer("convert", "-h")).toBe(await helpText("convert"));
        }
      }
    },
  );

  testWith(["node", "npm"], "is what publint calls good", () => {
    const publint = join(REPOSITORY, "node_modules/publint/src/cli.js");
    expect(runOk("node", [publint, "run", "--strict", packPackage()])).toContain("All good!");
  });

  testWith(["node", "npm"], "runs on no Node that what it brings refuses, and all of that is free", () => {
    const folder = join(install(), "node_modules");
    const manifests = filesBelow(folder)
      .filter((path) => /\/node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/.test(path))
      .map((path) => JSON.parse(readFileSync(path, "utf8")));
    expect(manifests.length).toBeGreaterThan(10);
    for (const { name, license } of manifests)
      expect(`${name}: ${license}`).toMatch(/: (MIT|ISC|Apache-2\.0)$/);
    const ranges = manifests.flatMap(({ name, engines }) => (engines?.node ? [[name, engines.node]] : []));
    // npm's own: who installs the package is told by it what is refused.
    const semver = join(runOk("npm", ["root", "--global"]).trim(), "npm/node_modules/semver");
    const program = `
      const { subset } = require(${JSON.stringify(semver)});
      const ranges = ${JSON.stringify(ranges)};
      const [, own] = ranges.find(([name]) => name === "${PACKAGE.name}");
      console.log(JSON.stringify(ranges.filter(([, range]) => !subset(own, range))));
    `;
    expect(JSON.parse(runOk("node", ["-e", program]))).toEqual([]);
  });
});
