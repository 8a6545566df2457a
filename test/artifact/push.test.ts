import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pullArtifact } from "../../src/artifact/pull.ts";
import { type PushOptions, pushArtifact } from "../../src/artifact/push.ts";
import { convert } from "../../src/convert/convert.ts";
import { noise, TestTiming } from "../registry/support.ts";
import { demandToken } from "../registry/token-server.ts";
import { expectError } from "../support/expect-error.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { scratchFolder } from "../support/scratch.ts";
import { type ScriptedRegistry, sendStatus } from "../support/scripted-registry.ts";
import { tar } from "../support/tar-builder.ts";
import { until } from "../support/waiting.ts";
import { TakingRegistry } from "./uploads.ts";

const scratch = scratchFolder();
const MAIN = join(import.meta.dir, "../../src/cli/main.ts");
const TAG = "team/vm:1";

let source = "";
let open: ScriptedRegistry[] = [];

beforeAll(async () => {
  const layers = [tar([{ path: "noise", data: noise(3 << 20, 1) }])];
  const built = buildLayout(scratch("image"), { layers, tag: "1" });
  source = built.manifest.digest;
  await convert({
    source: `oci:${scratch("image")}:1`,
    platform: "linux/amd64",
    out: scratch("vm"),
    filesystem: { size: "min" },
  });
});

afterEach(() => {
  for (const registry of open) registry.close();
  open = [];
});

async function taking(listsReferrers = false) {
  const uploads = await TakingRegistry.start(listsReferrers);
  open.push(uploads.registry);
  const { registry, begun } = uploads;
  const options: PushOptions = { environment: {}, timing: new TestTiming() };
  return { registry, begun, changes: () => uploads.changes(), name: `${registry.host}/${TAG}`, options };
}

/** What was pushed is what was converted. */
async function expectPulled(name: string): Promise<void> {
  await pullArtifact(name, { environment: {}, out: scratch("back"), force: true });
  for (const file of ["rootfs.ext4", "meta.json"]) {
    expect(readFileSync(scratch("back", file)).equals(readFileSync(scratch("vm", file)))).toBe(true);
  }
  rmSync(scratch("back"), { recursive: true });
}

describe("an upload that fails in the middle", () => {
  test("goes on where the registry stands", async () => {
    const { registry, begun, name, options } = await taking();
    const sizes: number[] = [];
    registry.rule(({ method, url, bytes }, response) => {
      if (method !== "PATCH") return false;
      sizes.push(bytes.length);
      if (sizes.length > 1) return false;
      // Most has arrived when the connection ends.
      begun.set(/uploads\/(\d+)/.exec(url)?.[1] ?? "", Buffer.from(bytes.subarray(0, 2 << 20)));
      response.socket?.destroy();
      return true;
    });
    await pushArtifact(scratch("vm"), name, options);
    const [all = 0, rest = 0] = sizes;
    expect(all - rest).toBe(2 << 20);
    await expectPulled(name);
  });

  test("begins anew where the registry knows it no more", async () => {
    const { registry, begun, name, options } = await taking();
    let breaks = 0;
    registry.rule(({ method, url }, response) => {
      if (method !== "PATCH" || ++breaks > 2) return false;
      begun.delete(/uploads\/(\d+)/.exec(url)?.[1] ?? "");
      return breaks === 1 ? sendStatus(response, 503) : sendStatus(response, 404, {}, "BLOB_UPLOAD_UNKNOWN");
    });
    await pushArtifact(scratch("vm"), name, options);
    expect(breaks).toBe(3);
    await expectPulled(name);
  });

  test("is given up where it fails for ever, and no tag is there", async () => {
    const { registry, name, options } = await taking();
    registry.rule(({ method }, response) => method === "PATCH" && sendStatus(response, 503));
    await expectError(pushArtifact(scratch("vm"), name, options), "E_NETWORK", "rootfs.ext4 at 0", "503");
    expect([...registry.manifests.keys()]).toEqual([]);
  });

  test("through an answer that leads to plain http or nowhere is an error", async () => {
    const { registry, name, options } = await taking();
    registry.rule(({ method }, response) => method === "POST" && sendStatus(response, 202));
    await expectError(pushArtifact(scratch("vm"), name, options), "E_NETWORK", "no place for the upload");
  });
});

