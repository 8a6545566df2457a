/** Images and guests for the tests of profiles, described by their files. */
import type { ExecutionParameters } from "../../src/oci/config.ts";
import type { ContentStore, ImageInProgress } from "../../src/profile/profile.ts";
import type { Directory, Extent, Inode, RegularFile } from "../../src/tree/inode.ts";
import { directory, metadata, symlink, TIME } from "../filesystem/ext4/write/images.ts";

/** By absolute path: a file's contents, or any inode. Folders above them are made. */
export type Files = Readonly<Record<string, string | Uint8Array | Described>>;

export type Described =
  | { readonly link: string }
  | { readonly folder: number }
  | { readonly program: string | Uint8Array }
  /** A character device. */
  | { readonly major: number; readonly minor: number }
  /** One more name of the file at that path, which comes before it. */
  | { readonly sameAs: string };

export const link = (target: string): Described => ({ link: target });
export const folder = (mode = 0o755): Described => ({ folder: mode });
export const program = (bytes: string | Uint8Array = "#!/bin/sh\n"): Described => ({ program: bytes });
export const device = (major: number, minor: number): Described => ({ major, minor });
export const sameAs = (path: string): Described => ({ sameAs: path });

/** `place` puts a file's contents where they are to be. */
export function treeOf(files: Files, place: (bytes: Uint8Array, mode: number) => RegularFile): Directory {
  const root = directory();
  for (const [path, described] of Object.entries(files)) {
    const names = path.split("/").slice(1);
    const name = names.pop() ?? "";
    parentOf(root, names).entries.set(name, inodeOf(root, described, place));
  }
  return root;
}

function inodeOf(
  root: Directory,
  described: Files[string],
  place: (bytes: Uint8Array, mode: number) => RegularFile,
): Inode {
  if (typeof described === "string") return place(Buffer.from(described, "latin1"), 0o644);
  if (described instanceof Uint8Array) return place(described, 0o644);
  if ("link" in described) return symlink(described.link);
  if ("folder" in described) return directory({}, { mode: described.folder });
  if ("program" in described) {
    const { program } = described;
    return place(typeof program === "string" ? Buffer.from(program, "latin1") : program, 0o755);
  }
  if ("major" in described) return { type: "char", metadata: metadata({ mode: 0o644 }), ...described };
  const found = inodeAt(root, described.sameAs);
  if (found === undefined) throw new Error(`${described.sameAs} is not there yet`);
  return found;
}

function parentOf(root: Directory, names: readonly string[]): Directory {
  let here = root;
  for (const name of names) {
    const child = here.entries.get(name) ?? directory();
    if (child.type !== "directory") throw new Error(`${name} is no folder`);
    here.entries.set(name, child);
    here = child;
  }
  return here;
}

/** The inode at a path without symlinks. */
export function inodeAt(root: Directory, path: string): Inode | undefined {
  let here: Inode | undefined = root;
  for (const name of path.split("/").slice(1)) {
    here = here?.type === "directory" ? here.entries.get(name) : undefined;
  }
  return here;
}

/** Contents kept in memory. */
export class MemoryContents implements ContentStore {
  readonly #bytes = new Map<readonly Extent[], Uint8Array>();
  /** Files that were placed. */
  placed = 0;

  place(_size: number, pieces: Iterable<Uint8Array>): readonly Extent[] {
    const extents: Extent[] = [{ logical: 0, physical: this.placed++, length: 1 }];
    this.#bytes.set(extents, Buffer.concat([...pieces].map((piece) => Uint8Array.from(piece))));
    return extents;
  }

  async read(file: RegularFile): Promise<Uint8Array> {
    return this.#bytes.get(file.extents) ?? new Uint8Array(file.size);
  }
}

export interface TestImage {
  readonly image: ImageInProgress;
  readonly contents: MemoryContents;
  readonly warnings: readonly string[];
  inode(path: string): Inode | undefined;
  /** A file's bytes, one character each. */
  text(path: string): Promise<string>;
  /** All paths, each with "directory MODE", "-> TARGET" or "MODE". */
  list(): Record<string, string>;
}

export const NO_RUNTIME: ExecutionParameters = {
  Entrypoint: [],
  Cmd: [],
  Env: [],
  WorkingDir: "",
  User: "",
  ExposedPorts: [],
  Labels: {},
  StopSignal: "",
  Volumes: [],
};

export function testImage(files: Files, runtime: Partial<ExecutionParameters> = {}): TestImage {
  const contents = new MemoryContents();
  const root = treeOf(files, (bytes, mode) => ({
    type: "file",
    metadata: metadata({ mode }),
    size: bytes.length,
    extents: contents.place(0, [bytes]),
  }));
  contents.placed = 0;
  const warnings: string[] = [];
  return {
    image: {
      root,
      contents,
      runtime: { ...NO_RUNTIME, ...runtime },
      platform: { os: "linux", architecture: "amd64" },
      time: TIME,
      warn: (message) => void warnings.push(message),
    },
    contents,
    warnings,
    inode: (path) => inodeAt(root, path),
    text: async (path) => {
      const inode = inodeAt(root, path);
      if (inode?.type !== "file") throw new Error(`${path} is ${inode?.type ?? "not there"}`);
      return Buffer.from(await contents.read(inode)).toString("latin1");
    },
    list: () => Object.fromEntries(listing(root, "")),
  };
}

function listing(here: Directory, path: string): [string, string][] {
  return [...here.entries].flatMap(([name, inode]): [string, string][] => {
    const at = `${path}/${name}`;
    const mode = inode.metadata.mode.toString(8);
    if (inode.type === "directory") return [[at, `directory ${mode}`], ...listing(inode, at)];
    return [[at, inode.type === "symlink" ? `-> ${inode.target}` : mode]];
  });
}
