import { describe, expect, test } from "bun:test";
import { inspectionText } from "../../src/cli/inspect-image-command.ts";
import { Docker2vmError, ERROR_CODES, type ErrorCode } from "../../src/errors.ts";
import { RESULT, runWith } from "./fake-host.ts";

const CONVERT = ["convert", "oci:./app", "--out", "vm"];

function failing(error: unknown) {
  return { convert: () => Promise.reject(error) };
}

describe("the result", () => {
  test("is a short summary on standard output", async () => {
    const ran = await runWith(CONVERT);
    expect(ran.stdout).toBe(
      [
        "Image     oci:./app (linux/amd64, 1 layer)",
        `Digest    sha256:${"a".repeat(64)}`,
        "Rootfs    /vm/rootfs.ext4",
        "Size      128.0 MiB = 28.0 MiB used by the files and the filesystem itself + 100.0 MiB free (a quarter of what is used, at least 64 MiB)",
        "On disk   12.5 MiB: the file is sparse, what is only zeros takes no room",
        "Ext4      8192 inodes, 32768 blocks of 4096 bytes, label rootfs, UUID 01234567-89ab-cdef-0123-456789abcdef",
        "Runs      /bin/serve --motd 'two words' 'it'\\''s' as 101:101 in /srv, ports 80/tcp 443/tcp",
        "Metadata  /vm/meta.json",
        "",
      ].join("\n"),
    );
    expect(ran.stderr).toBe("");
  });

  test("shows the file's own digest where there is one, and what control characters an image names", async () => {
    const runtime = {
      ...RESULT.metadata.runtime,
      user: "",
      workdir: "",
      exposedPorts: [],
      entrypoint: ["\x1b]0;x\x07"],
    };
    const metadata = { ...RESULT.metadata, runtime, rootfsDigest: RESULT.metadata.sourceDigest };
    const ran = await runWith(CONVERT, { convert: async () => ({ ...RESULT, metadata }) });
    expect(ran.stdout).toContain(`SHA-256   sha256:${"a".repeat(64)}\n`);
    expect(ran.stdout).toContain("Runs      '\\x1b]0;x\\x07' 'it'\\''s' as root in /\n");
  });

  test("names the kind of filesystem", async () => {
    for (const [type, name] of [
      ["ext3", "Ext3 "],
      ["xfs", "XFS  "],
    ] as const) {
      const filesystem = { ...RESULT.metadata.filesystem, type };
      const metadata = { ...RESULT.metadata, filesystem };
      const ran = await runWith(CONVERT, { convert: async () => ({ ...RESULT, metadata }) });
      expect(ran.stdout).toContain(`\n${name}     8192 inodes`);
    }
  });

  const used = "used by the files and the filesystem itself";
  for (const [sizing, hashTree, size] of [
    [{ kind: "fixed" }, 0, `128.0 MiB (as asked for) = 28.0 MiB ${used} + 100.0 MiB free`],
    [{ kind: "min" }, 0, `128.0 MiB (the least possible) = 28.0 MiB ${used} + 100.0 MiB free`],
    [
      { kind: "auto", free: 100 << 20 },
      1 << 20,
      `129.0 MiB = 28.0 MiB ${used} + 1.0 MiB hash tree + 100.0 MiB free (at least the 100.0 MiB asked for)`,
    ],
  ] as const) {
    test(`has a size that adds up: ${size}`, async () => {
      const apparentBytes = RESULT.apparentBytes + hashTree;
      const ran = await runWith(CONVERT, { convert: async () => ({ ...RESULT, apparentBytes, sizing }) });
      expect(ran.stdout).toContain(`\nSize      ${size}\n`);
    });
  }

  test("says so where the image names no command", async () => {
    const runtime = { ...RESULT.metadata.runtime, entrypoint: [], cmd: [] };
    const metadata = { ...RESULT.metadata, runtime };
    const ran = await runWith(CONVERT, { convert: async () => ({ ...RESULT, metadata }) });
    expect(ran.stdout).toContain("Runs      nothing: the image names no command\n");
  });

  test("is one JSON document with --format json, also with --quiet", async () => {
    for (const quiet of [[], ["--quiet"]]) {
      const ran = await runWith([...CONVERT, "--format", "json", ...quiet]);
      expect(JSON.parse(ran.stdout)).toEqual({
        rootfs: "/vm/rootfs.ext4",
        metadata: "/vm/meta.json",
        assets: [],
        apparentBytes: RESULT.apparentBytes,
        allocatedBytes: RESULT.allocatedBytes,
        sizing: RESULT.sizing,
        warnings: ["layer 1: something odd"],
        meta: RESULT.metadata,
      });
    }
  });

  test("is not told with --quiet", async () => {
    expect(await runWith([...CONVERT, "-q"])).toMatchObject({ code: 0, stdout: "", stderr: "" });
  });

  test("of --dry-run is the plan as JSON, and nothing is converted", async () => {
    const ran = await runWith([...CONVERT, "--dry-run"], failing(new Error("not to be called")));
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      dryRun: true,
      outputs: ["/vm/rootfs.ext4", "/vm/meta.json"],
    });
  });
});