describe("rights", () => {
  test("are asked for by name, to write and to mount", async () => {
    const { registry, name, options } = await taking();
    const server = demandToken({ registry });
    await pushArtifact(scratch("vm"), name, { ...options, mountFrom: ["team/other"] });
    const scopes = server.asked.flatMap(({ url }) => new URL(url, "http://x").searchParams.getAll("scope"));
    expect(scopes).toContain("repository:team/vm:pull,push");
    expect(scopes).toContain("repository:team/other:pull");
    expect(server.asked).toHaveLength(1);
  });

  test("that are missing are told before anything is compressed", async () => {
    const { registry, name, options, changes } = await taking();
    registry.rule(
      ({ method }, response) => method === "POST" && sendStatus(response, 403, {}, "DENIED", "read only"),
    );
    await expectError(pushArtifact(scratch("vm"), name, options), "E_DENIED", "read only", "config");
    expect(changes()).toEqual(["POST uploads/"]);
  });

  test("are not told to another server that an upload leads to", async () => {
    const { registry, name, options } = await taking();
    const other = await taking();
    const password = { username: "me", password: "secret" };
    registry.rule(({ method, authorization }, response) => {
      if (authorization === undefined) return sendStatus(response, 401, { "www-authenticate": "Basic" });
      if (method !== "POST") return false;
      other.begun.set("7", Buffer.alloc(0));
      return sendStatus(response, 202, { location: `http://${other.registry.host}/v2/x/blobs/uploads/7` });
    });
    const pushing = pushArtifact(scratch("vm"), name, { ...options, credentials: password });
    await pushing.catch(() => undefined);
    expect(other.registry.seen.length).toBeGreaterThan(0);
    expect(other.registry.seen.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
  });
});

describe("the manifest", () => {
  test("refers to the image it was made of, where that is in the repository: listed by the registry", async () => {
    const { registry, name, options, changes } = await taking(true);
    registry.addLayout(scratch("image"), "app");
    const { subject, digest } = await pushArtifact(scratch("vm"), name, options);
    expect(subject).toBe(source as typeof digest);
    expect(
      JSON.parse(Buffer.from(registry.manifests.get(digest)?.bytes ?? []).toString("utf8")),
    ).toMatchObject({
      artifactType: "application/vnd.docker2vm.image.v1",
      subject: { mediaType: "application/vnd.oci.image.manifest.v1+json", digest: source },
      annotations: { "docker2vm.source-digest": source, "docker2vm.filesystem": "ext4" },
    });
    expect(changes().filter((change) => change.includes("manifests"))).toEqual([
      `PUT manifests/${digest}`,
      "PUT manifests/1",
    ]);
  });

  test("is listed under the tag that stands in for the list, beside what others have put there", async () => {
    const { registry, name, options } = await taking();
    registry.addLayout(scratch("image"), "app");
    const tag = source.replace(":", "-");
    const index = "application/vnd.oci.image.index.v1+json";
    const others = {
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      digest: source,
      size: 1,
      odd: true,
    };
    const written = (entries: readonly object[]) =>
      registry.putManifest(Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: entries })), index, tag);
    written([others]);
    let races = 0;
    registry.rule(({ method, url }, response) => {
      if (method !== "PUT" || !url.includes(tag) || ++races > 1) return false;
      // Somebody else writes at the same time, and knows nothing of it.
      written([others, { ...others, size: 2 }]);
      return sendStatus(response, 201);
    });
    const { digest } = await pushArtifact(scratch("vm"), name, options);
    const listed = JSON.parse(Buffer.from(registry.manifests.get(tag)?.bytes ?? []).toString("utf8"));
    expect(listed.manifests).toMatchObject([
      others,
      { ...others, size: 2 },
      {
        digest,
        artifactType: "application/vnd.docker2vm.image.v1",
        annotations: { "docker2vm.platform": "linux/amd64" },
      },
    ]);
    await pushArtifact(scratch("vm"), name, options);
    expect(races).toBe(2);
  });
});

