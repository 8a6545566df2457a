/** oci-to-virtio: ec1's flags, what convert makes of them, and the device as the library tells it. */
import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { convert } from "../../src/convert/convert.ts";
import { containerToVirtioDevice } from "../../src/convert/virtio-device.ts";
import { withRegistry } from "../support/docker-registry.ts";
import { expectError } from "../support/expect-error.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { run, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { tar } from "../support/tar-builder.ts";
import { runWith } from "./fake-host.ts";

const scratch = scratchFolder();
const PROGRAM = join(import.meta.dir, "../../src/cli/oci-to-virtio.ts");
const MIB = 2 ** 20;
const LEAST = ["-image=app", "-output=x.img"];
const image = (): string => `oci:${scratch("image")}`;
const vm = (...parts: readonly string[]): string => scratch("vm", ...parts);

beforeAll(() => {
  const layers = [tar([{ path: "a", data: "hello" }])];
  buildLayout(scratch("image"), { layers, config: { Cmd: ["/a"] } });
});
afterEach(() => rmSync(vm(), { recursive: true, force: true }));

function ociToVirtio(...args: readonly string[]) {
  return runWith(["oci-to-virtio", ...args]);
}

async function filesystemOf(...args: readonly string[]) {
  const { options } = await ociToVirtio(...LEAST, ...args);
  const { type, size, readOnly } = options?.filesystem ?? {};
  return { type, size, readOnly };
}

describe("oci-to-virtio", () => {
  test("takes ec1's flags, and replaces the file", async () => {
    const { code, options } = await ociToVirtio(
      ...["-image=alpine:latest", "-fs=xfs", "-size=2048", "-platform=linux/amd64"],
      ...["-readonly=true", "-output=./x.img"],
    );
    expect(code).toBe(0);
    expect(options).toMatchObject({
      source: "alpine:latest",
      platform: "linux/amd64",
      out: { file: "./x.img", metadata: false },
      force: true,
      filesystem: { type: "xfs", size: 2048 * MIB, readOnly: true },
    });
    const spaced = ["--image", "a", "-output", "b", "-output", "x.img", "-meta", "-no-cache"];
    const again = await ociToVirtio(...spaced, "-mirror", "m", "-mirror=n");
    expect(again.options).toMatchObject({
      source: "a",
      out: { file: "x.img", metadata: true },
      registry: { mirrors: ["m", "n"] },
    });
    expect(again.options?.registry).not.toHaveProperty("cacheFolder");
  });

  test("makes an ext4 of 1 GiB unless told otherwise, and an EROFS that nobody writes to", async () => {
    const gibibyte = { size: 1024 * MIB, readOnly: false };
    expect(await filesystemOf()).toEqual({ type: "ext4", ...gibibyte });
    expect(await filesystemOf("-fs", "ext3")).toEqual({ type: "ext3", ...gibibyte });
    expect(await filesystemOf("-readonly=f", "-size", "5")).toEqual({
      type: "ext4",
      size: 5 * MIB,
      readOnly: false,
    });
    const readOnly = true;
    expect(await filesystemOf("-readonly")).toEqual({ type: "erofs", size: undefined, readOnly });
    expect(await filesystemOf("-readonly", "-size=5")).toEqual({ type: "ext4", size: 5 * MIB, readOnly });
    expect(await filesystemOf("-readonly", "-fs=ext2")).toEqual({ type: "ext2", size: 1024 * MIB, readOnly });
    expect((await filesystemOf("-fs=erofs")).size).toBeUndefined();
  });

  const refusals: readonly (readonly [args: readonly string[], ...said: readonly string[]])[] = [
    [["-output=x"], "-image is missing", "add -image REF"],
    [["-image=a"], "-output is missing", "add -output FILE"],
    [[...LEAST, "alpine"], 'oci-to-virtio does not take "alpine"', "-image"],
    [[...LEAST, "-readonly", "true"], 'oci-to-virtio does not take "true"', "-readonly=true"],
    [[...LEAST, "-readonly=yes"], '--readonly does not take "yes"'],
    [[...LEAST, "-size=2G"], '--size "2G" is not a whole number'],
    [[...LEAST, "-fs=fat32"], '--fs does not take "fat32"', "ext4, ext3, ext2, erofs, xfs"],
    [[...LEAST, "-mount=/m"], "unknown option --mount", "no folder is shared"],
    [[...LEAST, "-clear-cache"], "unknown option --clear-cache", "docker2vm cache prune"],
    [[...LEAST, "-list-cache"], "unknown option --list-cache", "docker2vm cache ls"],
    [[...LEAST, "-toString=1"], "unknown option --toString", "oci-to-virtio --help lists the options"],
    [[...LEAST, "-imag=x"], "unknown option --imag", "did you mean --image?"],
    [[...LEAST, "-image"], "--image needs a value"],
  ];
  for (const [args, ...said] of refusals) {
    test(`refuses ${args.join(" ")}`, async () => {
      const ran = await ociToVirtio(...args);
      expect({ code: ran.code, called: ran.options !== undefined }).toEqual({ code: 2, called: false });
      for (const text of said) expect(ran.stderr).toContain(text);
    });
  }

  test("shows its help by one dash as by two", async () => {
    for (const word of ["-h", "-help", "--help"]) {
      const { code, stdout } = await ociToVirtio(word);
      expect(code).toBe(0);
      expect(stdout).toStartWith("oci-to-virtio -image REF -output FILE");
      expect(stdout).toContain("--readonly");
    }
  });

  test("makes the file that convert makes, over one that is there", async () => {
    await convert({
      ...{ source: image(), platform: "linux/amd64", out: { file: scratch("own.img") } },
      ...{ force: true, filesystem: { size: 20 * MIB } },
    });
    const args = ["-image", image(), "-platform=linux/amd64", "-size=20", "-output", vm("x.img")];
    for (const round of [1, 2]) {
      const ran = run(process.execPath, [PROGRAM, ...args, ...(round === 2 ? ["-format=json"] : [])]);
      expect(ran).toMatchObject({ status: 0 });
      expect(readdirSync(vm())).toEqual(["x.img"]);
      expect(readFileSync(vm("x.img")).equals(readFileSync(scratch("own.img")))).toBe(true);
      if (round === 2) expect(JSON.parse(ran.stdout)).toMatchObject({ rootfs: vm("x.img"), metadata: null });
      writeFileSync(vm("x.img"), "old");
    }
    const small = run(process.execPath, [PROGRAM, ...args, "-size=1"]);
    expect(small.status).toBe(8);
    expect(small.stderr).toContain("(5 MiB); 1048576 bytes were asked for\n  hint: give so many MiB or more");
    expect(readFileSync(vm("x.img"), "utf8")).toBe("old");
  });
});

