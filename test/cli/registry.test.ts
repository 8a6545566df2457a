import { describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type RealRegistry, withRegistry } from "../support/docker-registry.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { run, testWith } from "../support/oracles.ts";
import { tar } from "../support/tar-builder.ts";
import { unread } from "../support/unread.ts";
import { runWith } from "./fake-host.ts";

const MAIN = join(import.meta.dir, "../../src/cli/main.ts");

/** The command as a user runs it, with nothing of this machine's own credentials and cache. */
function docker2vm(folder: string, args: readonly string[], input?: string) {
  const env = { HOME: folder, XDG_CACHE_HOME: join(folder, "cache"), DOCKER_CONFIG: folder };
  return run(process.execPath, [MAIN, ...args], { env, input });
}

function rootfs(folder: string, out: string): string {
  return createHash("sha256")
    .update(readFileSync(join(folder, out, "rootfs.ext4")))
    .digest("hex");
}

/** An image of two layers, on disk and in the registry. */
function publish(registry: RealRegistry, folder: string): { layout: string; name: string } {
  const layout = join(folder, "layout");
  const layers = [
    tar([{ path: "a", data: "a".repeat(100_000) }]),
    tar([{ path: ".wh.a" }, { path: "b", data: "b" }]),
  ];
  buildLayout(layout, { layers, tag: "latest", config: { Cmd: ["/b"] } });
  registry.push(`oci:${layout}:latest`, "team/app:1.0");
  return { layout, name: `${registry.host}/team/app:1.0` };
}

describe("docker2vm convert NAME", () => {
  testWith(
    ["docker-registry", "skopeo"],
    "makes what the image on disk makes, and again from the cache alone",
    () =>
      withRegistry({}, async (registry, folder) => {
        const { layout, name } = publish(registry, folder);
        const convert = (source: string, out: string, ...more: readonly string[]) =>
          docker2vm(folder, [
            "convert",
            source,
            "--platform",
            "linux/amd64",
            "--out",
            join(folder, out),
            ...more,
          ]);
        expect(convert(`oci:${layout}`, "disk").status).toBe(0);
        const pulled = convert(name, "pulled");
        expect(pulled.stderr).toContain("layer 1/2");
        expect(pulled.stdout).toContain(`docker://${name}`);
        expect(rootfs(folder, "pulled")).toBe(rootfs(folder, "disk"));

        expect(convert(`docker://${name}`, "offline", "--offline").status).toBe(0);
        expect(rootfs(folder, "offline")).toBe(rootfs(folder, "disk"));
        const uncached = convert(name, "uncached", "--offline", "--no-cache");
        expect([uncached.status, readdirSync(folder).includes("uncached")]).toEqual([2, false]);
      }),
  );

  const user = { username: "puller", password: "s3cret" };
  testWith(["docker-registry", "skopeo"], "takes a password from standard input, and a CA", () =>
    withRegistry({ user, tls: true }, async (registry, folder) => {
      const { name } = publish(registry, folder);
      const args = ["convert", "--image", name, "--platform", "linux/amd64", "--ca", registry.caFile];
      const denied = docker2vm(folder, [...args, "--out", join(folder, "denied")]);
      expect(denied.status).toBe(4);
      const login = ["--username", user.username, "--password-stdin"];
      const wrong = docker2vm(folder, [...args, ...login, "--out", join(folder, "wrong")], "guess\n");
      expect(wrong.status).toBe(4);
      expect(wrong.stderr).not.toContain("guess");
      const granted = docker2vm(
        folder,
        [...args, ...login, "--out", join(folder, "out")],
        `${user.password}\n`,
      );
      expect([granted.status, granted.stderr.includes(user.password)]).toEqual([0, false]);
    }),
  );

  test("does not take a password without a user, nor a user without one", async () => {
    for (const half of [["--username", "me"], ["--password-stdin"]]) {
      const ran = await runWith(["convert", "app", "--out", "vm", ...half]);
      expect([ran.code, ran.options]).toEqual([2, undefined]);
      expect(ran.stderr).toContain("--username and --password-stdin go together");
    }
  });

  test("does not take image and password from the same standard input", async () => {
    for (const command of [
      ["convert", "-", "--out", "vm"],
      ["inspect-image", "-"],
    ]) {
      const ran = await runWith(
        [...command, "--username", "me", "--password-stdin"],
        {},
        { openStdin: unread },
      );
      expect([ran.code, ran.stderr]).toEqual([2, expect.stringContaining("standard input is the image")]);
    }
  });

  test("hands every option for the registry on", async () => {
    const many = [
      "--insecure-registry",
      "a:1",
      "--insecure-registry",
      "b",
      "--mirror",
      "m",
      "--trust-auth-realm",
      "auth.lan",
      "--concurrency",
      "2",
    ];
    const rest = ["--ca", "ca.pem", "--cache-dir", "c", "--offline", "--verify-key", "k.pub"];
    const { options } = await runWith(["convert", "app", "--out", "vm", ...many, ...rest]);
    expect(options?.registry).toMatchObject({
      insecureHosts: ["a:1", "b"],
      mirrors: ["m"],
      trustedRealms: ["auth.lan"],
      concurrency: 2,
      caFile: "ca.pem",
      cacheFolder: "c",
      offline: true,
      verifyKeyFile: "k.pub",
    });
  });
});

