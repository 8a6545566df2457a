/** The key of a result: what it is, and that each option that changes a result's bytes changes it. */
import { beforeAll, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { argumentsOf, checkCommandLine, splitCommandLine } from "../../src/cli/command-line.ts";
import { editsOf } from "../../src/cli/edit-options.ts";
import { CONVERT_OPTIONS } from "../../src/cli/options/convert.ts";
import { convertRequest } from "../../src/cli/request.ts";
import { planConversion } from "../../src/convert/dry-run.ts";
import { RESULT_FORMAT, type ResultFacts, resultKey } from "../../src/convert/result-key.ts";
import { sha256Of } from "../../src/oci/digest.ts";
import { parseSourceReference } from "../../src/source/reference.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { scratchFolder } from "../support/scratch.ts";
import { tar } from "../support/tar-builder.ts";

const scratch = scratchFolder();

/** What an option does to the key: another one by what is given, or what keeps it from that. */
type Effect =
  | { readonly changes: readonly string[] }
  /** Words that leave it as it is. */
  | { readonly same: readonly string[] }
  /** Words with which nothing is kept. */
  | { readonly none: readonly string[] }
  /** An edit: what it adds is known when it is read, so nothing is kept. */
  | { readonly edit: string }
  /** Why the option is no matter of the key. */
  | { readonly apart: string };

const SOURCE = { apart: "it says where the image is" };
const PULLING = { apart: "it says how an image is pulled" };
const TALK = { apart: "it says how the result is told" };
const KEEPING = { apart: "it says whether a result is kept" };
const LAUNCH = { apart: "launch files are made anew, of meta.json" };
const INIT = ["--profile", "init"];

const EFFECTS: Readonly<Record<keyof typeof CONVERT_OPTIONS, Effect>> = {
  image: SOURCE,
  "oci-layout": SOURCE,
  "oci-tar": SOURCE,
  "docker-archive": SOURCE,
  owner: { apart: "it is for folders, whose results are not kept" },
  "map-uid": { apart: "likewise" },
  "map-gid": { apart: "likewise" },
  "no-xattrs": { apart: "likewise" },
  namespace: SOURCE,
  platform: { changes: ["--platform", "linux/arm64"] },
  "any-platform": { same: ["--any-platform"] },
  profile: { changes: INIT },
  mode: { none: ["--profile", "gondolin", "--mode", "assets"] },
  "guest-assets": { none: ["--profile", "gondolin", "--guest-assets", "/nowhere"] },
  "seed-image": { changes: ["--profile", "cloud-init", "--seed-image"] },
  entrypoint: { changes: [...INIT, "--entrypoint", "/bin/x"] },
  cmd: { changes: [...INIT, "--cmd", "x"] },
  env: { changes: [...INIT, "--env", "A=1"] },
  "env-file": { changes: [...INIT, "--env-file", "FILE"] },
  workdir: { changes: [...INIT, "--workdir", "/srv"] },
  user: { changes: [...INIT, "--user", "1"] },
  hostname: { changes: [...INIT, "--hostname", "x"] },
  "keep-running": { changes: ["--profile", "systemd", "--keep-running"] },
  ip: { changes: [...INIT, "--ip", "dhcp"] },
  add: { edit: "FILE:/etc/added" },
  "add-tar": { edit: "TAR" },
  remove: { edit: "/a" },
  chown: { edit: "1:1:/a" },
  "chown-tree": { edit: "1:1:/" },
  chmod: { edit: "0600:/a" },
  symlink: { edit: "a:/b" },
  hosts: { edit: "db:10.0.0.7" },
  "resolv-conf": { edit: "FILE" },
  "ssh-key": { edit: "KEY" },
  username: PULLING,
  "password-stdin": PULLING,
  "insecure-registry": PULLING,
  ca: PULLING,
  mirror: PULLING,
  "trust-auth-realm": PULLING,
  concurrency: PULLING,
  "cache-dir": PULLING,
  "no-cache": PULLING,
  offline: PULLING,
  "verify-key": PULLING,
  "result-cache": KEEPING,
  "no-result-cache": KEEPING,
  "layer-store": KEEPING,
  "from-cache": KEEPING,
  "push-cache": KEEPING,
  out: { apart: "every line has one" },
  output: { same: ["--output", "OUT"] },
  meta: { same: ["--output", "OUT", "--meta"] },
  "writable-disk": { same: ["--writable-disk", "16M"] },
  force: { same: ["--force"] },
  fs: { changes: ["--fs", "xfs"] },
  size: { changes: ["--size", "min"] },
  free: { changes: ["--free", "1M"] },
  inodes: { changes: ["--inodes", "5000"] },
  journal: { changes: ["--journal", "off"] },
  "read-only": { changes: ["--read-only"] },
  "no-lost-found": { changes: ["--no-lost-found"] },
  compress: { changes: ["--fs", "erofs", "--compress", "lz4:9"] },
  "cluster-size": { changes: ["--fs", "erofs", "--compress", "lz4:9", "--cluster-size", "4K"] },
  verity: { changes: ["--verity"] },
  label: { changes: ["--label", "x"] },
  uuid: { changes: ["--uuid", "01234567-89ab-cdef-0123-456789abcdef"] },
  digest: { changes: ["--digest"] },
  dense: { none: ["--dense"] },
  "dry-run": TALK,
  inflate: { same: ["--inflate", "fflate"] },
  workers: { same: ["--workers", "0"] },
  launch: { same: ["--launch", "qemu"] },
  kernel: LAUNCH,
  initramfs: LAUNCH,
  memory: LAUNCH,
  cpus: LAUNCH,
  // An image that was let pass under one limit may not be under another.
  "max-bytes": { changes: ["--max-bytes", "1G"] },
  "max-entries": { changes: ["--max-entries", "1000"] },
  "max-layers": { changes: ["--max-layers", "10"] },
  "max-memory": { changes: ["--max-memory", "1M"] },
  timeout: TALK,
  format: TALK,
  progress: TALK,
  quiet: TALK,
  verbose: TALK,
};

beforeAll(() => {
  for (const architecture of ["amd64", "arm64"]) {
    buildLayout(scratch(architecture), {
      layers: [tar([{ path: "a", data: "a" }])],
      platform: { os: "linux", architecture },
    });
  }
  writeFileSync(scratch("env"), "B=2\n");
  writeFileSync(scratch("tar"), tar([{ path: "b" }]));
  writeFileSync(scratch("key"), `ssh-ed25519 ${Buffer.alloc(51).toString("base64")} somebody\n`);
});

const FILES: Readonly<Record<string, string>> = { FILE: "env", OUT: "image", TAR: "tar", KEY: "key" };

function noStdin(): never {
  throw new Error("nothing is read from standard input");
}

/** Null where nothing is kept. */
async function keyOf(words: readonly string[], env = {}): Promise<string | null> {
  const architecture = words.includes("linux/arm64") ? "arm64" : "amd64";
  const given = words.map((word) =>
    word.replace(/^(?:FILE|OUT|TAR|KEY)\b/, (name) => scratch(FILES[name] ?? "")),
  );
  const out = words.includes("--output") ? [] : ["--out", scratch("out")];
  const platform = words.includes("--platform") ? [] : ["--platform", "linux/amd64"];
  const args = argumentsOf(["convert", `oci:${scratch(architecture)}`, ...out, ...platform, ...given]);
  const line = await splitCommandLine(args);
  checkCommandLine(line, args);
  const request = convertRequest(line, env);
  const edits = editsOf(line, { openStdin: noStdin, stdinIsTerminal: true });
  const source = parseSourceReference(request.source);
  const plan = await planConversion({ ...request, source, ...(edits === undefined ? {} : { edits }) });
  return plan.resultKey;
}

test("each option has the effect on the key that it should, and none is forgotten", async () => {
  expect(Object.keys(EFFECTS).sort()).toEqual(Object.keys(CONVERT_OPTIONS).sort());
  const base = await keyOf([]);
  const changed = new Map<string | null, string>([[base, "no option"]]);
  for (const [name, effect] of Object.entries(EFFECTS)) {
    if ("same" in effect) expect([name, await keyOf(effect.same)]).toEqual([name, base]);
    if ("none" in effect) {
      // Without a Gondolin here it is not even planned.
      expect([name, await keyOf(effect.none).catch(() => null)]).toEqual([name, null]);
    }
    if ("edit" in effect) expect([name, await keyOf([`--${name}`, effect.edit])]).toEqual([name, null]);
    if (!("changes" in effect)) continue;
    const key = await keyOf(effect.changes);
    // Another one than without, and than that of every other option.
    expect([name, changed.get(key)]).toEqual([name, undefined]);
    changed.set(key, name);
  }
  expect(await keyOf([], { SOURCE_DATE_EPOCH: "1" })).not.toBe(base);
  // What is as it is by default is the same whether it is said or not.
  expect(await keyOf(["--fs", "ext4", "--size", "auto", "--label", "rootfs", "--profile", "baseline"])).toBe(
    base,
  );
});

const FACTS: ResultFacts = {
  format: 1,
  program: "1.2.3",
  image: sha256Of(Buffer.from("image")),
  platform: "linux/arm64/v8",
  filesystem: "erofs",
  facts: { fs: "erofs", compress: "lz4:1", cluster: undefined },
  label: "rootfs",
  uuid: null,
  time: 1577836800,
  verity: false,
  readOnly: true,
  digest: false,
  profile: "init",
  settings: { workload: { cmd: ["ä", "b"], env: undefined }, ip: "dhcp" },
  beside: ["bootstrap.json"],
  limits: { bytes: undefined, entries: 1, layers: 2, memory: 3 },
};

test("the key of the same facts is the same for ever", () => {
  const text =
    '{"beside":["bootstrap.json"],"digest":false,"facts":{"compress":"lz4:1","fs":"erofs"},"filesystem":"erofs","format":1,' +
    '"image":"sha256:6105d6cc76af400325e94d588ce511be5bfdbb73b437dc51eca43917d7a43e3d","label":"rootfs",' +
    '"limits":{"entries":1,"layers":2,"memory":3},"platform":"linux/arm64/v8","profile":"init","program":"1.2.3",' +
    '"readOnly":true,"settings":{"ip":"dhcp","workload":{"cmd":["ä","b"]}},"time":1577836800,"uuid":null,"verity":false}';
  expect(resultKey(FACTS)).toBe(sha256Of(Buffer.from(text)));
  const backwards = Object.fromEntries(Object.entries(FACTS).reverse()) as unknown as ResultFacts;
  expect(resultKey(backwards)).toBe(resultKey(FACTS));
});

test("where images get other bytes, results have another format", () => {
  const golden = readFileSync(join(import.meta.dir, "../convert/golden.test.ts"), "utf8");
  const from = golden.indexOf("const GOLDEN");
  const table = golden.slice(from, golden.indexOf("\n};\n", from));
  const digest = createHash("sha256").update(table).digest("hex").slice(0, 16);
  // Whoever changes the one changes the other; only a new row is no new format.
  expect([RESULT_FORMAT, digest]).toEqual([3, "81eda1abecf47679"]);
});
