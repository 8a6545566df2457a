import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProgressEvent } from "../../src/convert/progress.ts";
import { withRegistry } from "../support/docker-registry.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { expectCleanFilesystem, run, runOk, testWith } from "../support/oracles.ts";
import { installPackage, PACKAGE, REPOSITORY } from "../support/package.ts";
import { tar } from "../support/tar-builder.ts";
import { until } from "../support/waiting.ts";

const HELLO = join(REPOSITORY, "fixtures/images/hello");
const MAIN = join(REPOSITORY, "src/cli/main.ts");

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "docker2vm-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The command under Bun, as `npm run docker2vm` runs it. */
function docker2vm(...args: string[]) {
  return run(process.execPath, [MAIN, ...args], { env: { SOURCE_DATE_EPOCH: "" } });
}

function sha256(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

function debugfs(image: string, request: string): string {
  return runOk("debugfs", ["-R", request, image]);
}

describe("docker2vm convert on the bundled image", () => {
  for (const platform of ["linux/amd64", "linux/arm64"]) {
    testWith(["e2fsck", "debugfs"], `makes a clean filesystem of ${platform}`, () => {
      const out = join(folder, platform);
      const ran = docker2vm(
        "convert",
        `oci:${HELLO}:latest`,
        "--platform",
        platform,
        "--out",
        out,
        "--digest",
      );
      expect(ran).toMatchObject({ status: 0 });
      expect(ran.stdout).toContain("Runs      /bin/hello as root in /, ports 8080/tcp\n");
      expect(ran.stderr).toContain("layer 4/4 sha256:");

      const rootfs = join(out, "rootfs.ext4");
      expectCleanFilesystem(rootfs);
      expect(debugfs(rootfs, "cat /etc/hostname")).toBe("hello-vm\n");
      expect(debugfs(rootfs, "cat /var/cache/old/fresh")).toContain("emptied");
      expect(debugfs(rootfs, "ls -p /var/cache/old")).not.toContain("index");
      expect(debugfs(rootfs, "ls -p /etc")).not.toContain("obsolete");
      expect(debugfs(rootfs, "ls -p /usr/share/greetings")).toContain("/日本語/");
      expect(debugfs(rootfs, "ls -p /usr/share/numbers").match(/number-/g)?.length).toBe(300);

      const meta = JSON.parse(readFileSync(join(out, "meta.json"), "utf8"));
      expect(meta).toMatchObject({
        schemaVersion: 1,
        source: { kind: "oci-layout", reference: `oci:${HELLO}:latest` },
        runtime: { entrypoint: ["/bin/hello"], cmd: [], exposedPorts: ["8080/tcp"], volumes: ["/var/data"] },
        rootfsDigest: `sha256:${sha256(rootfs)}`,
      });
      expect(meta.platform).toStartWith(platform);
      expect(meta.layers).toHaveLength(4);
      expect(readdirSync(out).sort()).toEqual(["meta.json", "rootfs.ext4"]);
    });
  }

  test("answers in JSON, and refuses to overwrite without --force", () => {
    const out = join(folder, "json");
    const args = ["convert", "--oci-layout", HELLO, "--platform", "linux/amd64", "--out", out];
    const first = docker2vm(...args, "--format", "json", "--quiet");
    expect(first).toMatchObject({ status: 0, stderr: "" });
    const result = JSON.parse(first.stdout);
    expect(result).toMatchObject({
      rootfs: join(out, "rootfs.ext4"),
      metadata: join(out, "meta.json"),
      warnings: [],
    });
    expect(result.meta).toEqual(JSON.parse(readFileSync(join(out, "meta.json"), "utf8")));
    expect(result.allocatedBytes).toBeLessThan(result.apparentBytes);

    const second = docker2vm(...args, "--format", "json");
    expect(second.status).toBe(8);
    expect(JSON.parse(second.stderr.trimEnd().split("\n").at(-1) ?? "").error.code).toBe("E_OUTPUT_EXISTS");
    expect(docker2vm(...args, "--force").status).toBe(0);
  });

  test("plans with --dry-run and writes nothing", () => {
    const out = join(folder, "dry");
    const ran = docker2vm("convert", `oci:${HELLO}`, "--platform", "linux/amd64", "--out", out, "--dry-run");
    expect(ran).toMatchObject({ status: 0, stderr: "" });
    expect(JSON.parse(ran.stdout)).toMatchObject({
      dryRun: true,
      platform: "linux/amd64",
      outputs: [join(out, "rootfs.ext4"), join(out, "meta.json")],
    });
    expect(existsSync(out)).toBe(false);
  });

  testWith(["tar"], "takes an archive on standard input and makes the same filesystem of it", () => {
    const archive = join(folder, "hello.tar");
    // Padded to 2 MiB, so that it comes in several pieces.
    runOk("tar", ["-C", HELLO, "-b", "4096", "-cf", archive, "oci-layout", "index.json", "blobs"]);
    const piped = join(folder, "piped");
    const args = ["--platform", "linux/amd64", "--progress", "json", "--out"];
    // A pipe: what Bun gives a program as input is a file in memory, which would be read by position.
    const command = [process.execPath, MAIN, "convert", "-", ...args, piped];
    const ran = run("sh", ["-c", 'cat "$0" | "$@"', archive, ...command], { env: { SOURCE_DATE_EPOCH: "" } });
    expect(ran).toMatchObject({ status: 0 });

    const events: ProgressEvent[] = ran.stderr
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events.filter((event) => event.type === "spooling").at(-1)?.bytes).toBe(statSync(archive).size);
    expect(events.filter((event) => event.type === "layer-done")).toHaveLength(4);
    const { sourceDigest, platform, layers } = JSON.parse(readFileSync(join(piped, "meta.json"), "utf8"));
    expect(events).toContainEqual({ type: "resolved", sourceDigest, platform, layers });

    const plain = join(folder, "from-layout");
    expect(docker2vm("convert", `oci:${HELLO}`, ...args, plain).status).toBe(0);
    expect(sha256(join(piped, "rootfs.ext4"))).toBe(sha256(join(plain, "rootfs.ext4")));
  });

  test("says which platforms there are, in one line and a hint", () => {
    const ran = docker2vm(
      "convert",
      `oci:${HELLO}`,
      "--platform",
      "linux/s390x",
      "--out",
      join(folder, "s390x"),
    );
    expect(ran.status).toBe(3);
    expect(ran.stderr).toContain("linux/amd64");
    expect(ran.stderr).toContain("linux/arm64");
    expect(ran.stderr).not.toMatch(/^\s+at /m);
  });
});

