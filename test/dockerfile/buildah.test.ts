/** The one real builder that needs no daemon; in a storage of its own. */
import { afterAll, beforeAll, describe, expect } from "bun:test";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { convertDockerfile, type DockerfileResult } from "../../src/dockerfile/convert-dockerfile.ts";
import type { DockerfileOptions } from "../../src/dockerfile/options.ts";
import { withFilesystem } from "../filesystem/ext4/read/support.ts";
import { lookup } from "../filesystem/ext4/read/unpaused.ts";
import { contentsOf } from "../filesystem/reading/views.ts";
import { expectError } from "../support/expect-error.ts";
import { expectCleanIfChecked, findOracle, runOk, testWith } from "../support/oracles.ts";
import { until } from "../support/waiting.ts";

const SECRET = "nobody may see this";
const DOCKERFILE = `FROM scratch AS base
COPY busybox /bin/busybox
RUN ["/bin/busybox", "sh", "-c", "echo base > /made"]

FROM base AS final
ARG NAME=nobody
ENV GREETING=hello
COPY greeting /greeting
RUN --mount=type=secret,id=token ["/bin/busybox", "sh", "-c", \
  "/bin/busybox wc -c < /run/secrets/token > /secret-length; echo $NAME > /name; /bin/busybox chmod 4711 /name"]
CMD ["/bin/busybox", "cat", "/greeting"]

FROM base AS unused
RUN ["/bin/busybox", "false"]
`;

let folder = "";
let environment: Record<string, string | undefined> = {};
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "docker2vm-buildah-"));
  // vfs: the other drivers leave a mount in their folder.
  const storage = { driver: "vfs", graphroot: join(folder, "storage"), runroot: join(folder, "run") };
  const lines = Object.entries(storage).map(([name, value]) => `${name} = ${JSON.stringify(value)}\n`);
  writeFileSync(join(folder, "storage.conf"), `[storage]\n${lines.join("")}`);
  environment = { ...process.env, CONTAINERS_STORAGE_CONF: join(folder, "storage.conf") };
  writeFileSync(join(folder, "token"), SECRET);
  makeContext("context");
});
afterAll(() => {
  // Without root, what images hold belongs to users whom only buildah's namespace may touch.
  if (process.getuid?.() !== 0 && findOracle("buildah"))
    buildah("unshare", "rm", "-rf", join(folder, "storage"));
  rmSync(folder, { recursive: true, force: true });
});

function makeContext(name: string): string {
  const context = join(folder, name);
  mkdirSync(context);
  writeFileSync(join(context, "Dockerfile"), DOCKERFILE);
  writeFileSync(join(context, "greeting"), "good day\n");
  const busybox = findOracle("busybox");
  // Without it every test here is skipped.
  if (busybox !== undefined) copyFileSync(busybox, join(context, "busybox"));
  return context;
}

interface Built extends DockerfileResult {
  /** What buildah has said. */
  readonly output: string;
}

async function build(out: string, more: Partial<DockerfileOptions> = {}): Promise<Built> {
  let output = "";
  const result = await convertDockerfile({
    builder: "buildah",
    context: join(folder, "context"),
    target: "final",
    buildArgs: ["NAME=two words"],
    secrets: [`id=token,src=${join(folder, "token")}`],
    environment,
    out: join(folder, out),
    onBuild: (event) => {
      if (event.type === "build-output") output += event.text;
    },
    ...more,
  });
  return { ...result, output };
}

function buildah(...args: string[]): string[] {
  const { CONTAINERS_STORAGE_CONF = "" } = environment;
  return runOk("buildah", args, { env: { CONTAINERS_STORAGE_CONF } })
    .split("\n")
    .filter((line) => line !== "");
}

const images = (): string[] => buildah("images", "--all", "--quiet", "--no-trunc");
const containers = (): string[] => buildah("containers", "--quiet");

/** Of every process, its words with NULs between. */
function commandLines(): string[] {
  return readdirSync("/proc").flatMap((id) => {
    try {
      return /^\d+$/.test(id) ? [readFileSync(`/proc/${id}/cmdline`, "latin1")] : [];
    } catch {
      return [];
    }
  });
}

function filesOf(image: string, paths: readonly string[]): Record<string, string> {
  return withFilesystem(image, (filesystem) =>
    Object.fromEntries(
      paths.map((path) => [path, Buffer.from(contentsOf(filesystem, lookup(filesystem, path))).toString()]),
    ),
  );
}

