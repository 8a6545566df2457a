import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildDocument } from "../../src/cli/gondolin-commands.ts";
import { dockerContainer, inPlace } from "../dockerfile/stand-in.ts";
import { run } from "../support/oracles.ts";
import { RESULT, runWith } from "./fake-host.ts";

const REPOSITORY = join(import.meta.dir, "../..");
const ASSETS = ["/vm/manifest.json", "/vm/vmlinuz-virt"];
const OCI = ["oci2gondolin", "--oci-layout", "/images/app", "--out", "/vm"];
const DOCKERFILE = ["dockerfile2gondolin", "--file", "Dockerfile", "--context", ".", "--out", "/vm"];

describe("oci2gondolin", () => {
  test("converts with the profile gondolin, replaces what is there, and prints JSON", async () => {
    const { code, stdout, options } = await runWith([...OCI, "--platform", "arm64", "--mode", "assets"], {
      convert: async () => ({ ...RESULT, assetPaths: ASSETS }),
    });
    expect(code).toBe(0);
    expect(options).toMatchObject({
      source: "oci:/images/app",
      out: "/vm",
      platform: "arm64",
      profile: { name: "gondolin", mode: "assets" },
      force: true,
    });
    expect(JSON.parse(stdout)).toEqual({
      command: "oci2gondolin",
      source: { kind: "oci-layout", path: "/images/app" },
      sourceDigest: RESULT.metadata.sourceDigest,
      platform: "linux/amd64",
      mode: "rootfs",
      outDir: "/vm",
      rootfsPath: "/vm/rootfs.ext4",
      metadataPath: "/vm/meta.json",
      assetManifestPath: "/vm/manifest.json",
      files: ["/vm/rootfs.ext4", "/vm/meta.json", ...ASSETS],
    });
  });

  for (const [args, source, reference] of [
    [["--image", "busybox:latest"], { kind: "image", ref: "busybox:latest" }, "docker://busybox:latest"],
    [["--oci-tar", "/a.tar"], { kind: "oci-tar", path: "/a.tar" }, "oci-archive:/a.tar"],
  ] as const) {
    test(`takes ${args.join(" ")}`, async () => {
      const { stdout, options } = await runWith(["oci2gondolin", ...args, "--out=/vm"]);
      expect(options?.source).toBe(reference);
      const printed = JSON.parse(stdout);
      expect(printed.source).toEqual(source);
      expect(printed.assetManifestPath).toBeUndefined();
    });
  }

  test("--dry-run prints a plan", async () => {
    const { stdout } = await runWith([...OCI, "--dry-run"]);
    expect(JSON.parse(stdout)).toMatchObject({ command: "oci2gondolin", dryRun: true, outDir: "/vm" });
  });
});

describe("dockerfile2gondolin", () => {
  test("tells the build around the conversion", () => {
    expect(buildDocument("/vm", { ...RESULT, builder: "buildah" })).toMatchObject({
      command: "dockerfile2gondolin",
      builder: "buildah",
      ociTarTemporaryPath: null,
      ociTarDeletedAfterRun: true,
      conversion: { command: "oci2gondolin", mode: "rootfs", outDir: "/vm", rootfsPath: "/vm/rootfs.ext4" },
    });
  });

  test("plans with the profile gondolin", async () => {
    await inPlace(async (place) => {
      dockerContainer(place);
      const file = place.path("context/Dockerfile");
      const args = [
        "--file",
        file,
        "--context",
        place.context,
        "--out",
        "/vm",
        "--platform",
        "amd64",
        "--dry-run",
      ];
      const { stdout } = await runWith(["dockerfile2gondolin", ...args], {}, { env: place.environment });
      expect(JSON.parse(stdout)).toMatchObject({
        command: "dockerfile2gondolin",
        dryRun: true,
        builder: "docker-buildx",
        platform: "linux/amd64",
        profile: "gondolin",
        outDir: "/vm",
      });
    });
  });
});

for (const [args, error] of [
  [OCI.slice(0, 3), "no output folder given"],
  [[...OCI, "--image", "alpine"], "more than one image given"],
  [["oci2gondolin", "--out", "/vm"], "no image given"],
  [[...OCI, "alpine"], 'oci2gondolin does not take "alpine"'],
  [[...OCI, "--out", "/else"], "--out is given 2 times"],
  [[...OCI, "--fs", "ext3"], "unknown option --fs"],
  [[...OCI, "--mode", "bundle"], '--mode does not take "bundle"'],
  [DOCKERFILE.slice(0, 3), "--context is missing"],
  [["dockerfile2gondolin", ...DOCKERFILE.slice(3)], "--file is missing"],
] as const) {
  test(`${args.join(" ")} is refused`, async () => {
    const { code, stderr } = await runWith(args);
    expect(stderr).toStartWith(`error: ${error}`);
    expect(code).toBe(2);
  });
}

test("both are programs of their own, with a help of their own", () => {
  const { bin, scripts } = JSON.parse(readFileSync(join(REPOSITORY, "package.json"), "utf8"));
  for (const name of ["oci2gondolin", "dockerfile2gondolin"]) {
    expect(bin[name]).toBe(`dist/${name}.js`);
    expect(scripts[name]).toBe(`bun --no-env-file src/cli/${name}.ts`);
    const { status, stdout } = run(process.execPath, [join(REPOSITORY, `src/cli/${name}.ts`), "--help"]);
    expect(status).toBe(0);
    expect(stdout).toStartWith(`${name} `);
    expect(run(process.execPath, [join(REPOSITORY, "src/cli/main.ts"), "--help"]).stdout).not.toContain(name);
  }
});