describe("an error", () => {
  const broken = new Docker2vmError("E_DIGEST_MISMATCH", "layer 2 is \x1b[1mnot\nright", {
    hint: "fetch it again",
    cause: new Error("inner", { cause: "innermost" }),
  });

  test("is its message and hint on standard error, safe for a terminal", async () => {
    const ran = await runWith(CONVERT, failing(broken));
    expect(ran).toMatchObject({
      code: 6,
      stdout: "",
      stderr: "error: layer 2 is \\x1b[1mnot\\nright\n  hint: fetch it again\n",
    });
  });

  test("has no hint line where it has no hint", async () => {
    const ran = await runWith(CONVERT, failing(new Docker2vmError("E_IO", "no")));
    expect(ran.stderr).toBe("error: no\n");
  });

  test("tells its code, causes and stacks with --verbose", async () => {
    const { stderr } = await runWith([...CONVERT, "--verbose"], failing(broken));
    const lines = stderr.split("\n").filter((line) => !/^\s+at /.test(line));
    expect(lines).toEqual([
      "error: layer 2 is \\x1b[1mnot\\nright",
      "  hint: fetch it again",
      "  E_DIGEST_MISMATCH",
      "  Docker2vmError: layer 2 is \\x1b[1mnot\\nright",
      "  Error: inner",
      "  innermost",
      "",
    ]);
    expect(stderr).toMatch(/^\s+at .*result\.test\.ts/m);
  });

  test("ends although its causes go in a ring", async () => {
    const ring = new Docker2vmError("E_IO", "ring", { cause: new Error("inner") });
    Object.assign(ring.cause as Error, { cause: ring });
    const { code } = await runWith([...CONVERT, "--verbose"], failing(ring));
    expect(code).toBe(8);
  });

  test("is one line of JSON with --format json or --progress json", async () => {
    for (const json of [
      ["--format", "json"],
      ["--progress", "json"],
    ]) {
      const ran = await runWith([...CONVERT, ...json], failing(broken));
      expect(ran.stderr).toEndWith("}\n");
      expect(ran.stderr.trimEnd()).not.toContain("\n");
      expect(JSON.parse(ran.stderr)).toEqual({
        error: { code: "E_DIGEST_MISMATCH", message: "layer 2 is \x1b[1mnot\nright", hint: "fetch it again" },
      });
    }
  });

  test("of the command line is JSON too, where JSON is asked for", async () => {
    const ran = await runWith(["convert", "--format=json"]);
    expect(ran.code).toBe(2);
    expect(JSON.parse(ran.stderr).error.code).toBe("E_USAGE");
  });

  test("that nobody foresaw is called a bug, without its stack", async () => {
    const ran = await runWith(CONVERT, failing(new TypeError("x is undefined")));
    expect(ran).toMatchObject({
      code: 1,
      stderr:
        "error: unexpected: x is undefined\n" +
        "  hint: this is a bug in docker2vm; run again with --verbose and report what it prints\n",
    });
  });

  test("that nobody foresaw is to be reported as it is told with --verbose", async () => {
    const { stderr } = await runWith([...CONVERT, "--verbose"], failing(new TypeError("x is undefined")));
    expect(stderr).toContain("  hint: this is a bug in docker2vm; report what follows\n  E_INTERNAL\n");
  });

  test("ends the command with the exit code of its kind", async () => {
    for (const [code, exit] of Object.entries(ERROR_CODES)) {
      const ran = await runWith(CONVERT, failing(new Docker2vmError(code as ErrorCode, "no")));
      expect(ran.code).toBe(exit);
    }
  });

  test("after a signal is the interruption, whatever failed on the way out", async () => {
    const controller = new AbortController();
    const convert = () => {
      controller.abort(new Docker2vmError("E_TERMINATED", "stopped by SIGTERM"));
      return Promise.reject(new Error("stream destroyed"));
    };
    const ran = await runWith(CONVERT, { convert }, { signal: controller.signal });
    expect(ran).toMatchObject({ code: 143, stderr: "error: stopped by SIGTERM: no image was written\n" });
  });

  for (const [command, left] of [
    ["convert oci:./app --out vm", ": no image was written"],
    ["oci2gondolin --image app --out vm", ": no image was written"],
    ["inspect-image oci:./app", ""],
    ["cache list", ": not all of the cache was gone through"],
    ["inspect IMAGE", ""],
    ["ls IMAGE", ": the list is not complete"],
    ["cat IMAGE /etc/hostname", ": the file was not written to its end"],
    ["extract IMAGE /etc -", ": the tar is not complete"],
    ["extract IMAGE /etc ./etc", ": what was copied so far is in ./etc"],
    ["verify IMAGE", ": the check did not come to its end"],
  ] as const) {
    test(`after a signal says what is so for ${command}`, async () => {
      const signal = AbortSignal.abort(new Docker2vmError("E_INTERRUPTED", "stopped by SIGINT"));
      const { code, stderr } = await runWith(command.split(" "), failing(new Error("aborted")), { signal });
      expect([code, stderr]).toEqual([130, `error: stopped by SIGINT${left}\n`]);
    });
  }
});

describe("what inspect-image says where there is no image for the platform", () => {
  const told = (...platforms: readonly (string | undefined)[]) =>
    inspectionText({
      reference: "docker://a/b",
      manifests: platforms.map((platform) => ({ digest: "sha256:0", platform })),
      image: undefined,
    });

  test("names the option where there is a choice", () => {
    for (const platforms of [["windows/amd64", "linux/arm64"], ["windows/amd64", undefined], []]) {
      expect(told(...platforms)).toContain("none that was asked for: choose one with --platform");
    }
    expect(told("windows/amd64")).toContain("none that was asked for: only linux images can be converted");
    for (const alone of [["windows/amd64"], []]) expect(told(...alone)).toContain("; --any-platform shows");
    expect(told("windows/amd64", "linux/arm64")).not.toContain("--any-platform");
  });
});
