import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Headers as Header, pack } from "tar-stream";
import { parsePlatform } from "../../src/oci/platform.ts";
import { readPlace } from "../../src/source/folder-store.ts";
import { openSource } from "../../src/source/open.ts";
import type { ImageChoice, ImageSource, ImageSpec, ResolvedImage } from "../../src/source/source.ts";
import { buildLayout, json, sha256 } from "../support/layout-builder.ts";

export const AMD64 = parsePlatform("linux/amd64");
export const ARM64 = parsePlatform("linux/arm64");

export async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "docker2vm-source-"));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** With what goes into an extended header before it. */
type ExtendedHeader = Header & { readonly pax?: Readonly<Record<string, string>> };

export type Entry = readonly [name: string | ExtendedHeader, content?: Uint8Array];

/** A tar archive of the entries, in order. */
export async function tarOf(entries: readonly Entry[]): Promise<Buffer> {
  const tar = pack();
  for (const [header, content] of entries) {
    tar.entry(typeof header === "string" ? { name: header } : header, Buffer.from(content ?? []));
  }
  tar.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of tar) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The files of a folder as tar entries, sorted by name. */
export function entriesOf(folder: string): Entry[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name))
    .sort()
    .map((path): Entry => [path.slice(folder.length + 1), readFileSync(path)]);
}

export const LAYERS = [Buffer.from("base".repeat(5000)), Buffer.from("top".repeat(3000))] as const;

/** A docker-archive of LAYERS in the form that docker wrote before version 25. */
export function savedImage(tag: string | null, architecture = "amd64") {
  const config = json({
    os: "linux",
    architecture,
    config: { Cmd: ["/bin/sh"] },
    rootfs: { type: "layers", diff_ids: LAYERS.map(sha256) },
  });
  const configName = `${sha256(config).slice("sha256:".length)}.json`;
  const image = {
    Config: configName,
    RepoTags: tag === null ? null : [tag],
    Layers: ["a/layer.tar", "b/layer.tar"],
  };
  const entries: Entry[] = [
    ["a/layer.tar", LAYERS[0]],
    ["b/layer.tar", LAYERS[1]],
    [configName, config],
  ];
  return { image, entries, imageId: sha256(config) };
}

/** Writes a tar of the entries to a file of the folder and returns its path. */
export async function writeTar(
  folder: string,
  entries: readonly Entry[],
  name = "image.tar",
): Promise<string> {
  const path = join(folder, name);
  writeFileSync(path, await tarOf(entries));
  return path;
}

/** A layout with one image of LAYERS. */
export function simpleLayout(folder: string) {
  return buildLayout(folder, { layers: LAYERS });
}

export async function withSource<T>(
  spec: ImageSpec,
  scratchFolder: string,
  use: (source: ImageSource) => Promise<T>,
): Promise<T> {
  const source = await openSource(spec, { scratchFolder });
  try {
    return await use(source);
  } finally {
    await source.close();
  }
}

/** Resolves and reads every layer to its end. */
export async function readImage(spec: ImageSpec, scratchFolder: string, platform = AMD64) {
  return withSource(spec, scratchFolder, async (source) => {
    const image = await source.resolve(platform);
    return { image, origin: source.origin, contents: await readLayers(image) };
  });
}

/** What the layers are: the same for a thread that reads where the bytes lie. */
export async function readLayers(image: ResolvedImage): Promise<Buffer[]> {
  const contents: Buffer[] = [];
  for (const layer of image.layers) {
    const content = await collect(layer.open());
    if (layer.place !== undefined)
      expect(Buffer.concat([...readPlace(layer.place)]).equals(content)).toBe(true);
    contents.push(content);
  }
  return contents;
}

export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

export const oci = (path: string, select?: ImageChoice): ImageSpec => ({
  kind: "oci-archive",
  path,
  select,
});
export const docker = (path: string, select?: ImageChoice): ImageSpec => ({
  kind: "docker-archive",
  path,
  select,
});

/** A test in a folder that has a layout in it and room for archives beside it. */
export function withLayoutBeside(
  name: string,
  use: (folder: string, layout: string, built: ReturnType<typeof simpleLayout>) => Promise<void>,
): void {
  test(name, () =>
    inFolder(async (folder) => {
      const layout = join(folder, "layout");
      await use(folder, layout, simpleLayout(layout));
    }),
  );
}

export const manifestJson = (...images: unknown[]): Entry => ["manifest.json", json(images)];
