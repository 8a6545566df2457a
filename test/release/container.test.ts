/** The container image around an executable, and the bases that it is refused on. */
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { staticElf } from "../../fixtures/static-elf.ts";
import type { ErrorCode } from "../../src/errors.ts";
import { chooseTargets, writeContainerImage } from "../../src/release/container/image.ts";
import { TARGETS, type Target } from "../../src/release/targets.ts";
import { targetNamed } from "../support/executables.ts";
import { expectError } from "../support/expect-error.ts";
import { buildLayout, type LayoutImage, sha256 } from "../support/layout-builder.ts";
import { runOk, testWith } from "../support/oracles.ts";
import { PACKAGE } from "../support/package.ts";
import { scratchFolder } from "../support/scratch.ts";
import { type TarItem, tar } from "../support/tar-builder.ts";

const scratch = scratchFolder();
const PAPERS = { dependencies: "none\n", seconds: 1_600_000_000 };
const LINUX = TARGETS.filter(({ linux }) => linux !== undefined);
const AMD64 = [targetNamed("linux-x64")];

/** Any bytes under the names of libraries do: nothing is run here. */
const library = (path: string): TarItem => ({ path, mode: 0o755, data: "library" });
const LIBRARIES = ["libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0"];

/** One as Debian has it, with symlinks on the way, one with all in one folder. */
const GLIBC: Readonly<Record<"amd64" | "arm64", readonly TarItem[]>> = {
  amd64: [
    { path: "lib64", type: "symlink", linkname: "usr/lib64" },
    { path: "usr/lib64/ld-linux-x86-64.so.2", type: "symlink", linkname: "../lib/x86_64-linux-gnu/ld-2.so" },
    ...["ld-2.so", ...LIBRARIES].map((name) => library(`usr/lib/x86_64-linux-gnu/${name}`)),
  ],
  arm64: ["ld-linux-aarch64.so.1", ...LIBRARIES].map((name) => library(`lib/${name}`)),
};
const MUSL = ["ld-musl-x86_64.so.1", "libstdc++.so.6"].map((name) => library(`lib/${name}`));

/** A base of one layer, or as told; its reference. */
function base(name: string, items: readonly TarItem[], image: Partial<LayoutImage> = {}): string {
  buildLayout(scratch(name), { layers: [tar(items)], ...image });
  return `oci:${scratch(name)}`;
}

/** The layout's folder; each executable says the name of its target. */
async function containerOn(reference: string, targets: readonly Target[], out: string): Promise<string> {
  const on = { reference, cache: scratch("cache") };
  const chosen = await chooseTargets(on, targets);
  const programs = new Map(targets.map((target) => [target, staticElf("amd64", target.name)]));
  await writeContainerImage(scratch(out), chosen, programs, on, PAPERS);
  return scratch(out);
}

interface Blob {
  readonly mediaType: string;
  readonly digest: string;
}

function blobPath(layout: string, { digest }: Blob): string {
  return join(layout, "blobs", digest.replace(":", "/"));
}

function document(layout: string, blob: Blob) {
  return JSON.parse(readFileSync(blobPath(layout, blob), "utf8"));
}

type Listed = Blob & { readonly platform: { readonly os: string; readonly architecture: string } };

/** What a layout lists, in its index.json or in the one index that this names, with manifests and configs. */
function images(layout: string) {
  const { manifests } = JSON.parse(readFileSync(join(layout, "index.json"), "utf8"));
  const listed: readonly Listed[] = document(layout, manifests[0]).manifests ?? manifests;
  return listed.map(({ platform, ...blob }) => {
    const manifest = document(layout, blob);
    return { platform, manifest, config: document(layout, manifest.config) };
  });
}

/** The only one. */
function image(layout: string) {
  const [only, ...others] = images(layout);
  if (only === undefined || others.length > 0) throw new Error(`${layout} has not one image`);
  return only;
}

/** Layers of a base for two platforms, stored in two ways. */
function baseLayers(architecture: "amd64" | "arm64"): readonly Uint8Array[] {
  return [tar([{ path: "etc/", type: "directory" }]), tar(GLIBC[architecture])];
}

function baseForBoth(): string {
  for (const architecture of ["amd64", "arm64"] as const) {
    buildLayout(scratch("both"), {
      layers: baseLayers(architecture),
      compress: architecture === "amd64" ? "zstd" : "none",
      platform: { os: "linux", architecture },
      config: { User: "0", Env: ["LANG=C.UTF-8"], Cmd: ["/bin/sh"], Labels: { maintainer: "the base's" } },
    });
  }
  return `oci:${scratch("both")}`;
}

