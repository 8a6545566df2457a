/** Every command that prints JSON has a schema, and prints what that says, and nothing beyond. */
import { beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { COMMANDS } from "../../src/cli/commands.ts";
import type { Options } from "../../src/cli/options/option.ts";
import { convert } from "../../src/convert/convert.ts";
import { planConversion } from "../../src/convert/dry-run.ts";
import { runWith } from "../cli/fake-host.ts";
import { dockerContainer, inPlace, type Place } from "../dockerfile/stand-in.ts";
import { configWithin, vmlinux } from "../kernel/images.ts";
import { MANIFEST, writeBase } from "../profile/gondolin/bases.ts";
import { makeSigningKey } from "../support/cosign.ts";
import { withRegistry } from "../support/docker-registry.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { tar } from "../support/tar-builder.ts";
import { faultsOf } from "./support.ts";

const scratch = scratchFolder();
const ON = ["--platform", "linux/amd64"] as const;
/** Only root makes a bundle that is not. */
const ROOTLESS = process.getuid?.() === 0 ? [] : ["--rootless"];
const ENGINE = { convert, planConversion };
const image = () => `oci:${scratch("image")}`;
const filesystem = () => scratch("vm/rootfs.ext4");
const newFolder = () => mkdtempSync(scratch("new-"));

/** Which schema it is of, and how to have it printed: command lines, without the words of JSON, one after another. */
interface Printing {
  readonly file: string;
  readonly lines: (place: Place) => readonly (readonly string[])[];
  /** A document each line. */
  readonly perLine?: true;
}

const PRINTED: Readonly<Record<string, Printing>> = {
  "convert --format json": {
    file: "result.json",
    lines: () => [
      ["convert", image(), "--out", newFolder(), "--force", ...ON],
      ["convert", image(), "--output", scratch("one.img"), "--force", ...ON],
    ],
  },
  "convert --dry-run": { file: "plan.json", lines: () => [["convert", image(), "--out", "/vm", ...ON]] },
  "oci-to-virtio --format json": {
    file: "result.json",
    lines: () => [["oci-to-virtio", `-image=${image()}`, `-output=${scratch("virtio.img")}`, ...ON]],
  },
  "oci-to-virtio --dry-run": {
    file: "plan.json",
    lines: () => [["oci-to-virtio", `-image=${image()}`, `-output=${scratch("virtio.img")}`, ...ON]],
  },
  oci2gondolin: { file: "gondolin.json", lines: () => [gondolin("rootfs"), gondolin("assets")] },
  "oci2gondolin --dry-run": { file: "gondolin.json", lines: () => [gondolin("rootfs"), gondolin("assets")] },
  "dockerfile --format json": {
    file: "result.json",
    lines: (place) => [["dockerfile", "--out", newFolder(), "--force", ...ofBuild(place)]],
  },
  "dockerfile --dry-run": {
    file: "buildplan.json",
    lines: (place) => [["dockerfile", "--out", "/vm", "--writable-disk", "64M", ...ofBuild(place)]],
  },
  dockerfile2gondolin: { file: "gondolin.json", lines: (place) => [builtGondolin(place)] },
  "dockerfile2gondolin --dry-run": { file: "gondolin.json", lines: (place) => [builtGondolin(place)] },
  "batch --json": {
    file: "batched.json",
    // The second time the first one is there.
    lines: () => [
      ["batch", scratch("list"), "--out", scratch("batch"), ...ON],
      ["batch", scratch("list"), "--out", scratch("batch"), ...ON],
    ],
  },
  "bundle create --format json": {
    file: "bundled.json",
    lines: () => [
      ["bundle", "create", image(), "--out", newFolder(), "--force", ...ROOTLESS, ...ON],
      [
        "bundle",
        "create",
        "--rootfs",
        scratch("folder"),
        "--cmd",
        "/a",
        "--out",
        newFolder(),
        "--force",
        ...ROOTLESS,
      ],
    ],
  },
  "bundle validate --json": { file: "bundle.json", lines: () => [["bundle", "validate", scratch("folder")]] },
  "inspect-image --json": { file: "image.json", lines: () => [["inspect-image", image(), ...ON]] },
  "diff --json": {
    file: "differences.json",
    lines: () => [["diff", image(), `oci:${scratch("plain")}`, ...ON]],
  },
  "diff --stat --json": {
    file: "stat.json",
    lines: () => [["diff", image(), `oci:${scratch("plain")}`, ...ON]],
  },
  "report --format json": {
    file: "report.json",
    lines: () => [
      ["report", image(), ...ON],
      ["report", filesystem()],
      ["report", image(), `oci:${scratch("plain")}`, ...ON],
    ],
  },
  "cache ls --json": { file: "cached.json", lines: () => [cache("ls")] },
  // Before what it removes, and before all is gone.
  "cache verify --json": { file: "checked.json", lines: () => [cache("verify"), cache("verify")] },
  "cache prune --json": {
    file: "pruned.json",
    lines: () => [[...cache("prune"), "--keep-bytes", "1T"], cache("prune")],
  },
  "kernel --json": {
    file: "kernel.json",
    lines: () => [
      ["kernel", scratch("vmlinux")],
      ["kernel", scratch("vmlinux"), "--initramfs", scratch("initramfs"), "--extract", scratch("kernel")],
    ],
  },
  "inspect --json": {
    file: "inspection.json",
    lines: () => [filesystem(), scratch("vm.erofs"), scratch("vm.xfs")].map((path) => ["inspect", path]),
  },
  "ls --json": { file: "listed.json", lines: () => [["ls", filesystem(), "/", "-R"]], perLine: true },
  "extract --json": {
    file: "extracted.json",
    lines: () => [
      ["extract", filesystem(), "/", join(newFolder(), "files")],
      ["extract", filesystem(), "/", "-"],
    ],
  },
  "resize --json": {
    file: "resized.json",
    lines: () => [
      ["resize", filesystem(), "--size", "256M", "--dry-run"],
      ["resize", filesystem(), "--size", "128M"],
    ],
  },
  "verify --json": {
    file: "verified.json",
    lines: () => [
      ["verify", filesystem()],
      ["verify", scratch("no")],
    ],
  },
};

/** Those that need a registry, in their order. */
const IN_REGISTRY: Readonly<Record<string, string>> = {
  "push --json": "pushed.json",
  "sign --json": "signed.json",
  "verify-signature --json": "signatures.json",
  "pull --json": "pulled.json",
};

function gondolin(mode: string): readonly string[] {
  const base = ["--guest-assets", scratch("base"), "--mode", mode];
  return ["oci2gondolin", "--oci-layout", scratch("plain"), "--out", scratch("guest"), ...base, ...ON];
}

function builtGondolin(place: Place): readonly string[] {
  const base = ["--guest-assets", scratch("base")];
  return ["dockerfile2gondolin", "--out", scratch("built"), ...base, ...ofBuild(place)];
}

function ofBuild({ context, path }: Place): readonly string[] {
  return ["--context", context, "--file", path("context/Dockerfile"), ...ON];
}

function cache(action: string): readonly string[] {
  return ["cache", action, "--cache-dir", scratch("cache")];
}

beforeAll(async () => {
  const files = tar([
    { path: "a", data: "a" },
    { path: "fifo", type: "fifo" },
    { path: "null", type: "char", major: 1, minor: 3 },
    { path: "link", type: "symlink", linkname: "a" },
    { path: "ping", data: "p", mode: 0o4755 },
  ]);
  buildLayout(scratch("image"), {
    layers: [files, tar([{ path: "b", data: "a" }])],
    config: { Cmd: ["/a"] },
  });
  buildLayout(scratch("plain"), { layers: [tar([{ path: "a", data: "b" }])] });
  mkdirSync(scratch("folder"));
  writeFileSync(scratch("list"), `${image()} one\noci:/nowhere two\n`);
  writeFileSync(scratch("no"), Buffer.alloc(1 << 20));
  const config = configWithin("6.6.1", "CONFIG_BLK_DEV_INITRD=y\nCONFIG_EXT4_FS=y\n");
  writeFileSync(scratch("vmlinux"), vmlinux("amd64", config));
  writeBase(scratch("base"), { manifest: MANIFEST });
  const options = { source: image(), platform: ON[1] };
  const layerStore = { folder: scratch("cache"), least: 0 };
  const results = { cacheFolder: scratch("cache") };
  await convert({ ...options, out: scratch("vm"), layerStore, results });
  for (const type of ["erofs", "xfs"] as const)
    await convert({ ...options, out: { file: scratch(`vm.${type}`) }, filesystem: { type } });
  // One thing that is damaged, and one that cannot be read: EIO.
  const blobs = scratch("cache/blobs/sha256");
  mkdirSync(blobs, { recursive: true });
  writeFileSync(join(blobs, "0".repeat(64)), "");
  symlinkSync("/proc/self/mem", join(blobs, "1".repeat(64)));
});

/** All ways to have JSON that the tables of options know: "convert --dry-run", "cache ls --json". */
function waysInTables(): readonly string[] {
  return Object.entries(COMMANDS).flatMap(([name, { options, actions }]) =>
    actions === undefined
      ? waysOf(name, options)
      : Object.entries(actions).flatMap(([action, own]) => waysOf(`${name} ${action}`, own.options)),
  );
}

function waysOf(command: string, { json, format, "dry-run": dryRun }: Options): readonly string[] {
  if (json !== undefined) return [`${command} --json`];
  return [
    ...(format?.values?.includes("json") ? [`${command} --format json`] : []),
    ...(dryRun === undefined ? [] : [`${command} --dry-run`]),
  ];
}

function optionsOf(way: string): readonly string[] {
  return way
    .split(" ")
    .filter((_, at, words) => words.slice(0, at + 1).some((word) => word.startsWith("--")));
}

test("every way to have JSON has a schema", () => {
  const others = ["diff --stat --json", "dockerfile2gondolin", "oci2gondolin"];
  const known = [...Object.keys(PRINTED), ...Object.keys(IN_REGISTRY)];
  expect(known.sort()).toEqual([...waysInTables(), ...others].sort());
});

describe("what a command prints as JSON is as its schema says", () => {
  for (const [way, { file, lines, perLine }] of Object.entries(PRINTED)) {
    test(`${way}: ${file}`, () =>
      inPlace(async (place) => {
        dockerContainer(place);
        for (const line of lines(place)) {
          const args = [...line, ...optionsOf(way)];
          const { stdout, stderr } = await runWith(args, ENGINE, { env: place.environment });
          const text = [stdout, stderr].find((each) => /^[[{]/.test(each)) ?? "";
          const documents = perLine === undefined ? [text] : text.trim().split("\n");
          for (const document of documents) {
            expect([line, stderr, await faultsOf(file, JSON.parse(document))]).toEqual([line, stderr, []]);
          }
        }
      }));
  }
});

testWith(["docker-registry"], "what goes to a registry and comes back is told as the schemas say", () =>
  withRegistry({}, async ({ host }, folder) => {
    const [key, publicKey, list] = ["key", "key.pub", "list.txt"].map((name) => join(folder, name));
    const { privateKey, publicPem } = makeSigningKey();
    writeFileSync(key ?? "", privateKey.export({ type: "sec1", format: "pem" }));
    writeFileSync(publicKey ?? "", publicPem);
    writeFileSync(list ?? "", "a\n");
    const name = `${host}/owner/vm:1`;
    const attached = ["--provenance", "--attach", `${list}=text/plain`, "--progress", "json"];
    const documents = join(folder, "documents");
    const lines: readonly (readonly string[])[] = [
      ["push", scratch("vm"), name, ...attached],
      ["sign", name, "--key", key ?? ""],
      ["verify-signature", name, "--key", publicKey ?? ""],
      ["pull", name, "--out", join(folder, "pulled"), "--attachments", documents],
    ];
    for (const line of lines) {
      const file = IN_REGISTRY[`${line[0]} --json`] ?? "";
      const { stdout, stderr } = await runWith([...line, "--json"]);
      expect([file, await faultsOf(file, JSON.parse(stdout))]).toEqual([file, []]);
      for (const event of stderr.split("\n").filter((each) => each.startsWith("{"))) {
        expect([event, await faultsOf("event.json", JSON.parse(event))]).toEqual([event, []]);
      }
    }
  }),
);
