/** One image as each kind of filesystem, edited: the same bytes wherever it comes from, whoever converts it, on any number of threads. */
import { beforeAll, describe, expect } from "bun:test";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { convert } from "../../src/convert/convert.ts";
import type { FilesystemSettings } from "../../src/convert/options.ts";
import type { Edit } from "../../src/edits/edit.ts";
import { noise } from "../registry/support.ts";
import { withRegistry } from "../support/docker-registry.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { runOk, testWith } from "../support/oracles.ts";
import { installPackage, PACKAGE } from "../support/package.ts";
import { scratchFolder } from "../support/scratch.ts";
import { type TarItem, tar } from "../support/tar-builder.ts";

const scratch = scratchFolder();
const UUID = "11111111-2222-4333-8444-555555555555";
const NODE = Bun.which("node") ?? "node";

const KINDS: readonly FilesystemSettings[] = [
  { type: "ext4" },
  { type: "ext3" },
  { type: "ext2" },
  { type: "erofs" },
  { type: "erofs", compress: "lz4" },
  { type: "xfs" },
];

/** Layers that change what is below them, with contents that shrink and some that do not. */
function layers(): Uint8Array[] {
  return [1, 2, 3, 4].map((seed) => {
    const files = Array.from({ length: 30 }, (_, n): TarItem => {
      const data = n % 2 === 0 ? noise(n * 400, n) : Buffer.alloc(n * 700, `file ${n} `);
      return { path: `d/f${(n * 7 * seed) % 60}`, data };
    });
    const big = {
      path: `big${seed}`,
      data: seed % 2 === 0 ? noise(1_500_000, seed) : Buffer.alloc(900_000, "text "),
    };
    const gone = seed > 1 ? [{ path: `.wh.big${seed - 1}` }] : [];
    return tar([big, ...files, { path: `link${seed}`, type: "symlink", linkname: "d" }, ...gone]);
  });
}

let installed = "";
beforeAll(() => {
  installed = installPackage(scratch("package"));
  writeFileSync(scratch("added"), Buffer.alloc(1_234_567, "added "));
  buildLayout(scratch("layout"), { layers: layers(), tag: "latest", created: "2024-05-06T07:08:09Z" });
});

interface Way {
  readonly runtime?: string;
  readonly stdin?: string;
  readonly options?: readonly string[];
  /** The cache's folder that has layers as they are unpacked, or gets them. */
  readonly layers?: string;
}

let outs = 0;

/** The digest of what the command makes. */
async function made(
  kind: readonly string[],
  source: string,
  { runtime = process.execPath, stdin, options = [], layers }: Way = {},
): Promise<string> {
  const out = scratch(`out${outs++}`);
  const program = join(installed, PACKAGE.bin.docker2vm);
  const args = [
    program,
    "convert",
    "--no-result-cache",
    source,
    "--platform",
    "linux/amd64",
    "--out",
    out,
    "--uuid",
    UUID,
    ...["--add", `${scratch("added")}:/added`, "--chown-tree", "3:/d", "--hosts", "db:10.0.0.7"],
    ...kind,
    ...options,
    ...(layers === undefined ? ["--layer-store", "off"] : ["--cache-dir", layers]),
  ];
  const child = spawn(runtime, args, { stdio: ["pipe", "ignore", "pipe"] });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  if (stdin === undefined) child.stdin.end();
  else await pipeline(createReadStream(stdin), child.stdin);
  if ((await ended) !== 0) throw new Error(errors);
  const name = readdirSync(out).find((entry) => entry.startsWith("rootfs."));
  return digestOf(join(out, name ?? "no image"));
}

async function byLibrary(filesystem: FilesystemSettings, workers: number): Promise<string> {
  const edits: Edit[] = [
    { type: "add", source: scratch("added"), path: "/added" },
    { type: "chown", path: "/d", user: 3, recursive: true },
    { type: "host", name: "db", address: "10.0.0.7" },
  ];
  const options = { filesystem: { ...filesystem, uuid: UUID }, workers, platform: "linux/amd64", edits };
  const { rootfsPath } = await convert({
    source: `oci:${scratch("layout")}`,
    out: scratch(`out${outs++}`),
    ...options,
  });
  return digestOf(rootfsPath);
}

function digestOf(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

describe("the same bytes", () => {
  for (const filesystem of KINDS) {
    const { type = "", compress } = filesystem;
    const kind = ["--fs", type, ...(compress === undefined ? [] : ["--compress", compress])];
    testWith(["skopeo", "docker-registry"], `by every route, ${kind.join(" ")}`, async () => {
      const layout = `oci:${scratch("layout")}`;
      const copied = (form: string, file: string, tag = ""): string => {
        const path = scratch(`${outs}-${file}`);
        runOk("skopeo", ["copy", "-q", `${layout}:latest`, `${form}:${path}${tag}`]);
        return path;
      };
      const wanted = await made(kind, layout);
      const layers = scratch(`layers-${outs}`);
      const archive = copied("docker-archive", "saved.tar", ":image:latest");
      const ways: [string, Way][] = [
        [layout, { runtime: NODE }],
        [`oci-archive:${copied("oci-archive", "image.oci.tar")}`, {}],
        [`docker-archive:${archive}`, {}],
        ["-", { stdin: archive }],
        ["-", { stdin: archive, runtime: NODE }],
        // Each form is read and kept once, and then known.
        [layout, { layers }],
        [`docker-archive:${archive}`, { layers }],
        [layout, { layers, runtime: NODE }],
        ["-", { stdin: archive, layers, runtime: NODE }],
      ];
      for (const workers of [0, 1, 2, 3, 4])
        expect([workers, await byLibrary(filesystem, workers)]).toEqual([workers, wanted]);
      for (const [source, way] of ways)
        expect([source, way, await made(kind, source, way)]).toEqual([source, way, wanted]);
      await withRegistry({}, async ({ host, push }, folder) => {
        push(`${layout}:latest`, "image:latest");
        const reference = `${host}/image:latest`;
        const cache = ["--cache-dir", join(folder, "cache")];
        for (const options of [["--no-cache"], cache, cache, [...cache, "--offline"]]) {
          expect([options, await made(kind, reference, { options })]).toEqual([options, wanted]);
        }
        expect(await made(kind, reference, { options: cache, runtime: NODE })).toBe(wanted);
        expect(await made(kind, reference, { layers })).toBe(wanted);
      });
    });
  }
});