describe("the container image", () => {
  test("is the base's layers as they are and one more, for each platform, the same bytes each time", async () => {
    const layout = await containerOn(baseForBoth(), LINUX, "container");
    const made = images(layout);
    expect(made.map(({ platform }) => platform)).toEqual([
      { architecture: "amd64", os: "linux" },
      { architecture: "arm64", os: "linux" },
    ]);
    for (const { platform, manifest, config } of made) {
      expect([config.os, config.architecture]).toEqual([platform.os, platform.architecture]);
      const stored = images(scratch("both")).find(
        (each) => each.platform.architecture === config.architecture,
      );
      expect(manifest.layers.slice(0, -1)).toEqual(stored?.manifest.layers);
      expect(manifest.layers.at(-1).mediaType).toEndWith(".tar+gzip");
      expect(config.rootfs.diff_ids.slice(0, -1)).toEqual(baseLayers(config.architecture).map(sha256));
    }
    const again = await containerOn(`oci:${scratch("both")}`, LINUX, "again");
    expect(runOk("diff", ["-r", layout, again])).toBe("");
  });

  test("runs the program as nobody in /work, and says what it is and on what", async () => {
    const { manifest, config } = image(await containerOn(baseForBoth(), AMD64, "described"));
    const { Labels, ...runs } = config.config;
    expect(runs).toEqual({
      User: "65532:65532",
      Env: ["LANG=C.UTF-8", expect.stringContaining("/usr/bin:")],
      Entrypoint: ["/usr/bin/docker2vm"],
      WorkingDir: "/work",
    });
    expect(config.created).toBe("2020-09-13T12:26:40Z");
    expect(Labels).toEqual(manifest.annotations);
    expect(Labels).toMatchObject({
      "org.opencontainers.image.title": "docker2vm",
      "org.opencontainers.image.version": PACKAGE.version,
      "org.opencontainers.image.licenses": "MIT",
      "org.opencontainers.image.base.digest": expect.stringMatching(/^sha256:/),
    });
    expect(Labels).not.toHaveProperty("maintainer");
  });

  test("has the executable for the base's C library, and the base's user where that is not root", async () => {
    const reference = base("musl", MUSL, { config: { User: "1000:100", Env: ["PATH=/bin"] } });
    const layout = await containerOn(reference, [...AMD64, targetNamed("linux-x64-musl")], "on-musl");
    const { manifest, config } = image(layout);
    expect([config.config.User, config.config.Env]).toEqual(["1000:100", ["PATH=/bin"]]);
    const layer = readFileSync(blobPath(layout, manifest.layers.at(-1)));
    expect(Buffer.from(Bun.gunzipSync(layer)).includes("linux-x64-musl")).toBe(true);
  });

  testWith(
    ["skopeo", "umoci"],
    "is taken by skopeo and umoci: the program under all its names, documents",
    async () => {
      const layout = await containerOn(baseForBoth(), LINUX, "for-others");
      const name = `oci:${layout}:${PACKAGE.version}`;
      runOk("skopeo", ["copy", "--all", name, `oci:${scratch("copied")}:all`]);
      runOk("skopeo", ["--override-arch=arm64", "copy", name, `oci:${scratch("for-umoci")}:one`]);
      runOk("umoci", ["unpack", "--rootless", "--image", `${scratch("for-umoci")}:one`, scratch("bundle")]);
      const rootfs = scratch("bundle/rootfs");
      for (const name of Object.keys(PACKAGE.bin)) {
        expect(readFileSync(join(rootfs, "usr/bin", name), "latin1")).toContain("linux-arm64");
      }
      expect(readdirSync(join(rootfs, "usr/share/doc/docker2vm")).sort()).toEqual([
        "DEPENDENCIES.txt",
        "LICENSE",
        "README.md",
      ]);
    },
  );
});

describe("refused is a base", () => {
  async function refused(
    reference: string,
    code: ErrorCode,
    fragments: readonly string[] = [],
    targets: readonly Target[] = AMD64,
  ): Promise<void> {
    await expectError(() => containerOn(reference, targets, "refused"), code, ...fragments);
    expect(existsSync(scratch("refused"))).toBe(false);
  }

  test("without a C library, or with half of another one, by what it lacks", async () => {
    const bare = base("empty", [{ path: "etc/", type: "directory" }]);
    const lacks =
      "linux-x64 lacks /lib64/ld-linux-x86-64.so.2, libc.so.6, libpthread.so.0, libdl.so.2, libm.so.6";
    await refused(bare, "E_UNSUPPORTED", [bare, lacks, "take a base with glibc"]);
    const half = base("bare-musl", MUSL.slice(0, 1));
    const both = [...AMD64, targetNamed("linux-x64-musl")];
    await refused(half, "E_UNSUPPORTED", ["linux-x64-musl lacks libstdc++.so.6"], both);
  });

  test("that is for another platform, is not there, or is no image in layers", async () => {
    const arm = base("arm", GLIBC.arm64, { platform: { os: "linux", architecture: "arm64" } });
    await refused(arm, "E_PLATFORM_NOT_FOUND", ["linux/amd64"]);
    await refused(`oci:${scratch("nothing")}`, "E_IMAGE_NOT_FOUND");
    await refused(`dir:${scratch()}`, "E_USAGE", ["no image in layers", "gcr.io/distroless/"]);
    await refused("-", "E_USAGE", ["standard input"]);
  });

  test("whose layer is damaged, of another size or of another diff_id", async () => {
    const reference = base("damaged", GLIBC.amd64);
    const path = blobPath(scratch("damaged"), image(scratch("damaged")).manifest.layers[0]);
    const bytes = readFileSync(path);
    writeFileSync(path, Buffer.from(bytes).fill(0, 100, 110));
    await refused(reference, "E_DIGEST_MISMATCH");
    writeFileSync(path, bytes.subarray(0, -1));
    await refused(reference, "E_SIZE_MISMATCH");
    const wrong = { diffIds: [`sha256:${"0".repeat(64)}`] };
    await refused(base("diff-id", GLIBC.amd64, wrong), "E_DIFF_ID_MISMATCH");
  });
});