test("two pushes at once are both there, and so is what a third sends after them", async () => {
  const { name, options } = await taking();
  const digests = await Promise.all(
    [1, 2].map(async () => (await pushArtifact(scratch("vm"), name, options)).digest),
  );
  const again = await pushArtifact(scratch("vm"), name, options);
  expect(digests).toEqual([again.digest, again.digest]);
  expect(again.blobs).toEqual({ there: 3, mounted: 0, sent: 0 });
  await expectPulled(name);
});

for (const [moment, pattern] of [
  ["begins its first upload", /^POST/],
  ["is sending a piece", /^PATCH/],
  ["ends an upload", /^PUT .*uploads/],
  ["puts the manifest", /^PUT .*manifests\/sha256/],
  ["gives it its tag", /^PUT .*manifests\/1$/],
] as const) {
  test(`a push that is killed when it ${moment} has no tag, and the next one completes it`, async () => {
    const { registry, name, options } = await taking();
    let held = false;
    registry.rule(({ method, url }) => {
      const isIt = !held && pattern.test(`${method} ${url}`);
      held ||= isIt;
      return isIt;
    });
    const child = spawn(process.execPath, [MAIN, "push", scratch("vm"), name], { stdio: "ignore" });
    const ended = new Promise((resolve) => child.on("close", resolve));
    await until(() => held);
    child.kill("SIGKILL");
    await ended;
    expect(registry.manifests.has("1")).toBe(false);
    await pushArtifact(scratch("vm"), name, options);
    await expectPulled(name);
  });
}

test("who wants to convert what was pushed is told how to have it", async () => {
  const { name, options } = await taking();
  await pushArtifact(scratch("vm"), name, options);
  const converting = convert({ source: name, platform: "linux/amd64", out: scratch("none") });
  await expectError(converting, "E_UNSUPPORTED", "not a container image", "docker2vm pull");
});

describe("what is no result of a conversion is refused", () => {
  const push = (path: string, name = "localhost:1/x:1") => pushArtifact(path, name, { environment: {} });

  test("nothing, a folder without meta.json, one that lacks a disk", async () => {
    await expectError(push(scratch("nothing")), "E_IMAGE_NOT_FOUND", "there is no such file");
    await expectError(push(scratch("image")), "E_IMAGE_NOT_FOUND", "there is no meta.json");
    const meta = JSON.parse(readFileSync(scratch("vm/meta.json"), "utf8"));
    writeFileSync(scratch("image/meta.json"), JSON.stringify(meta));
    await expectError(push(scratch("image")), "E_IMAGE_NOT_FOUND", "rootfs.ext4 is not there");
    writeFileSync(scratch("image/meta.json"), "{}");
    await expectError(push(scratch("image")), "E_USAGE", "filesystem", "convert the image once more");
    rmSync(scratch("image/meta.json"));
    await expectError(push("/dev/null"), "E_USAGE", "no regular file");
  });

  test("a name with a digest in place of a tag", async () => {
    await expectError(push(scratch("vm"), `localhost:1/x@${source}`), "E_USAGE", "gets a tag");
  });

  test("what else is in the folder stays there, and is named", async () => {
    const { name, options } = await taking();
    writeFileSync(scratch("vm/notes.txt"), "mine");
    writeFileSync(scratch("vm/rootfs.xfs"), randomBytes(10));
    const { files, leftOut } = await pushArtifact(scratch("vm"), name, options);
    expect(files).toEqual(["rootfs.ext4", "meta.json"]);
    expect(leftOut).toEqual(["notes.txt", "rootfs.xfs"]);
    for (const other of leftOut) rmSync(scratch("vm", other));
    expect(readdirSync(scratch("vm")).sort()).toEqual(["meta.json", "rootfs.ext4"]);
  });
});
