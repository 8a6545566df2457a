/** All that is written and printed as JSON is as the published schemas say, and nothing beyond. */
import { beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { summaryJson } from "../../src/cli/summary.ts";
import { convert } from "../../src/convert/convert.ts";
import { planConversion } from "../../src/convert/dry-run.ts";
import type { ConvertOptions } from "../../src/convert/options.ts";
import type { ProgressEvent } from "../../src/convert/progress.ts";
import { runWith } from "../cli/fake-host.ts";
import { MANIFEST, writeBase } from "../profile/gondolin/bases.ts";
import { NAME } from "../registry/support.ts";
import { entriesOf, tarOf } from "../source/support.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { scratchFolder } from "../support/scratch.ts";
import { ScriptedRegistry } from "../support/scripted-registry.ts";
import { tar } from "../support/tar-builder.ts";
import { faultsOf, publishedSchemas } from "./support.ts";

const scratch = scratchFolder();
const PLATFORM = "linux/amd64";
const PROGRAMS = ["usr/lib/systemd/systemd", "usr/bin/cloud-init"];
const FILES = tar([
  ...PROGRAMS.map((path) => ({ path, mode: 0o755, data: "" })),
  { path: "etc/passwd", data: "root:x:0:0::/root:/bin/sh\n" },
]);

/** Options of a conversion, made when the folders are there. */
type Case = () => Promise<Partial<ConvertOptions>> | Partial<ConvertOptions>;

const EDITS: NonNullable<ConvertOptions["edits"]> = [
  { type: "add", source: Buffer.from("hello\n"), path: "/etc/motd", mode: 0o644, user: "root" },
  { type: "chmod", path: "/etc/motd", mode: 0o600 },
  { type: "chown", path: "/etc", user: 1, group: 1, recursive: true },
  { type: "add-tar", source: tar([{ path: "added", data: "b" }]) },
  { type: "symlink", path: "/etc/link", target: "motd" },
  { type: "host", name: "db", address: "10.0.0.2" },
  { type: "ssh-key", keys: Buffer.from("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1 me\n") },
  { type: "remove", path: "/etc/link" },
];

const CASES: Readonly<Record<string, Case>> = {
  "an OCI layout": () => ({}),
  "an OCI tar": () => ({ source: `oci-archive:${scratch("oci.tar")}` }),
  "a stream": () => ({ source: { kind: "stream", bytes: readFileSync(scratch("oci.tar")), name: "memory" } }),
  "a tar of files": () => ({ source: { kind: "rootfs-tar", bytes: FILES } }),
  "a folder": () => ({ source: { kind: "dir", path: scratch("folder"), xattrs: false } }),
  "a filesystem": () => ({ source: `image:${scratch("vm/rootfs.ext4")}` }),
  ext3: () => ({ filesystem: { type: "ext3", label: "old" } }),
  "ext2, as small as may be": () => ({ filesystem: { type: "ext2", size: "min" } }),
  "ext4 with a hash tree": () => ({ filesystem: { verity: true, readOnly: true }, digest: true }),
  "EROFS, compressed": () => ({ filesystem: { type: "erofs", compress: "lz4:2" } }),
  "XFS, and an empty disk": () => ({ filesystem: { type: "xfs" }, writableDisk: { size: 64 << 20 } }),
  "a hundred MiB": () => ({ filesystem: { size: 100 << 20 }, writableDisk: { size: 64 << 20, type: "xfs" } }),
  edits: () => ({ edits: EDITS }),
  "the profile init": () => ({
    profile: { name: "init", workload: { cmd: ["/bin/true"], hostname: "vm" }, ip: "dhcp" },
    launch: { monitors: ["firecracker", "cloud-hypervisor", "qemu", "libvirt", "crosvm"] },
  }),
  "the profile systemd": () => ({ profile: { name: "systemd", workload: { cmd: ["/bin/true"] } } }),
  "the profile systemd without a workload": () => ({ profile: { name: "systemd" } }),
  "the profile cloud-init": () => ({
    profile: { name: "cloud-init", workload: { cmd: ["/bin/true"] }, seedImage: true },
  }),
  "the profile gondolin": () => gondolin("rootfs"),
  "the profile gondolin, all assets": () => gondolin("assets"),
};

function gondolin(mode: "rootfs" | "assets"): Partial<ConvertOptions> {
  return {
    source: `oci:${scratch("plain")}`,
    profile: { name: "gondolin", mode, guestAssets: scratch("base") },
  };
}

beforeAll(async () => {
  buildLayout(scratch("image"), {
    layers: [FILES, tar([{ path: "b", data: "b" }])],
    config: { Env: ["A=b"], Labels: { a: "b" }, ExposedPorts: { "80/tcp": {} }, Volumes: { "/data": {} } },
  });
  buildLayout(scratch("plain"), { layers: [tar([{ path: "a", data: "a" }])] });
  writeFileSync(scratch("oci.tar"), await tarOf(entriesOf(scratch("image"))));
  mkdirSync(scratch("folder/etc"), { recursive: true });
  writeFileSync(scratch("folder/etc/motd"), "hello\n");
  writeBase(scratch("base"), { manifest: MANIFEST });
  await convert({ source: `oci:${scratch("plain")}`, platform: PLATFORM, out: scratch("vm") });
});

describe("meta.json, the plan, the result and the events", () => {
  for (const [name, make] of Object.entries(CASES)) {
    test(`are as the schemas say, of ${name}`, async () => {
      const events: ProgressEvent[] = [];
      const options = {
        ...{ source: `oci:${scratch("image")}`, platform: PLATFORM, out: scratch("out"), force: true },
        ...(await make()),
        onProgress: (event: ProgressEvent) => events.push(event),
      };
      const plan = await planConversion(options);
      const result = await convert({ ...options, ...(await make()) });
      const meta = JSON.parse(readFileSync(result.metadataPath ?? "", "utf8"));
      expect(await faultsOf("meta.json", meta)).toEqual([]);
      expect(await faultsOf("plan.json", plan)).toEqual([]);
      expect(await faultsOf("result.json", JSON.parse(summaryJson(result)))).toEqual([]);
      for (const event of events) expect([event, await faultsOf("event.json", event)]).toEqual([event, []]);
      expect(events.length).toBeGreaterThan(1);
    });
  }

  test("are so of an image in a registry, with its downloads and warnings", async () => {
    const registry = await ScriptedRegistry.start();
    try {
      registry.addLayout(scratch("image"));
      let failures = 1;
      registry.rule(({ url }, response) => {
        response.setHeader("warning", '299 - "soon gone"');
        response.setHeader("ratelimit-limit", "100;w=21600");
        response.setHeader("ratelimit-remaining", "76;w=21600");
        if (!url.includes("/blobs/") || failures-- <= 0) return false;
        response.destroy();
        return true;
      });
      const events: ProgressEvent[] = [];
      const { metadata } = await convert({
        ...{ source: `docker://${registry.host}/${NAME}`, platform: PLATFORM, out: scratch("pulled") },
        onProgress: (event) => events.push(event),
      });
      expect(await faultsOf("meta.json", metadata)).toEqual([]);
      for (const event of events) expect([event, await faultsOf("event.json", event)]).toEqual([event, []]);
      const kinds = new Set(events.map(({ type }) => type));
      expect([...kinds]).toEqual(expect.arrayContaining(["retry", "warning", "rate-limit", "download"]));
    } finally {
      registry.close();
    }
  });
});

describe("what is told as JSON", () => {
  test("is as its schema says where it fails, with all that is told", async () => {
    const args = ["convert", "oci:/nowhere", "--out", scratch("none"), "--format", "json", "--verbose"];
    const { stderr } = await runWith(args, { convert });
    expect(await faultsOf("failure.json", JSON.parse(stderr))).toEqual([]);
  });

  test("is so of a batch: its events, and what it has made so far", async () => {
    writeFileSync(scratch("list"), `oci:${scratch("image")} one\noci:/nowhere two\n`);
    const args = ["batch", scratch("list"), "--out", scratch("batch"), "--progress", "json"];
    const { stderr } = await runWith([...args, "--platform", PLATFORM], { convert, planConversion });
    const events = stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const items = events.filter(({ type }) => type === "item");
    expect(items.map(({ status }) => status).sort()).toEqual(["converted", "failed"]);
    for (const event of items) expect(await faultsOf("event.json", event)).toEqual([]);
    const state = JSON.parse(readFileSync(scratch("batch/batch.json"), "utf8"));
    expect(Object.keys(state.outputs)).toEqual([scratch("batch/one")]);
    expect(await faultsOf("batch.json", state)).toEqual([]);
  });
});

describe("a schema", () => {
  test("refuses what is missing, what is wrong, and, closed, what it does not know", async () => {
    const meta = JSON.parse(readFileSync(join(scratch("vm"), "meta.json"), "utf8"));
    const { platform: _, ...without } = meta;
    const wrong = [
      without,
      { ...meta, schemaVersion: 2 },
      { ...meta, sourceDigest: "sha256:short" },
      { ...meta, filesystem: { ...meta.filesystem, blocks: "many" } },
      { ...meta, filesystem: { ...meta.filesystem, type: "btrfs" } },
      { ...meta, more: true },
      { ...meta, runtime: { ...meta.runtime, more: true } },
    ];
    for (const document of wrong) expect(await faultsOf("meta.json", document)).not.toEqual([]);
  });

  test("is published for each document, open to what later versions add", async () => {
    const found = await publishedSchemas();
    expect([...found.keys()].sort()).toEqual([
      ...["batch.json", "batched.json", "buildplan.json", "bundle.json", "bundled.json", "cached.json"],
      ...[
        "checked.json",
        "differences.json",
        "event.json",
        "extracted.json",
        "failure.json",
        "gondolin.json",
      ],
      ...["image.json", "inspection.json", "kernel.json", "listed.json", "meta.json", "plan.json"],
      ...["pruned.json", "pulled.json", "pushed.json", "report.json", "resized.json", "result.json"],
      ...["signatures.json", "signed.json", "stat.json", "verified.json"],
    ]);
    for (const schema of found.values())
      expect(JSON.stringify(schema)).not.toContain('additionalProperties":false');
  });
});
