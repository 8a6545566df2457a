/** Stacks of layers at random, valid by construction, for comparing what different programs make of them. */
import fc from "fast-check";
import type { TarItem } from "./tar-builder.ts";

/** A step of a layer: what is done, where, and with what; numbers are taken modulo the choices there are. */
type Step = readonly [kind: Kind, place: number, name: number, detail: number];

type Kind = (typeof KINDS)[number];
const KINDS = [
  "directory",
  "file",
  "symlink",
  "hardlink",
  "whiteout",
  "opaque",
  "fifo",
  "device",
  "touch",
  "root",
] as const;

const NAMES = ["a", "b", "c", "long-".repeat(40), "\u00e9\u00ff", "sp ace", ".hidden", "wh.x"];
const SIZES = [0, 1, 100, 4095, 4096, 4097, 9000, 70_000];

/** What a path is while a stack is thought up; directories have children. */
interface Node {
  kind: "file" | "directory" | "symlink" | "other";
  readonly children: Map<string, Node>;
}

/** The tar items of one to five layers. */
export function randomStack(): fc.Arbitrary<TarItem[][]> {
  const step: fc.Arbitrary<Step> = fc.tuple(fc.constantFrom(...KINDS), fc.nat(50), fc.nat(50), fc.nat(5000));
  const layer = fc.array(step, { minLength: 1, maxLength: 25 });
  return fc.array(layer, { minLength: 1, maxLength: 5 }).map((layers) => {
    const root: Node = { kind: "directory", children: new Map() };
    return layers.map((steps, index) => {
      const items = new LayerAuthor(root).write(steps).map(withLongNames);
      // Programs disagree about the attributes of a root that no layer describes.
      return index === 0 ? [{ path: "./", type: "directory", ...attributes(1) }, ...items] : items;
    });
  });
}

/**
 * Turns steps into a layer that every program understands alike: no path twice, nothing below what is not a
 * directory, hard links to what is there, whiteouts only of what lower layers have. Where whiteouts stand among the
 * entries is left to chance, for it must not matter.
 */
class LayerAuthor {
  readonly #root: Node;
  readonly #entries: TarItem[] = [];
  readonly #whiteouts: { member: TarItem; position: number }[] = [];
  readonly #touched = new Set<string>();
  readonly #lower: Map<string, Node>;

  constructor(root: Node) {
    this.#root = root;
    this.#lower = new Map(listing(root, ""));
  }

