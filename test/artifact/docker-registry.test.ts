import { describe, expect } from "bun:test";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pullArtifact } from "../../src/artifact/pull.ts";
import { pushArtifact } from "../../src/artifact/push.ts";
import { convert } from "../../src/convert/convert.ts";
import type { ConvertOptions } from "../../src/convert/options.ts";
import { noise } from "../registry/support.ts";
import { withRegistry } from "../support/docker-registry.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { run, runOk, testWith } from "../support/oracles.ts";
import { tar } from "../support/tar-builder.ts";

const MAIN = join(import.meta.dir, "../../src/cli/main.ts");
const MIB = 1 << 20;

/** An image in a layout; skopeo's name of it. */
function sampleImage(folder: string): string {
  const layers = [
    tar([
      { path: "noise", data: noise(2 * MIB, 1) },
      { path: "bin/app", data: "app" },
    ]),
  ];
  buildLayout(join(folder, "image"), { layers, tag: "1", config: { Cmd: ["/bin/app"] } });
  return `oci:${join(folder, "image")}:1`;
}

describe("debian's docker-registry has every kind of result, and gives the very same files back", () => {
  const kinds: readonly (readonly [string, Partial<ConvertOptions>, readonly string[]])[] = [
    [
      "ext4 with holes of many pieces, verity and an empty disk beside it",
      {
        filesystem: { size: 200 * MIB, verity: true },
        writableDisk: { size: 16 * MIB },
        profile: { name: "init" },
        launch: { monitors: ["qemu", "firecracker"] },
      },
      ["rootfs.ext4", "writable.ext4", "bootstrap.json", "qemu.sh", "firecracker.json", "meta.json"],
    ],
    ["erofs", { filesystem: { type: "erofs" } }, ["rootfs.erofs", "meta.json"]],
  ];
  for (const [what, options, names] of kinds) {
    testWith(["docker-registry"], what, () =>
      withRegistry({}, async ({ host }, folder) => {
        const vm = join(folder, "vm");
        await convert({ source: sampleImage(folder), platform: "linux/amd64", out: vm, ...options });
        const pushed = await pushArtifact(vm, `${host}/team/vm:1`, { environment: {} });
        expect([...pushed.files].sort()).toEqual([...names].sort());
        const out = join(folder, "back");
        const { digest } = await pullArtifact(`${host}/team/vm@${pushed.digest}`, { environment: {}, out });
        expect(digest).toBe(pushed.digest);
        for (const name of names) {
          expect(readFileSync(join(out, name)).equals(readFileSync(join(vm, name)))).toBe(true);
          expect(statSync(join(out, name)).mode).toBe(statSync(join(vm, name)).mode);
          const blocks = (at: string) => statSync(join(at, name)).blocks;
          expect(blocks(out)).toBeLessThanOrEqual(blocks(vm));
        }
        const again = await pushArtifact(vm, `${host}/team/vm:1`, { environment: {} });
        expect(again).toMatchObject({ digest, sentBytes: 0, blobs: { mounted: 0, sent: 0 } });
      }),
    );
  }
});

const USER = { username: "pusher", password: "pass:wörd" };

testWith(
  ["docker-registry", "skopeo", "openssl"],
  "by the command, with a password over TLS: a single file, what it was made of, another repository",
  () =>
    withRegistry({ user: USER, tls: true }, async ({ host, caFile, push, log }, folder) => {
      push(sampleImage(folder), "team/app:1");
      const env = { HOME: folder, XDG_CACHE_HOME: join(folder, "cache"), DOCKER_CONFIG: folder };
      const auth = Buffer.from(`${USER.username}:${USER.password}`).toString("base64");
      writeFileSync(join(folder, "config.json.auth"), JSON.stringify({ auths: { [host]: { auth } } }));
      const named = { ...env, REGISTRY_AUTH_FILE: join(folder, "config.json.auth") };
      const docker2vm = (...args: readonly string[]) => {
        const { status, stdout, stderr } = run(process.execPath, [MAIN, ...args, "--ca", caFile], {
          env: named,
        });
        expect(`${status}: ${stderr}`).toStartWith("0: ");
        return stdout;
      };
      const file = join(folder, "root.img");
      docker2vm(
        "convert",
        `${host}/team/app:1`,
        "--platform",
        "linux/amd64",
        "--output",
        file,
        "--meta",
        "--quiet",
      );
      const pushed = JSON.parse(docker2vm("push", file, `${host}/team/app:vm`, "--json"));
      const meta = JSON.parse(readFileSync(`${file}.meta.json`, "utf8"));
      expect(pushed).toMatchObject({ subject: meta.sourceDigest, files: ["root.img", "root.img.meta.json"] });
      // It has no list of what refers to an image.
      const manifests = ["inspect", "--raw", "--cert-dir", join(folder, "certs.d")];
      const credentials = ["--creds", `${USER.username}:${USER.password}`];
      const raw = (of: string) =>
        JSON.parse(runOk("skopeo", [...manifests, ...credentials, `docker://${host}/${of}`]));
      const tag = meta.sourceDigest.replace(":", "-");
      expect(raw(`team/app:${tag}`).manifests).toMatchObject([{ digest: pushed.digest }]);
      expect(raw("team/app:vm")).toMatchObject({ artifactType: "application/vnd.docker2vm.image.v1" });

      docker2vm("push", file, `${host}/team/other:1`, "--mount-from", "team/app");
      expect(log()).not.toContain("http.request.method=PATCH http.request.uri=/v2/team/other");
      const policy = join(folder, "policy.json");
      const layout = join(folder, "copied");
      runOk("skopeo", [
        ...["--policy", policy, "copy", "--quiet", "--src-cert-dir", join(folder, "certs.d")],
        ...["--src-creds", `${USER.username}:${USER.password}`],
        ...[`docker://${host}/team/other:1`, `oci:${layout}:1`],
      ]);
      expect(docker2vm("pull", `${host}/team/other:1`, "--out", join(folder, "back"))).toContain("root.img");
      for (const name of ["root.img", "root.img.meta.json"]) {
        expect(readFileSync(join(folder, "back", name)).equals(readFileSync(join(folder, name)))).toBe(true);
      }
      const denied = run(process.execPath, [MAIN, "push", file, `${host}/team/app:2`, "--ca", caFile], {
        env,
      });
      expect(denied.status).toBe(4);
    }),
);

testWith(["docker-registry"], "a changed disk sends what has changed alone", () =>
  withRegistry({}, async ({ host }, folder) => {
    const disk = join(folder, "disk.img");
    const contents = Buffer.alloc(70 * MIB);
    noise(MIB, 1).copy(contents, 5);
    noise(MIB, 2).copy(contents, 66 * MIB);
    writeFileSync(disk, contents);
    await pushArtifact(disk, `${host}/team/disk:1`, { environment: {} });
    contents[69 * MIB] = 1;
    writeFileSync(disk, contents);
    const { blobs } = await pushArtifact(disk, `${host}/team/disk:1`, { environment: {} });
    expect(blobs).toEqual({ there: 2, mounted: 0, sent: 1 });
    const out = join(folder, "back");
    await pullArtifact(`${host}/team/disk:1`, { environment: {}, out });
    expect(readFileSync(join(out, "disk.img")).equals(contents)).toBe(true);
  }),
);
