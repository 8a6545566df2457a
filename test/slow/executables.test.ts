/** The program as one executable, as users run it: without Node, Bun, npm and this repository. */
import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { copyFileSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { signatureOf, withoutSignature } from "../../src/release/mach-o.ts";
import { readLock } from "../../src/release/repository.ts";
import { TARGETS } from "../../src/release/targets.ts";
import { debianRoot, muslRoot, ROOT_ORACLES, runIn } from "../support/clean-root.ts";
import { withRegistry } from "../support/docker-registry.ts";
import { executableIn, HOST, targetNamed } from "../support/executables.ts";
import { run, runOk, testWith } from "../support/oracles.ts";
import { PACKAGE, REPOSITORY } from "../support/package.ts";
import { ARM64_ROOT } from "../support/programs.ts";
import { runBeside } from "../support/run-beside.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();
const HELLO = join(REPOSITORY, "fixtures/images/hello");
const VERSION = `${PACKAGE.version}\n`;
const CONVERT = ["--platform", "linux/amd64", "--workers", "2", "--no-result-cache", "--quiet", "--out"];

const made = new Map<string, string>();

/** Each is compiled once. */
function executable(name: string): string {
  const path = made.get(name) ?? executableIn(scratch(name), targetNamed(name));
  made.set(name, path);
  return path;
}

function sha256(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

let expected: string | undefined;

/** What the package makes of the image that comes with the project. */
function packageResult(): string {
  if (expected === undefined) {
    const out = scratch("by-source");
    runOk(process.execPath, [
      join(REPOSITORY, "src/cli/main.ts"),
      "convert",
      `oci:${HELLO}`,
      ...CONVERT,
      out,
    ]);
    expected = sha256(join(out, "rootfs.ext4"));
  }
  return expected;
}

/** A root filesystem with the executable and the image in it; what the executable makes of that, with threads. */
function resultIn(root: string, program: string): string {
  copyFileSync(program, join(root, "docker2vm"));
  cpSync(HELLO, join(root, "hello"), { recursive: true });
  expect(runIn(root, ["/docker2vm", "--version"])).toEqual({ status: 0, stdout: VERSION, stderr: "" });
  const { status, stderr } = runIn(root, ["/docker2vm", "convert", "oci:/hello", ...CONVERT, "/out"]);
  expect([status, stderr]).toEqual([0, ""]);
  return sha256(join(root, "out/rootfs.ext4"));
}

describe("an executable", () => {
  testWith(ROOT_ORACLES, "runs where there is Debian's libc and nothing else, and threads in it", () => {
    const root = scratch("debian");
    debianRoot(root);
    expect(resultIn(root, executable(HOST.name))).toBe(packageResult());
  });

  if (process.arch === "x64") {
    testWith([...ROOT_ORACLES, "ld-musl-config", "as"], "runs where there are musl and a C++ library", () => {
      const root = scratch("musl");
      muslRoot(root);
      expect(resultIn(root, executable("linux-x64-musl"))).toBe(packageResult());
    });

    testWith(["qemu-x86_64"], "runs on processors without AVX", () => {
      expect(runOk("qemu-x86_64", ["-cpu", "Nehalem", executable("linux-x64"), "--version"])).toBe(VERSION);
    });
  }

  testWith(["qemu-aarch64", "libc6-arm64-cross"], "runs on arm64", () => {
    const out = scratch("arm64-out");
    const emulated = ["-L", ARM64_ROOT, executable("linux-arm64")];
    runOk("qemu-aarch64", [...emulated, "convert", `oci:${HELLO}`, ...CONVERT, out]);
    expect(sha256(join(out, "rootfs.ext4"))).toBe(packageResult());
  });

  testWith(["docker-registry", "skopeo"], "pulls by name, over TLS, and goes through proxies", () =>
    withRegistry({ tls: true }, async ({ host, caFile, push }, folder) => {
      push(`oci:${HELLO}:latest`, "hello:latest");
      const program = executable(HOST.name);
      const results = [];
      for (const command of [[program], [process.execPath, join(REPOSITORY, "src/cli/main.ts")]]) {
        const out = join(folder, `out-${results.length}`);
        const pull = ["convert", `${host}/hello:latest`, "--ca", caFile, ...CONVERT, out];
        expect(await runBeside([...command, ...pull])).toMatchObject({ status: 0, stderr: "" });
        results.push(sha256(join(out, "rootfs.ext4")));
      }
      expect(results[0]).toBe(results[1] as string);
      const env = { HTTPS_PROXY: "http://127.0.0.1:1" };
      const refused = await runBeside([program, "inspect-image", "example.com/hello:1"], { env });
      expect([refused.status, refused.stderr]).toEqual([5, expect.stringContaining("the proxy 127.0.0.1:1")]);
    }),
  );

  test("is the same bytes each time, wherever the repository lies", () => {
    const copy = scratch("copy");
    const shipped = Object.entries(readLock().packages).filter(
      ([path, { dev }]) => path !== "" && dev !== true,
    );
    const files = ["package.json", "package-lock.json", "tsconfig.json"];
    for (const part of ["src", "test/support", ...files, ...shipped.map(([path]) => path)])
      cpSync(join(REPOSITORY, part), join(copy, part), { recursive: true });
    writeFileSync(
      join(copy, "compile.ts"),
      `import { withRegistry } from "../support/docker-registry.ts";
import { executableIn, HOST } from "./test/support/executables.ts";
       executableIn(${JSON.stringify(scratch("again"))}, HOST);`,
    );
    runOk(process.execPath, ["--no-env-file", "compile.ts"], { cwd: copy });
    const again = readFileSync(scratch("again/docker2vm"));
    expect(again.equals(readFileSync(executable(HOST.name)))).toBe(true);
    for (const place of [REPOSITORY.replace(/\/$/, ""), copy]) expect(again.includes(place)).toBe(false);
  });

  test("is the program that its name says", () => {
    for (const name of Object.keys(PACKAGE.bin)) {
      const link = scratch(name);
      symlinkSync(executable(HOST.name), link);
      expect(runOk(link, ["--version"])).toBe(VERSION);
      if (name === "docker2vm") continue;
      const { status, stderr } = run(link, ["--nothing"]);
      expect([status, stderr]).toEqual([2, run(scratch("docker2vm"), [name, "--nothing"]).stderr]);
    }
    const other = scratch("convert");
    symlinkSync(executable(HOST.name), other);
    expect(run(other, []).stderr).toContain("no command given");
  });

  test("takes nothing from the working folder", () => {
    const cwd = scratch("somebodys");
    mkdirSync(cwd);
    writeFileSync(join(cwd, ".env"), "SOURCE_DATE_EPOCH=86400\nTMPDIR=/nonexistent\n");
    writeFileSync(join(cwd, "bunfig.toml"), 'preload = ["./preloaded.ts"]\n');
    writeFileSync(join(cwd, "preloaded.ts"), 'console.log("preloaded");\nprocess.exit(1);\n');
    writeFileSync(join(cwd, "package.json"), '{ "name": "other", "version": "9.9.9", "type": "commonjs" }');
    writeFileSync(join(cwd, "tsconfig.json"), '{ "compilerOptions": { "paths": { "*": ["./nothing/*"] } } }');
    const program = executable(HOST.name);
    expect(runOk(program, ["--version"], { cwd })).toBe(VERSION);
    const convert = ["-u", "SOURCE_DATE_EPOCH", program, "convert", `oci:${HELLO}`, ...CONVERT, "out"];
    expect(run("env", convert, { cwd })).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(sha256(join(cwd, "out/rootfs.ext4"))).toBe(packageResult());
  });

  test("has Bun's own variables from its caller, as a program that Node runs has Node's", () => {
    const program = executable(HOST.name);
    writeFileSync(scratch("preloaded.ts"), 'console.log("preloaded");\n');
    const preload = { BUN_OPTIONS: `--preload=${scratch("preloaded.ts")}` };
    expect(runOk(program, ["--version"], { env: preload })).toBe(`preloaded\n${VERSION}`);
    const bun = `${process.versions["bun"]}\n`;
    expect(runOk(program, ["--version"], { env: { BUN_BE_BUN: "1" } })).toBe(bun);
  });

  testWith(["strip"], "that was stripped is Bun alone", () => {
    const stripped = scratch("stripped");
    runOk("strip", ["-o", stripped, executable(HOST.name)]);
    expect(runOk(stripped, ["--version"])).toBe(`${process.versions["bun"]}\n`);
  });

  testWith(["readelf"], "for Linux needs what is listed, and glibc 2.17 at most", () => {
    for (const { name, linux } of TARGETS) {
      if (linux === undefined || !made.has(name)) continue;
      const said = runOk("readelf", ["-ldVW", executable(name)]);
      const needed = [...said.matchAll(/\(NEEDED\) .*\[(.*)\]/g)].map((match) => match[1]);
      const loader = linux.interpreter.split("/").at(-1) ?? "";
      const itself = linux.libc === "glibc" ? [loader] : [loader.replace("ld-", "libc.")];
      expect([name, needed.sort()]).toEqual([name, [...linux.libraries, ...itself].sort()]);
      expect(said).toContain(`program interpreter: ${linux.interpreter}]`);
      const versions = [...said.matchAll(/GLIBC_2\.(\d+)/g)].map((match) => Number(match[1]));
      expect(Math.max(0, ...versions)).toBeLessThanOrEqual(17);
    }
  });
});

describe("an executable for macOS", () => {
  test("with Apple's processors is signed, ad hoc, page by page", () => {
    const file = readFileSync(executable("darwin-arm64"));
    const { flags, pages, matching } = codeDirectory(file);
    // CS_ADHOC and CS_LINKER_SIGNED, xnu's osfmk/kern/cs_blobs.h.
    expect(flags).toBe(0x20002);
    expect([pages, matching]).toEqual([Math.ceil((signatureOf(file)?.offset ?? 0) / 4096), pages]);
  });

  test("with Intel's bears no signature, and its last segment ends with the file", () => {
    const file = readFileSync(executable("darwin-x64"));
    expect(file.readUInt32LE(0)).toBe(0xfeedfacf);
    expect(signatureOf(file)).toBeUndefined();
    expect(Math.max(...segments(file).map(({ offset, size }) => offset + size))).toBe(file.length);
    expect(Buffer.compare(withoutSignature(file), file)).toBe(0);
  });
});

test("an executable for Windows is a console program of it", () => {
  const file = readFileSync(executable("windows-x64"));
  const header = file.readUInt32LE(0x3c);
  expect(file.toString("latin1", 0, 2)).toBe("MZ");
  expect(file.toString("latin1", header, header + 4)).toBe("PE\0\0");
  // IMAGE_FILE_MACHINE_AMD64; PE32+; IMAGE_SUBSYSTEM_WINDOWS_CUI.
  expect(file.readUInt16LE(header + 4)).toBe(0x8664);
  expect(file.readUInt16LE(header + 24)).toBe(0x20b);
  expect(file.readUInt16LE(header + 24 + 68)).toBe(3);
});

/** LC_SEGMENT_64, in mach-o/loader.h. */
function segments(file: Buffer): readonly { readonly offset: number; readonly size: number }[] {
  const found: { offset: number; size: number }[] = [];
  let at = 32;
  for (let left = file.readUInt32LE(16); left > 0; left--) {
    if (file.readUInt32LE(at) === 0x19) {
      found.push({
        offset: Number(file.readBigUInt64LE(at + 40)),
        size: Number(file.readBigUInt64LE(at + 48)),
      });
    }
    at += file.readUInt32LE(at + 4);
  }
  expect(at).toBe(32 + file.readUInt32LE(20));
  return found;
}

/** CodeDirectory, in xnu's osfmk/kern/cs_blobs.h, and how many of its pages hash to what it says. */
function codeDirectory(file: Buffer) {
  const signature = file.subarray(signatureOf(file)?.offset);
  // SuperBlob: magic, length, count, and of each blob type and offset.
  expect(signature.readUInt32BE(0)).toBe(0xfade0cc0);
  const directory = signature.subarray(signature.readUInt32BE(16));
  expect(directory.readUInt32BE(0)).toBe(0xfade0c02);
  const [flags, hashes, pages, limit] = [12, 16, 28, 32].map((at) => directory.readUInt32BE(at)) as [
    number,
    number,
    number,
    number,
  ];
  const page = 2 ** directory.readUInt8(39);
  let matching = 0;
  for (let index = 0; index < pages; index++) {
    const bytes = file.subarray(index * page, Math.min((index + 1) * page, limit));
    const hash = createHash("sha256").update(bytes).digest();
    if (hash.equals(directory.subarray(hashes + index * 32, hashes + (index + 1) * 32))) matching++;
  }
  return { flags, pages, matching };
}
