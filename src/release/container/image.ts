/** The container image: a base and, in one layer, the executable. OCI image spec: manifest.md, config.md, annotations.md. */
import manifest from "../../../package.json" with { type: "json" };
import { assert } from "../../errors.ts";
import type { ImageConfig } from "../../oci/config.ts";
import { sha256Of } from "../../oci/digest.ts";
import { OCI_CONFIG, OCI_INDEX, OCI_MANIFEST, ociLayerMediaType } from "../../oci/media-types.ts";
import type { ResolvedImage } from "../../source/source.ts";
import { gzip, type Member, tarOf } from "../archive.ts";
import { documentMembers, type Papers, withFolders } from "../executable-archive.ts";
import { link, otherNames } from "../manual-and-completion.ts";
import type { LinuxNeeds, Target } from "../targets.ts";
import { type Base, baseSource, openBase, targetFor } from "./base.ts";
import { type BlobDescriptor, LayoutWriter } from "./layout.ts";

const PROGRAM = "/usr/bin/docker2vm";
/** Where a container begins, for what is mounted there. */
const WORKING_FOLDER = "/work";
/** distroless's "nonroot", by number, so that no accounts are needed. */
const NOBODY = 65532;
const ROOT = /^(?:0|root)?(?::.*)?$/;
const DEFAULT_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const ANNOTATION = "org.opencontainers.image";

/** Which executable each architecture's image has. */
export type Chosen = ReadonlyMap<LinuxNeeds["architecture"], Target>;

/** Executables by their targets. */
export type Executables = ReadonlyMap<Target, Uint8Array>;

/**
 * For each architecture that there are targets of, the one that starts on the base, glibc before musl. Throws as `targetFor`
 * does.
 */
export async function chooseTargets(base: Base, targets: readonly Target[]): Promise<Chosen> {
  const chosen = new Map<LinuxNeeds["architecture"], Target>();
  for (const architecture of ["amd64", "arm64"] as const) {
    const offered = targets.filter(({ linux }) => linux?.architecture === architecture);
    if (offered.length > 0) chosen.set(architecture, await targetFor(base, architecture, offered));
  }
  return chosen;
}

/** Writes the image into an OCI layout in `folder`. Throws as `LayoutWriter.copyLayer` does. */
export async function writeContainerImage(
  folder: string,
  chosen: Chosen,
  executables: Executables,
  base: Base,
  papers: Papers,
): Promise<void> {
  const layout = new LayoutWriter(folder);
  const manifests: object[] = [];
  const source = await openBase(base);
  try {
    for (const [architecture, target] of chosen) {
      const executable = executables.get(target);
      assert(executable !== undefined, `there is no executable for ${target.name}`);
      const image = await source.resolve({ os: "linux", architecture, named: true });
      const layer = await programLayer(executable, image.config, papers);
      const written = await writeImage(layout, image, layer, baseAnnotations(base, image), papers);
      manifests.push({ ...written, platform: { architecture, os: "linux" } });
    }
  } finally {
    await source.close();
  }
  const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests, annotations: ownAnnotations(papers) };
  layout.finish(layout.addDocument(index, OCI_INDEX), manifest.version);
}

/** The tar of the one layer. */
function programLayer(executable: Uint8Array, { config }: ImageConfig, papers: Papers): Promise<Uint8Array> {
  const place = (path: string): string => path.slice(1);
  const members: Member[] = [
    { path: place(PROGRAM), contents: { bytes: executable, executable: true } },
    ...otherNames().map((name) => link(place(PROGRAM.replace(manifest.name, name)), manifest.name)),
    ...documentMembers(`usr/share/doc/${manifest.name}/`, papers),
  ];
  const own: Member = { path: place(WORKING_FOLDER), contents: "folder", owner: numberOf(config.User) };
  return tarOf(withFolders([...members, own]), papers.seconds);
}

function numberOf(user: string): number {
  const [, number] = /^(\d{1,9})(?::.*)?$/.exec(user) ?? [];
  return number === undefined || Number(number) === 0 ? NOBODY : Number(number);
}

async function writeImage(
  layout: LayoutWriter,
  base: ResolvedImage,
  tar: Uint8Array,
  annotations: Readonly<Record<string, string>>,
  papers: Papers,
): Promise<BlobDescriptor> {
  const copied: BlobDescriptor[] = [];
  for (const layer of base.layers) copied.push(await layout.copyLayer(layer));
  const layers = [...copied, layout.add(gzip(tar), ociLayerMediaType("gzip"))];
  const all = { ...ownAnnotations(papers), ...annotations };
  const { User, Env } = base.config.config;
  const config = {
    created: timeOf(papers),
    ...base.platform,
    config: {
      User: ROOT.test(User) ? `${NOBODY}:${NOBODY}` : User,
      Env: Env.some((each) => each.startsWith("PATH=")) ? Env : [...Env, DEFAULT_PATH],
      Entrypoint: [PROGRAM],
      WorkingDir: WORKING_FOLDER,
      Labels: all,
    },
    rootfs: { type: "layers", diff_ids: [...base.config.rootfs.diff_ids, sha256Of(tar)] },
  };
  return layout.addDocument(
    {
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: layout.addDocument(config, OCI_CONFIG),
      layers,
      annotations: all,
    },
    OCI_MANIFEST,
  );
}

function timeOf({ seconds }: Papers): string {
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}

function ownAnnotations(papers: Papers): Readonly<Record<string, string>> {
  return {
    [`${ANNOTATION}.title`]: manifest.name,
    [`${ANNOTATION}.description`]: manifest.description,
    [`${ANNOTATION}.version`]: manifest.version,
    [`${ANNOTATION}.licenses`]: manifest.license,
    [`${ANNOTATION}.created`]: timeOf(papers),
  };
}

/** A path on the machine that made it would say nothing to anybody. */
function baseAnnotations(
  { reference }: Base,
  { manifestDigest }: ResolvedImage,
): Readonly<Record<string, string>> {
  const spec = baseSource(reference);
  const name = spec.kind === "registry" ? { [`${ANNOTATION}.base.name`]: spec.reference } : {};
  return { ...name, [`${ANNOTATION}.base.digest`]: manifestDigest };
}