  write(steps: readonly Step[]): TarItem[] {
    for (const step of steps) this.#step(step);
    const members = [...this.#entries];
    for (const { member, position } of this.#whiteouts)
      members.splice(position % (members.length + 1), 0, member);
    return members;
  }

  #step([kind, place, name, detail]: Step): void {
    const folders = [["", this.#root] as const, ...listing(this.#root, "")].filter(
      ([, node]) => node.kind === "directory",
    );
    const [folder, parent] = folders[place % folders.length] ?? ["", this.#root];
    const base = NAMES[name % NAMES.length] ?? "a";
    const path = folder === "" ? base : `${folder}/${base}`;
    if (kind === "whiteout" || kind === "opaque") this.#hide(kind, place, detail);
    else if (kind === "hardlink") this.#link(path, parent, base, detail);
    else if (kind === "root") this.#describe("./", detail);
    else if (kind === "touch") {
      if (folder !== "") this.#describe(folder, detail);
    } else this.#create(kind, path, parent, base, detail);
  }

  /** A directory entry for a directory that is there: attributes only. */
  #describe(path: string, detail: number): void {
    if (this.#touched.has(path)) return;
    this.#touched.add(path);
    this.#entries.push({ path, type: "directory", ...attributes(detail) });
  }

  #create(
    kind: Exclude<Kind, "whiteout" | "opaque" | "hardlink" | "root" | "touch">,
    path: string,
    parent: Node,
    base: string,
    detail: number,
  ): void {
    if (this.#isTouched(path)) return;
    this.#touched.add(path);
    const existing = parent.children.get(base);
    if (kind === "directory") {
      if (existing?.kind !== "directory") parent.children.set(base, { kind, children: new Map() });
    } else {
      parent.children.set(base, {
        kind: kind === "file" || kind === "symlink" ? kind : "other",
        children: new Map(),
      });
    }
    this.#entries.push({ path, ...attributes(detail), ...body(kind, detail) });
  }

  #link(path: string, parent: Node, base: string, detail: number): void {
    const targets = listing(this.#root, "").filter(
      ([, node]) => node.kind === "file" || node.kind === "symlink",
    );
    const [target, node] = targets[detail % Math.max(1, targets.length)] ?? [];
    if (target === undefined || node === undefined || this.#isTouched(path)) return;
    // Over itself, or over a directory that the target lies in: umoci removes first and finds nothing to link to.
    if (target === path || target.startsWith(`${path}/`)) return;
    // A whiteout of the target could come to stand before the link.
    this.#touched.add(path).add(target);
    parent.children.set(base, node);
    this.#entries.push({ path, type: "hardlink", linkname: target });
  }

  #hide(kind: "whiteout" | "opaque", place: number, detail: number): void {
    const candidates = [...this.#lower].filter(
      ([path, node]) =>
        find(this.#root, path) === node &&
        !this.#isTouched(path) &&
        (kind === "whiteout" || node.kind === "directory"),
    );
    const [path, node] = candidates[place % Math.max(1, candidates.length)] ?? [];
    if (path === undefined || node === undefined) return;
    if (kind === "opaque") {
      // The directory is described too: of an implied one under a mark, programs disagree about the attributes.
      this.#describe(path, detail);
      node.children.clear();
      this.#whiteouts.push({ member: { path: `${path}/.wh..wh..opq`, type: "file" }, position: detail });
      return;
    }
    const slash = path.lastIndexOf("/") + 1;
    find(this.#root, path.slice(0, Math.max(0, slash - 1)))?.children.delete(path.slice(slash));
    this.#touched.add(path);
    this.#whiteouts.push({
      member: { path: `${path.slice(0, slash)}.wh.${path.slice(slash)}`, type: "file" },
      position: detail,
    });
  }

  /** True if this layer has already said something of the path or of anything below it. */
  #isTouched(path: string): boolean {
    return [...this.#touched].some((touched) => touched === path || touched.startsWith(`${path}/`));
  }
}

/** A header's own fields hold 100 bytes. */
function withLongNames(item: TarItem): TarItem {
  const { path = "", linkname = "", pax } = item;
  const long = {
    ...(path.length > 100 ? { path } : {}),
    ...(linkname.length > 100 ? { linkpath: linkname } : {}),
  };
  return Object.keys(long).length === 0 ? item : { ...item, pax: { ...pax, ...long } };
}

function listing(node: Node, path: string): [string, Node][] {
  return [...node.children].flatMap(([name, child]): [string, Node][] => {
    const here = path === "" ? name : `${path}/${name}`;
    return [[here, child], ...listing(child, here)];
  });
}

function find(root: Node, path: string): Node | undefined {
  if (path === "") return root;
  return path.split("/").reduce<Node | undefined>((node, name) => node?.children.get(name), root);
}

function attributes(detail: number) {
  return {
    mode: [0o755, 0o644, 0o4711, 0o1777, 0, 0o2755][detail % 6] ?? 0,
    uid: [0, 1000, 65534, 100_000][detail % 4] ?? 0,
    gid: [0, 5, 70_000][detail % 3] ?? 0,
    pax: {
      mtime: `${1_600_000_000 + detail}.${String(detail * 199_999).padStart(9, "0")}`,
      ...xattrs(detail),
    },
  };
}

function xattrs(detail: number): Record<string, string> {
  if (detail % 5 !== 0) return {};
  // Not empty: umoci drops those.
  const value = String.fromCharCode(
    ...Array.from({ length: 1 + (detail % 150) }, (_, i) => (i * detail) % 256),
  );
  return { "SCHILY.xattr.trusted.made": value, "SCHILY.xattr.security.test": "\u0001\u0000\u0002" };
}

function body(kind: string, detail: number): Omit<TarItem, "path"> {
  switch (kind) {
    case "directory":
      return { type: "directory" };
    case "symlink":
      return {
        type: "symlink",
        linkname: ["a", "../b", "/c/d", "x".repeat(59), "y/".repeat(100)][detail % 5] ?? "a",
      };
    case "fifo":
      return { type: "fifo" };
    case "device":
      return { type: detail % 2 === 0 ? "char" : "block", major: detail % 300, minor: (detail * 7) % 70_000 };
    default:
      return { type: "file", data: contents(SIZES[detail % SIZES.length] ?? 0, detail) };
  }
}

/** Some have zeros at the start, the middle or the end, so that holes come up. */
function contents(size: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = Math.floor(i / 4096) % 3 === seed % 3 ? 0 : (i * 31 + seed) % 251;
  return bytes;
}