describe("conversions that share a cache", () => {
  /** An image whose layers take a while. */
  function publishLarge(registry: RealRegistry, folder: string): string {
    const layout = join(folder, "large");
    const layers = [1, 2].map((n) => tar([{ path: `noise${n}`, data: randomBytes(24_000_000) }]));
    buildLayout(layout, { layers, tag: "latest", compress: "none" });
    registry.push(`oci:${layout}:latest`, "team/large:1.0");
    return `${registry.host}/team/large:1.0`;
  }

  function start(folder: string, name: string, out: string) {
    const env = { ...process.env, HOME: folder, XDG_CACHE_HOME: join(folder, "cache") };
    const args = [
      "convert",
      name,
      "--platform",
      "linux/amd64",
      "--out",
      join(folder, out),
      "--progress",
      "json",
    ];
    const child = spawn(process.execPath, [MAIN, ...args], { env });
    const ended = new Promise((resolve) => child.on("close", resolve));
    return { child, ended };
  }

  function expectSound(folder: string): void {
    const { stdout } = docker2vm(folder, ["cache", "verify", "--json"]);
    // Manifest, config, two layers, and those as they are unpacked.
    expect(JSON.parse(stdout)).toMatchObject({ sound: 6, damaged: [] });
    expect(readdirSync(join(folder, "cache/docker2vm/tmp"))).toEqual([]);
  }

  testWith(["docker-registry", "skopeo"], "at the same time both succeed, and make the same", () =>
    withRegistry({}, async (registry, folder) => {
      const name = publishLarge(registry, folder);
      const both = [start(folder, name, "one"), start(folder, name, "two")];
      expect(await Promise.all(both.map(({ ended }) => ended))).toEqual([0, 0]);
      expect(rootfs(folder, "one")).toBe(rootfs(folder, "two"));
      expectSound(folder);
    }),
  );

  testWith(
    ["docker-registry", "skopeo"],
    "after one was killed in the middle succeed, and tidy up behind it",
    () =>
      withRegistry({}, async (registry, folder) => {
        const name = publishLarge(registry, folder);
        const killed = start(folder, name, "out");
        await new Promise<void>((resolve) => {
          killed.child.stderr.setEncoding("utf8").on("data", (text: string) => {
            if (text.includes('"type":"layer"')) resolve();
          });
        });
        killed.child.kill("SIGKILL");
        await killed.ended;
        expect(readdirSync(join(folder, "out")).map((entry) => entry.startsWith(".docker2vm-"))).toEqual([
          true,
        ]);

        expect(await start(folder, name, "out").ended).toBe(0);
        expect(readdirSync(join(folder, "out")).sort()).toEqual(["meta.json", "rootfs.ext4"]);
        expectSound(folder);
      }),
  );
});

describe("docker2vm inspect-image and cache", () => {
  testWith(["docker-registry", "skopeo"], "tell of an image and of what was kept", () =>
    withRegistry({}, async (registry, folder) => {
      const { layout, name } = publish(registry, folder);
      const told = docker2vm(folder, ["inspect-image", name, "--platform", "linux/amd64", "--json"]);
      const onDisk = docker2vm(folder, [
        "inspect-image",
        `oci:${layout}`,
        "--platform",
        "linux/amd64",
        "--json",
      ]);
      const image = JSON.parse(told.stdout).image;
      expect(image).toEqual(JSON.parse(onDisk.stdout).image);
      expect(image).toMatchObject({ platform: "linux/amd64", runtime: { cmd: ["/b"] } });
      expect(image.layers).toHaveLength(2);

      // The documents were kept, the layers not asked for.
      const kept = JSON.parse(docker2vm(folder, ["cache", "ls", "--json"]).stdout).blobs;
      expect(kept.map(({ digest }: { digest: string }) => digest)).toContain(image.digest);
      expect(kept.map(({ digest }: { digest: string }) => digest)).not.toContain(image.layers[0].digest);
      const file = join(folder, "cache/docker2vm/blobs", image.digest.replace(":", "/"));
      writeFileSync(file, "damaged");
      expect(docker2vm(folder, ["cache", "verify"]).stdout).toContain(`damaged, removed: ${image.digest}`);
      expect(docker2vm(folder, ["cache", "prune"]).stdout).toStartWith("removed 1 blobs");
      expect(docker2vm(folder, ["cache", "ls"]).stdout).toStartWith("0 blobs");
    }),
  );

  test("refuse what they cannot take", async () => {
    for (const args of [
      ["cache"],
      ["cache", "clean"],
      ["cache", "ls", "x"],
      ["cache", "prune", "--older-than", "1y"],
    ]) {
      expect((await runWith(args)).code).toBe(2);
    }
  });
});