describe("a Dockerfile built by buildah", () => {
  testWith(
    ["buildah", "busybox"],
    "becomes a clean filesystem of the stage, with argument and secret",
    async () => {
      const { rootfsPath, metadata, builder, warnings, output } = await build("first");
      expect(builder).toBe("buildah");
      expect(warnings).toEqual([]);
      expect(output).toContain("COPY greeting /greeting");
      expectCleanIfChecked(rootfsPath);
      expect(filesOf(rootfsPath, ["/made", "/name", "/secret-length", "/greeting"])).toEqual({
        "/made": "base\n",
        "/name": "two words\n",
        "/secret-length": `${SECRET.length}\n`,
        "/greeting": "good day\n",
      });
      expect(readFileSync(rootfsPath).includes(SECRET)).toBe(false);
      withFilesystem(rootfsPath, (filesystem) => {
        expect(lookup(filesystem, "/name").mode & 0o7777).toBe(0o4711);
        expect(() => lookup(filesystem, "/run/secrets/token")).toThrow();
      });
      expect(metadata).toMatchObject({
        source: { kind: "dockerfile", reference: join(folder, "context/Dockerfile") },
        runtime: {
          cmd: ["/bin/busybox", "cat", "/greeting"],
          env: expect.arrayContaining(["GREETING=hello"]),
        },
      });
      expect(containers()).toEqual([]);
    },
  );

  testWith(["buildah", "busybox"], "is the same image the second time, from the cache", async () => {
    const first = await build("cached");
    const before = images();
    const second = await build("again");
    expect(second.output.match(/Using cache/g)?.length).toBeGreaterThan(4);
    expect(second.metadata.sourceDigest).toBe(first.metadata.sourceDigest);
    expect(readFileSync(second.rootfsPath).equals(readFileSync(first.rootfsPath))).toBe(true);
    expect(images()).toEqual(before);
  });

  testWith(["buildah", "busybox"], "without a cache leaves the storage as it was", async () => {
    await build("warm");
    const before = images();
    const { output, rootfsPath } = await build("anew", { noCache: true });
    expect(output).not.toContain("Using cache");
    expect(filesOf(rootfsPath, ["/name"])).toEqual({ "/name": "two words\n" });
    expect(images()).toEqual(before);
  });

  testWith(["buildah", "busybox"], "of another platform is one of that platform", async () => {
    const file = join(folder, "Foreign");
    writeFileSync(file, "FROM scratch\nCOPY greeting /\n");
    const { metadata } = await build("foreign", { file, target: undefined, platform: "linux/arm64" });
    expect(metadata.platform).toStartWith("linux/arm64");
  });

  testWith(["buildah", "busybox"], "may have blanks, quotes, $() and line feeds in its names", async () => {
    const name = "a b\n'c' \"d\" $(touch oops) ,;&|*";
    const context = makeContext(name);
    const { rootfsPath } = await build(`out ${name}`, { context, buildArgs: [`NAME=${name}`] });
    expect(filesOf(rootfsPath, ["/greeting"])).toEqual({ "/greeting": "good day\n" });
  });

  testWith(
    ["buildah", "busybox"],
    "that cannot be built is told with the exit code and last lines",
    async () => {
      let thrown: unknown;
      await build("bad", { target: "unused" }).catch((error) => {
        thrown = error;
      });
      await expectError(Promise.reject(thrown), "E_BUILD_FAILED", "buildah build failed with exit code");
      expect(thrown).toMatchObject({
        output: expect.arrayContaining([expect.stringContaining("busybox false")]),
      });
      expect(existsSync(join(folder, "bad"))).toBe(false);
      expect(containers()).toEqual([]);
    },
  );

  testWith(["buildah", "busybox"], "leaves nothing when it is interrupted", async () => {
    // So long that no other process sleeps for as long.
    const seconds = `${1_000_000 + process.pid}`;
    const file = join(folder, "Endless");
    writeFileSync(file, `FROM scratch\nCOPY busybox /busybox\nRUN ["/busybox", "sleep", "${seconds}"]\n`);
    const controller = new AbortController();
    const building = build("endless", { file, target: undefined, signal: controller.signal });
    let ended = false;
    building
      .catch(() => undefined)
      .finally(() => {
        ended = true;
      });
    const sleepers = () => commandLines().filter((line) => line.includes(`sleep\0${seconds}`));
    await until(() => ended || sleepers().length > 0);
    expect(containers()).not.toEqual([]);
    controller.abort();
    await expectError(building, "E_INTERRUPTED");
    expect(containers()).toEqual([]);
    expect(existsSync(join(folder, "endless"))).toBe(false);
    // What was killed is gone soon, not at once.
    await until(() => sleepers().length === 0);
  });
});