describe("containerToVirtioDevice", () => {
  const options = () => ({ imageRef: image(), platform: "linux/amd64", outputPath: vm("x.img") });

  test("tells what a machine's configuration needs of the file", async () => {
    const device = await containerToVirtioDevice({ ...options(), size: 64 * MIB });
    const { metadata } = device;
    expect(device).toEqual({
      path: vm("x.img"),
      format: "raw",
      size: 64 * MIB,
      readOnly: false,
      filesystem: metadata.filesystem,
      platform: "linux/amd64",
      runtime: metadata.runtime,
      metadata,
    });
    expect([device.filesystem.type, device.runtime.cmd]).toEqual(["ext4", ["/a"]]);
    expect(readFileSync(vm("x.img"))).toHaveLength(64 * MIB);
  });

  test("makes an EROFS where nobody writes, and replaces the file", async () => {
    const kinds: (readonly [string, boolean])[] = [];
    for (const given of [
      { readOnly: true },
      { filesystemType: "erofs" },
      {},
      { readOnly: true, size: MIB * 8 },
    ] as const) {
      const { filesystem, readOnly } = await containerToVirtioDevice({ ...options(), ...given });
      kinds.push([filesystem.type, readOnly]);
    }
    expect(kinds).toEqual([
      ["erofs", true],
      ["erofs", true],
      ["ext4", false],
      ["ext4", true],
    ]);
    expect(readdirSync(vm())).toEqual(["x.img"]);
  });

  testWith(
    ["docker-registry", "skopeo"],
    "says what failed, whatever that is, and leaves nothing",
    async () => {
      await withRegistry({}, async (registry) => {
        const missing = { ...options(), imageRef: `${registry.host}/no/such:1` };
        await expectError(containerToVirtioDevice(missing), "E_IMAGE_NOT_FOUND", registry.host);
      });
      const nobody = { ...options(), imageRef: "localhost:1/app:1" };
      await expectError(containerToVirtioDevice(nobody), "E_NETWORK", "localhost:1");
      writeFileSync(scratch("file"), "");
      const nowhere = { ...options(), outputPath: scratch("file/x.img") };
      await expectError(containerToVirtioDevice(nowhere), "E_OUTPUT_EXISTS", scratch("file"));
      expect(existsSync(vm())).toBe(false);
    },
  );
});
