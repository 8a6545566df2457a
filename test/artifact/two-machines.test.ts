/** Two machines, as far as the network goes, and a third with a registry: each is a network namespace. */
import { afterAll, beforeAll, expect } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { noise } from "../registry/support.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { runOk, testWith } from "../support/oracles.ts";
import { lacksOf } from "../support/programs.ts";
import { runBeside } from "../support/run-beside.ts";
import { scratchFolder } from "../support/scratch.ts";
import { tar } from "../support/tar-builder.ts";
import { until } from "../support/waiting.ts";

const scratch = scratchFolder();
const MAIN = join(import.meta.dir, "../../src/cli/main.ts");
/** "chroot": root alone makes such namespaces. */
const NEEDS = ["ip", "chroot", "docker-registry", "skopeo"] as const;
const HUB = `d2vm-hub-${process.pid}`;
const MACHINES = [1, 2].map((number) => ({ number, name: `d2vm-${number}-${process.pid}` }));
/** The hub's own address, which both machines have a route to. */
const REGISTRY = "10.91.0.1:5000";

const SHARED = ["--from-cache", `${REGISTRY}/team/vms`, "--push-cache", `${REGISTRY}/team/vms`];

const ip = (...args: readonly string[]) => runOk("ip", args);
const within = (name: string, ...command: readonly string[]) => ["ip", "netns", "exec", name, ...command];

let server: ChildProcess | undefined;
let log = "";

beforeAll(async () => {
  if (lacksOf(NEEDS).length > 0) return;
  ip("netns", "add", HUB);
  ip("-n", HUB, "link", "set", "lo", "up");
  ip("-n", HUB, "address", "add", "10.91.0.1/32", "dev", "lo");
  for (const { number, name } of MACHINES) {
    ip("netns", "add", name);
    const [here, there] = [`v${number}-${process.pid}`, `h${number}-${process.pid}`];
    ip("link", "add", here, "netns", name, "type", "veth", "peer", "name", there, "netns", HUB);
    for (const [place, link, address] of [
      [name, here, `10.91.${number}.2/30`],
      [HUB, there, `10.91.${number}.1/30`],
    ] as const) {
      ip("-n", place, "address", "add", address, "dev", link);
      ip("-n", place, "link", "set", link, "up");
    }
    ip("-n", name, "route", "add", "10.91.0.1", "via", `10.91.${number}.1`);
  }
  await startRegistry();
  const layers = [tar([{ path: "noise", data: noise(1 << 20, 1) }]), tar([{ path: "bin/app", data: "app" }])];
  buildLayout(scratch("image"), { layers, tag: "1", created: "2020-01-01T00:00:00Z" });
  const policy = scratch("policy.json");
  writeFileSync(policy, JSON.stringify({ default: [{ type: "insecureAcceptAnything" }] }));
  const copy = ["skopeo", "--policy", policy, "copy", "--quiet", "--dest-tls-verify=false"];
  const [program = "", ...args] = within(
    HUB,
    ...copy,
    `oci:${scratch("image")}:1`,
    `docker://${REGISTRY}/team/app:1`,
  );
  runOk(program, args);
});

afterAll(() => {
  server?.kill();
  for (const name of readdirSync("/run/netns").filter((each) => each.endsWith(`-${process.pid}`))) {
    ip("netns", "delete", name);
  }
});

async function startRegistry(): Promise<void> {
  const storage = scratch("storage");
  mkdirSync(storage);
  const config = scratch("config.json");
  const settings = { storage: { filesystem: { rootdirectory: storage } }, http: { addr: REGISTRY } };
  writeFileSync(config, JSON.stringify({ version: "0.1", log: { level: "info" }, ...settings }));
  const [program = "", ...args] = within(HUB, "docker-registry", "serve", config);
  server = spawn(program, args);
  for (const stream of [server.stdout, server.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      log += text;
    });
  }
  await until(() => log.includes("listening on"));
}

/** Converts on a machine, with a cache of its own; what it told, and the image. */
async function convertOn({ name }: { name: string }, results: readonly string[] = SHARED) {
  const out = scratch(`${name}-out`);
  const program = [process.execPath, "--no-env-file", MAIN, "convert", `${REGISTRY}/team/app:1`];
  const place = ["--out", out, "--force", "--cache-dir", scratch(`${name}-cache`)];
  const manner = ["--platform", "linux/amd64", "--insecure-registry", REGISTRY, "--format", "json"];
  const ran = await runBeside(within(name, ...program, ...place, ...results, ...manner));
  expect([ran.status, ran.stderr.includes("warning")]).toEqual([0, false]);
  const bytes = readFileSync(join(out, "rootfs.ext4"));
  return {
    told: JSON.parse(ran.stdout),
    hash: Bun.hash(bytes),
    metadata: readFileSync(join(out, "meta.json"), "utf8"),
  };
}

testWith(
  NEEDS,
  "a second machine finds in the registry what the first has converted, the same bytes",
  async () => {
    const [first, second] = MACHINES as [(typeof MACHINES)[number], (typeof MACHINES)[number]];
    const made = await convertOn(first);
    expect(made.told.reused).toBeUndefined();
    const before = log.length;
    const found = await convertOn(second);
    expect(found.told.reused).toBe("remote-cache");
    expect([found.hash, found.metadata]).toEqual([made.hash, made.metadata]);
    // No layer of the image has crossed the network, nor has anything been sent.
    const asked = log.slice(before);
    expect(asked).toContain("10.91.2.2");
    expect(
      asked.match(/"(?:GET|PUT|POST|PATCH) \/v2\/team\/app\/blobs\/[^"]*/g)?.length ?? 0,
    ).toBeLessThanOrEqual(1);
    expect(asked.match(/"(?:PUT|POST|PATCH) /g)).toBeNull();
    // And it is what that machine makes by itself.
    const own = await convertOn(second, ["--no-result-cache", "--layer-store", "off"]);
    expect(own.told.reused).toBeUndefined();
    expect(own.hash).toBe(made.hash);
  },
);
