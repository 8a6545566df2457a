import { afterEach, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { convert } from "../../src/convert/convert.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { expectCleanIfChecked, run, runOk, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { ScriptedRegistry } from "../support/scripted-registry.ts";
import { type TarItem, tar } from "../support/tar-builder.ts";

const scratch = scratchFolder();
const MAIN = join(import.meta.dir, "../../src/cli/main.ts");
const SECRET = "the-secret-that-an-upper-layer-removes";

afterEach(() => rmSync(scratch("out"), { recursive: true, force: true }));

describe("contents that upper layers replace or delete", () => {
  test("are nowhere in the image", async () => {
    const secret = (path: string, blocks: number): TarItem => ({
      path,
      data: `${SECRET} `.repeat(blocks * 110),
    });
    const layers = [
      tar([
        secret("deleted", 40),
        secret("replaced", 3),
        secret("hidden/a", 300),
        secret("twice", 5),
        { path: "twice", data: "new" },
      ]),
      tar([{ path: ".wh.deleted" }, { path: "replaced", data: "new" }, { path: "hidden/.wh..wh..opq" }]),
      // Names enough that directory blocks, too, want a place.
      tar(
        Array.from(
          { length: 500 },
          (_, n): TarItem => ({
            path: `many/${"n".repeat(100)}${n}`,
            pax: { path: `many/${"n".repeat(100)}${n}` },
          }),
        ),
      ),
    ];
    buildLayout(scratch("image"), { layers });
    const { rootfsPath } = await convert({
      source: `oci:${scratch("image")}`,
      platform: "linux/amd64",
      out: scratch("out"),
    });
    expectCleanIfChecked(rootfsPath);
    expect(readFileSync(rootfsPath).includes(SECRET)).toBe(false);
  });

  test("that one more name still leads to stay", async () => {
    const layers = [
      tar([
        { path: "a", data: SECRET },
        { path: "b", type: "hardlink", linkname: "a" },
      ]),
      tar([{ path: ".wh.a" }]),
    ];
    buildLayout(scratch("linked"), { layers });
    const { rootfsPath } = await convert({
      source: `oci:${scratch("linked")}`,
      platform: "linux/amd64",
      out: scratch("out"),
    });
    expectCleanIfChecked(rootfsPath);
    expect(readFileSync(rootfsPath).includes(SECRET)).toBe(true);
  });
});

describe("a conversion that does not come to its end leaves nothing behind", () => {
  test("when a layer is damaged, down to the folders it made", async () => {
    const { layers } = buildLayout(scratch("damaged"), {
      layers: [tar([{ path: "a", data: "x".repeat(9000) }])],
    });
    const blob = scratch("damaged/blobs/sha256", layers[0]?.digest.slice(7) ?? "");
    const bytes = readFileSync(blob);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(blob, bytes);
    const converted = convert({
      source: `oci:${scratch("damaged")}`,
      platform: "linux/amd64",
      out: scratch("out/deeper"),
    });
    await expect(converted).rejects.toMatchObject({ code: "E_DIGEST_MISMATCH" });
    expect(existsSync(scratch("out"))).toBe(false);
  });

  test("and keeps the output that was there before", async () => {
    mkdirSync(scratch("out"));
    writeFileSync(scratch("out/rootfs.ext4"), "the old one");
    const layout = scratch("damaged");
    await expect(
      convert({ source: `oci:${layout}`, platform: "linux/amd64", out: scratch("out"), force: true }),
    ).rejects.toThrow();
    expect(readdirSync(scratch("out"))).toEqual(["rootfs.ext4"]);
    expect(readFileSync(scratch("out/rootfs.ext4"), "utf8")).toBe("the old one");
  });

  for (const [signal, status] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    test(`when ${signal} comes while layers stream, and says so in one line`, async () => {
      const layer = tar([{ path: "noise", data: randomBytes(8e6) }]);
      const { layers } = buildLayout(scratch(`long-${signal}`), { layers: [layer], compress: "none" });
      mkdirSync(scratch("out"));
      const registry = await ScriptedRegistry.start();
      registry.addLayout(scratch(`long-${signal}`));
      // The layer stops in the middle, so that it cannot have come to its end before the signal does.
      registry.rule(({ url }, response) => {
        if (!url.endsWith(layers[0]?.digest ?? "")) return false;
        response.setHeader("content-length", layer.length);
        response.write(layer.subarray(0, 4e6));
        return true;
      });
      const child = spawn(process.execPath, [
        MAIN,
        "convert",
        `${registry.host}/long`,
        "--no-cache",
        "--platform",
        "linux/amd64",
        "--out",
        scratch("out"),
        "--progress",
        "json",
      ]);
      try {
        let said = "";
        child.stderr.setEncoding("utf8").on("data", (text: string) => {
          if (!said.includes('"type":"layer"') && text.includes('"type":"layer"')) child.kill(signal);
          said += text;
        });
        const ended = await new Promise((resolve) => child.on("close", resolve));
        expect(ended).toBe(status);
        expect(said.trimEnd().split("\n").at(-1)).toContain(`stopped by ${signal}`);
        expect(readdirSync(scratch("out"))).toEqual([]);
      } finally {
        child.kill("SIGKILL");
        registry.close();
      }
    });
  }

  test("when the caller's signal fires, with the library's own error", async () => {
    buildLayout(scratch("aborted"), { layers: [tar([{ path: "noise", data: randomBytes(5e6) }])] });
    const controller = new AbortController();
    const converted = convert({
      source: `oci:${scratch("aborted")}`,
      platform: "linux/amd64",
      out: scratch("out"),
      signal: controller.signal,
      onProgress: ({ type }) => void (type === "layer" && controller.abort()),
    });
    await expect(converted).rejects.toMatchObject({ code: "E_INTERRUPTED" });
    expect(existsSync(scratch("out"))).toBe(false);
  });

  testWith(["loop mount"], "when the disk is full", async () => {
    buildLayout(scratch("large"), {
      layers: [tar([{ path: "noise", data: randomBytes(12e6) }])],
      compress: "none",
    });
    const disk = scratch("disk");
    mkdirSync(disk);
    runOk("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", disk]);
    try {
      const converted = convert({
        source: `oci:${scratch("large")}`,
        platform: "linux/amd64",
        out: join(disk, "out"),
      });
      await expect(converted).rejects.toMatchObject({
        code: "E_NO_SPACE",
        message: "cannot write the image: the disk is full",
      });
      expect(readdirSync(disk)).toEqual([]);
    } finally {
      runOk("umount", [disk]);
    }
  });

  test("when the shell's file size limit is met", () => {
    buildLayout(scratch("limited"), {
      layers: [tar([{ path: "noise", data: randomBytes(12e6) }])],
      compress: "none",
    });
    const script = 'ulimit -f 8000; exec "$0" "$@"';
    const args = [
      MAIN,
      "convert",
      `oci:${scratch("limited")}`,
      "--platform",
      "linux/amd64",
      "--out",
      scratch("out"),
    ];
    const { status, stderr } = run("bash", ["-c", script, process.execPath, ...args]);
    expect(stderr).toContain("ulimit -f");
    expect(status).toBe(8);
    expect(existsSync(scratch("out"))).toBe(false);
  });
});

describe("an image of one kind of filesystem", () => {
  const source = `oci:${join(import.meta.dir, "../../fixtures/images/hello")}`;
  const made = async (type: "ext4" | "erofs" | "xfs", force: boolean) => {
    await convert({ source, platform: "linux/amd64", out: scratch("out"), force, filesystem: { type } });
    return readdirSync(scratch("out")).sort();
  };

  test("takes the place of that of another, if it is to, and of nothing else", async () => {
    expect(await made("ext4", false)).toEqual(["meta.json", "rootfs.ext4"]);
    writeFileSync(scratch("out/notes"), "mine");
    expect(await made("xfs", true)).toEqual(["meta.json", "notes", "rootfs.xfs"]);
    await expect(made("erofs", false)).rejects.toMatchObject({ code: "E_OUTPUT_EXISTS" });
    expect(readdirSync(scratch("out")).sort()).toEqual(["meta.json", "notes", "rootfs.xfs"]);
    expect(await made("erofs", true)).toEqual(["meta.json", "notes", "rootfs.erofs"]);
  });
});