describe("the process", () => {
  for (const [signal, status] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    test(`takes away what it has written and exits with ${status} on ${signal}`, async () => {
      const out = join(folder, signal);
      const child = spawn(process.execPath, [MAIN, "convert", "-", "--out", out], {
        stdio: ["pipe", "pipe", "pipe"],
      });
      const exit = new Promise<number | null>((resolve) => child.on("close", resolve));
      let stderr = "";
      child.stderr.on("data", (chunk) => {
        stderr += chunk;
      });
      try {
        // The pipe stays open: the conversion waits for the rest of the archive.
        child.stdin.write(Buffer.alloc(1024));
        await until(() => existsSync(out));
        child.kill(signal);
        expect(await exit).toBe(status);
      } finally {
        child.kill("SIGKILL");
      }
      expect(stderr).toBe(`error: stopped by ${signal}: no image was written\n`);
      expect(existsSync(out)).toBe(false);
    });
  }

  test("is quiet when nobody reads its output to the end", () => {
    const ran = run("sh", ["-c", `"${process.execPath}" "${MAIN}" convert --help | true`]);
    expect(ran).toEqual({ status: 0, stdout: "", stderr: "" });
  });
});

describe("the package as it is published", () => {
  testWith(["node", "npm", "tar"], "runs under Node and makes the same bytes", () => {
    const installed = installPackage(join(folder, "installed"));
    const { version, bin } = PACKAGE;

    const convert = ["convert", "--oci-layout", HELLO, "--platform", "linux/amd64", "--no-cache", "--out"];
    const main = join(installed, bin.docker2vm);
    for (const program of Object.values(bin)) {
      expect(runOk("node", [join(installed, program), "--version"])).toBe(`${version}\n`);
    }
    runOk("node", [main, ...convert, join(folder, "node")], { env: { SOURCE_DATE_EPOCH: "" } });
    for (const [name, option] of [
      ["node-fflate", "--inflate=fflate"],
      ["node-threads", "--workers=2"],
    ] as const) {
      runOk("node", [main, ...convert, join(folder, name), option], { env: { SOURCE_DATE_EPOCH: "" } });
    }
    expect(docker2vm(...convert, join(folder, "bun")).status).toBe(0);
    const expected = sha256(join(folder, "bun/rootfs.ext4"));
    expect(sha256(join(folder, "node/rootfs.ext4"))).toBe(expected);
    expect(sha256(join(folder, "node-fflate/rootfs.ext4"))).toBe(expected);
    expect(sha256(join(folder, "node-threads/rootfs.ext4"))).toBe(expected);
    expect(readFileSync(join(folder, "node/meta.json"), "utf8")).toBe(
      readFileSync(join(folder, "bun/meta.json"), "utf8"),
    );

    // Also as the library that package.json says it is.
    const script = `
      import { convert, Docker2vmError } from "docker2vm";
      const events = [];
      const options = { source: "oci:${HELLO}", platform: "linux/amd64", onProgress: (event) => events.push(event.type) };
      const { metadata } = await convert({ ...options, out: "${join(folder, "library")}" });
      const again = await convert({ ...options, out: "${join(folder, "library")}" }).catch((error) => error);
      console.log(JSON.stringify([metadata.platform, events[0], again instanceof Docker2vmError, again.code]));
    `;
    const said = runOk("node", ["--input-type=module", "-e", script], {
      cwd: installed,
      env: { SOURCE_DATE_EPOCH: "" },
    });
    expect(JSON.parse(said)).toEqual(["linux/amd64", "resolved", true, "E_OUTPUT_EXISTS"]);
    expect(sha256(join(folder, "library/rootfs.ext4"))).toBe(expected);
  });

  testWith(["node", "npm", "tar"], "says the same under Bun and Node, whatever characters it takes", () => {
    const installed = installPackage(join(folder, "spoken"));
    // Bun takes bytes past ASCII for Latin-1 in files of which it is told that there is nothing to translate.
    const files = readdirSync(join(installed, "dist")).filter((name) => name.endsWith(".js"));
    const foreign = files.filter((name) =>
      /[^\0-\x7f]/.test(readFileSync(join(installed, "dist", name), "utf8")),
    );
    expect([files.length > 0, foreign]).toEqual([true, []]);
    const noArchive = join(folder, "no-archive");
    writeFileSync(noArchive, "x".repeat(1024));
    for (const runtime of ["node", process.execPath]) {
      const { stderr } = run(runtime, [
        join(installed, PACKAGE.bin.docker2vm),
        "inspect-image",
        `docker-archive:${noArchive}`,
      ]);
      expect(stderr).toContain("hint: docker save and skopeo copy … docker-archive:FILE write one\n");
    }
  });

  testWith(
    ["node", "npm", "tar", "docker-registry", "skopeo"],
    "pulls many layers under Node, and says nothing that is not its own",
    () =>
      withRegistry({}, async (registry, scratch) => {
        const installed = installPackage(join(folder, "pulling"));
        const layout = join(scratch, "layout");
        const layers = Array.from({ length: 12 }, (_, i) =>
          tar([{ path: `f${i}`, data: randomBytes(2_000_000) }]),
        );
        buildLayout(layout, { layers, tag: "latest" });
        registry.push(`oci:${layout}:latest`, "many:1");
        const convert = ["convert", "--platform", "linux/amd64", "--progress", "none", "--no-cache"];
        for (const [name, ...options] of [
          ["pulled", `${registry.host}/many:1`, "--concurrency", "12"],
          ["threads", `${registry.host}/many:1`, "--workers", "2"],
          ["disk", `oci:${layout}`],
        ]) {
          const main = join(installed, PACKAGE.bin.docker2vm);
          const ran = run("node", [main, ...convert, ...options, "--out", join(scratch, name ?? "")], {
            env: { HOME: scratch, DOCKER_CONFIG: scratch },
          });
          expect(ran).toMatchObject({ status: 0, stderr: "" });
          expect(sha256(join(scratch, name ?? "", "rootfs.ext4"))).toBe(
            sha256(join(scratch, "pulled/rootfs.ext4")),
          );
        }
      }),
  );

  testWith(["npm", "tar"], "tells a compiler its types", () => {
    const installed = installPackage(join(folder, "typed"));
    const compile = (source: string) => {
      writeFileSync(join(installed, "user.ts"), source);
      const tsc = join(REPOSITORY, "node_modules/.bin/tsc");
      const options = ["--noEmit", "--strict", "--module", "nodenext", "--types", "node"];
      return run(tsc, [...options, "user.ts"], { cwd: installed });
    };
    const use = (type: string) => `
      import { convert, EXIT } from "docker2vm";
      const { metadata } = await convert({ source: "oci:image", out: "out" });
      export const platform: ${type} = metadata.platform;
      process.exit(EXIT.ok);
    `;
    expect(compile(use("string"))).toMatchObject({ status: 0, stdout: "" });
    expect(compile(use("number")).stdout).toContain("Type 'string' is not assignable to type 'number'");
  });
});
