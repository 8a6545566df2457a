import type { ExecutionParameters } from "../../../src/oci/config.ts";
import type { ImageInProgress } from "../../../src/profile/profile.ts";
import { type Directory, EPOCH, impliedDirectory, type RegularFile } from "../../../src/tree/inode.ts";

export interface TestImage {
  readonly runtime?: Partial<ExecutionParameters>;
  /** Absolute paths: contents, or where a symlink leads ("-> target"). */
  readonly files?: Readonly<Record<string, string>>;
  readonly architecture?: string;
}

/** The architecture of the machine, as images call it. */
export const HERE = process.arch === "arm64" ? "arm64" : "amd64";

/** An image with the files and its warnings. */
export function testImage({ runtime, files, architecture }: TestImage): {
  image: ImageInProgress;
  warnings: string[];
} {
  const root = impliedDirectory();
  const bytes = new Map<RegularFile, Uint8Array>();
  const warnings: string[] = [];
  for (const [path, text] of Object.entries(files ?? {})) put(root, path, text, bytes);
  const image: ImageInProgress = {
    root,
    contents: {
      place: () => [],
      read: async (file) => bytes.get(file) ?? new Uint8Array(),
    },
    runtime: { ...NOTHING, ...runtime },
    platform: { os: "linux", architecture: architecture ?? HERE },
    time: EPOCH,
    warn: (message) => void warnings.push(message),
  };
  return { image, warnings };
}

const NOTHING: ExecutionParameters = {
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

function put(root: Directory, path: string, text: string, bytes: Map<RegularFile, Uint8Array>): void {
  const components = path.split("/").slice(1);
  const name = components.pop() ?? "";
  let parent = root;
  for (const component of components) {
    const next = parent.entries.get(component) ?? impliedDirectory();
    if (next.type !== "directory") throw new Error(`${path}: ${component} is a ${next.type}`);
    parent.entries.set(component, next);
    parent = next;
  }
  const { metadata } = impliedDirectory();
  if (text.startsWith("-> ")) {
    parent.entries.set(name, { type: "symlink", metadata, target: text.slice(3) });
    return;
  }
  const contents = Buffer.from(text, "latin1");
  const file: RegularFile = { type: "file", metadata, size: contents.length, extents: [] };
  bytes.set(file, contents);
  parent.entries.set(name, file);
}
