import { describe, expect, test } from "bun:test";
import { Docker2vmError } from "../../src/errors.ts";
import {
  type Directory,
  directoryOf,
  EPOCH,
  type Inode,
  impliedDirectory,
  type Metadata,
  NO_XATTRS,
} from "../../src/tree/inode.ts";
import { LayerTree } from "../../src/tree/layer-tree.ts";
import { overlay } from "../../src/tree/overlay.ts";
import { isWhiteout } from "../../src/tree/whiteouts.ts";

/** One step of a layer: "d path", "f path", "l path target" (symlink), "h path target" (hard link), else a whiteout. */
type Step = string;

function metadata(mode: number): Metadata {
  return { mode, uid: 0, gid: 0, mtime: EPOCH, atime: EPOCH, ctime: EPOCH, xattrs: NO_XATTRS };
}

/** Files are told apart by their size: the number of the layer. */
function layer(number: number, steps: readonly Step[], onWarning?: (message: string) => void): LayerTree {
  const tree = new LayerTree(`layer ${number}`, { onWarning });
  for (const step of steps) {
    const [kind, path = "", target = ""] = step.split(" ");
    if (kind === "d") tree.add(path, directoryOf(metadata(0o700 + number)));
    else if (kind === "f")
      tree.add(path, { type: "file", metadata: metadata(0o644), size: number, extents: [] });
    else if (kind === "l") tree.add(path, { type: "symlink", metadata: metadata(0o777), target });
    else if (kind === "h") tree.link(path, target);
    else if (isWhiteout(step, tree.name)) tree.whiteout(step);
    else throw new Error(`not a whiteout: ${step}`);
  }
  tree.finish();
  return tree;
}

/** Lays the layers over one another and lists what there is, each as "path" with what tells it from others. */
function apply(...layers: readonly (readonly Step[])[]): {
  listing: string[];
  warnings: string[];
  root: Directory;
} {
  const root = impliedDirectory();
  const warnings: string[] = [];
  for (const [index, steps] of layers.entries()) {
    const onWarning = (message: string) => warnings.push(message);
    overlay(root, layer(index + 1, steps, onWarning), { onWarning });
  }
  return { listing: list(root, "").sort(), warnings, root };
}

function list(directory: Directory, path: string): string[] {
  return [...directory.entries].flatMap(([name, inode]) => {
    const here = `${path}${name}`;
    return inode.type === "directory"
      ? [describeInode(here, inode), ...list(inode, `${here}/`)]
      : describeInode(here, inode);
  });
}

function describeInode(path: string, inode: Inode): string {
  if (inode.type === "directory") return `${path}/ ${inode.metadata.mode.toString(8)}`;
  if (inode.type === "symlink") return `${path} -> ${inode.target}`;
  return inode.type === "file" ? `${path} ${inode.size}` : path;
}

function refusal(...layers: readonly (readonly Step[])[]): string {
  try {
    apply(...layers);
  } catch (error) {
    if (error instanceof Docker2vmError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "nothing was refused";
}

describe("a layer over those below it", () => {
  test("a directory over a directory keeps the children and takes the attributes", () => {
    expect(apply(["d a", "f a/x"], ["d a", "f a/y"]).listing).toEqual(["a/ 702", "a/x 1", "a/y 2"]);
  });

  test("a directory that only a path mentions keeps the attributes it had", () => {
    expect(apply(["d a"], ["f a/y"]).listing).toEqual(["a/ 701", "a/y 2"]);
  });

  test("a directory that nothing describes is 0755 and root's", () => {
    const { listing, root } = apply(["f a/b/c"]);
    expect(listing).toEqual(["a/ 755", "a/b/ 755", "a/b/c 1"]);
    expect(root.entries.get("a")?.metadata).toEqual(metadata(0o755));
  });

  test("a described directory after its children takes the attributes", () => {
    expect(apply(["f a/b", "d a"]).listing).toEqual(["a/ 701", "a/b 1"]);
  });

  test("a file replaces a directory and all below it", () => {
    expect(apply(["d a", "f a/x"], ["f a"]).listing).toEqual(["a 2"]);
  });

  test("a directory replaces a file", () => {
    expect(apply(["f a"], ["d a", "f a/x"]).listing).toEqual(["a/ 702", "a/x 2"]);
  });

  test("a file replaces a symlink, not what it leads to", () => {
    expect(apply(["f t", "l a t"], ["f a"]).listing).toEqual(["a 2", "t 1"]);
  });

  test("a described directory replaces a symlink without a warning", () => {
    const { listing, warnings } = apply(["d t", "l a t"], ["d a"]);
    expect(listing).toEqual(["a/ 702", "t/ 701"]);
    expect(warnings).toEqual([]);
  });

  test("an implied directory replaces a symlink of a lower layer, with a warning", () => {
    const { listing, warnings } = apply(["d usr/lib", "l lib usr/lib"], ["f lib/x"]);
    expect(listing).toEqual(["lib/ 755", "lib/x 2", "usr/ 755", "usr/lib/ 701"]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain("'/lib' was a symlink to 'usr/lib'");
  });

  test("an implied directory replaces a file of a lower layer", () => {
    expect(apply(["f a"], ["f a/x"]).listing).toEqual(["a/ 755", "a/x 2"]);
  });

  test("the root takes the attributes of its entry, however that is written", () => {
    for (const name of [".", "./", "/"]) expect(apply([`d ${name}`]).root.metadata.mode).toBe(0o701);
    expect(apply(["d .", "f a"], ["f b"]).root.metadata.mode).toBe(0o701);
  });

  test("the root cannot be anything but a directory", () => {
    expect(refusal(["l . etc"])).toBe("E_BAD_LAYER: layer 1: the root is a symlink, not a directory");
    expect(refusal(["f /."])).toContain("E_BAD_LAYER");
  });
});

describe("the same layer twice at one path", () => {
  test("the last one counts", () => {
    expect(apply(["f a", "l a t"]).listing).toEqual(["a -> t"]);
    expect(apply(["d a", "f a/x", "f a"]).listing).toEqual(["a 1"]);
    expect(apply(["f a", "d a", "f a/x"]).listing).toEqual(["a/ 701", "a/x 1"]);
  });

  test("a path below a file of the same layer is refused", () => {
    expect(refusal(["f a", "f a/b"])).toBe(
      "E_BAD_LAYER: layer 1: 'a/b' lies below 'a', which is a file in the same layer",
    );
  });

  test("a path below a symlink of the same layer follows it", () => {
    expect(apply(["l lib usr/lib", "f lib/x"]).listing).toEqual([
      "lib -> usr/lib",
      "usr/ 755",
      "usr/lib/ 755",
      "usr/lib/x 1",
    ]);
  });

  test("followed symlinks do not leave the root", () => {
    expect(apply(["l a ../../../b", "f a/x"]).listing).toEqual(["a -> ../../../b", "b/ 755", "b/x 1"]);
    expect(apply(["l s/a /b", "f s/a/x"]).listing).toEqual(["b/ 755", "b/x 1", "s/ 755", "s/a -> /b"]);
  });

  test("symlinks in a circle are refused", () => {
    expect(refusal(["l a b", "l b a", "f a/x"])).toContain("'a/x' lies below symlinks that lead in a circle");
  });
});

describe("whiteouts", () => {
  test("remove a name of the layers below, with all below it", () => {
    expect(apply(["d a", "f a/x", "f b"], [".wh.a"]).listing).toEqual(["b 1"]);
  });

  test("spare what their own layer has at that name, before and after them", () => {
    expect(apply(["f a"], ["f a", ".wh.a"]).listing).toEqual(["a 2"]);
    expect(apply(["f a"], [".wh.a", "f a"]).listing).toEqual(["a 2"]);
  });

  test("hide the lower children of a directory that their own layer makes anew", () => {
    expect(apply(["d a", "f a/x"], ["d a", "f a/y", ".wh.a"]).listing).toEqual(["a/ 702", "a/y 2"]);
  });

  test("of what is not there do nothing", () => {
    expect(apply(["f a"], [".wh.b"]).listing).toEqual(["a 1"]);
  });

  test("of one name leave a hard link's other name its content", () => {
    expect(apply(["f a", "h b a"], [".wh.a"]).listing).toEqual(["b 1"]);
  });

  test("do not follow a symlink of a lower layer, nor replace it", () => {
    const { listing, warnings } = apply(["f usr/lib/x", "l lib usr/lib"], ["lib/.wh.x"]);
    expect(listing).toEqual(["lib -> usr/lib", "usr/ 755", "usr/lib/ 755", "usr/lib/x 1"]);
    expect(warnings).toEqual([]);
    expect(apply(["f usr/lib/x", "l lib usr/lib"], ["lib/.wh..wh..opq"]).listing).toContain("usr/lib/x 1");
  });

  test("below a directory that the same layer removes are at peace with that", () => {
    expect(apply(["f a/x", "f a/y"], [".wh.a", "a/.wh.x"]).listing).toEqual(["a/ 755"]);
  });

  test("of no name are refused", () => {
    for (const name of [".wh.", "a/.wh.", ".wh..", ".wh..."]) {
      expect(refusal([name])).toBe(`E_BAD_LAYER: layer 1: '${name}' is a whiteout of no name`);
    }
  });

  test("have their names kept as folders' where paths lie below them, with a warning", () => {
    const { listing, warnings } = apply(["f a/b", "d c"], ["f a/.wh.b/c", "f a/.wh.b/d", "h e a/.wh.b/c"]);
    expect(listing).toEqual([
      "a/ 755",
      "a/.wh.b/ 755",
      "a/.wh.b/c 2",
      "a/.wh.b/d 2",
      "a/b 1",
      "c/ 701",
      "e 2",
    ]);
    expect(warnings).toEqual([expect.stringMatching(/^'a\/.wh.b\/c' lies below a folder .* of 2 such/)]);
    expect(apply(["f b/x"], [".wh.b", "f .wh.b/c"]).listing).toEqual([".wh.b/ 755", ".wh.b/c 2"]);
  });

  test("below a file of the same layer hide nothing, with a warning", () => {
    const { listing, warnings } = apply(["f a/x", "f b"], ["f a", "a/.wh.x", "a/.wh..wh..opq", ".wh.b"]);
    expect(listing).toEqual(["a 2"]);
    expect(warnings).toEqual([
      "'a/.wh.x' is left out: it lies below 'a', which is a file in the same layer, and has nothing to hide " +
        "(the first of 2 such in this layer)",
    ]);
    expect(apply(["l a b", "l b a", "a/.wh.x"]).listing).toEqual(["a -> b", "b -> a"]);
  });

  test("reach the longest name there is", () => {
    const name = "n".repeat(251);
    expect(apply([`f ${name}`], [`.wh.${name}`]).listing).toEqual([]);
  });
});

describe("opaque directories", () => {
  test("hide all that the layers below have in them, wherever the mark stands", () => {
    const expected = ["a/ 702", "a/y 2"];
    expect(apply(["d a", "f a/x", "f a/s/t"], ["d a", "a/.wh..wh..opq", "f a/y"]).listing).toEqual(expected);
    expect(apply(["d a", "f a/x", "f a/s/t"], ["d a", "f a/y", "a/.wh..wh..opq"]).listing).toEqual(expected);
  });

  test("hide lower contents of their subdirectories too", () => {
    expect(apply(["f a/s/t"], ["f a/s/u", "a/.wh..wh..opq"]).listing).toEqual([
      "a/ 755",
      "a/s/ 755",
      "a/s/u 2",
    ]);
  });

  test.each([".wh..wh.opq", ".wh..opq", ".wh.__dir_opaque", ".wh..wh.opaque"])(
    "are not marked by %s, and a warning says so",
    (mark) => {
      const step = isWhiteout(mark, "") ? `a/${mark}` : `f a/${mark}`;
      const { listing, warnings } = apply(["d a", "f a/x"], ["d a", step, "f a/y"]);
      expect(listing).toEqual(["a/ 702", "a/x 1", "a/y 2"]);
      expect(warnings).toEqual([
        `'a/${mark}' hides nothing: the mark of an opaque folder is spelled .wh..wh..opq`,
      ]);
    },
  );

  test("can be the root", () => {
    expect(apply(["f a", "f b/c"], [".wh..wh..opq", "f d"]).listing).toEqual(["d 2"]);
  });
});

describe("hard links", () => {
  test("to a file of the same layer share its inode", () => {
    const { root } = apply(["f a", "h b a", "h c b"]);
    expect(root.entries.get("b")).toBe(root.entries.get("a") as Inode);
    expect(root.entries.get("c")).toBe(root.entries.get("a") as Inode);
  });

  test("to a file of a lower layer share its inode", () => {
    const { root } = apply(["f a"], ["h d/b a"]);
    const d = root.entries.get("d");
    expect(d?.type === "directory" && d.entries.get("b")).toBe(root.entries.get("a") as Inode);
  });

  test("may come before their targets, and in any order", () => {
    expect(apply(["h c b", "h b a", "f a"]).listing).toEqual(["a 1", "b 1", "c 1"]);
  });

  test("before their targets lead to the lower layer's file, if there is one", () => {
    expect(apply(["f a"], ["h b a", "f a"]).listing).toEqual(["a 2", "b 1"]);
  });

  test("to links lead where those lead, whatever the layers below have at their names", () => {
    expect(apply(["f a", "d b"], ["h b a", "h c b"]).listing).toEqual(["a 1", "b 1", "c 1"]);
  });

  test("into the layers below hold though the same layer removes the target", () => {
    expect(apply(["f a"], ["h b a", ".wh.a"]).listing).toEqual(["b 1"]);
  });

  test("to symlinks are links to the symlinks themselves", () => {
    const { root } = apply(["f t", "l a t", "h b a"]);
    expect(root.entries.get("b")).toBe(root.entries.get("a") as Inode);
  });

  test("to themselves change nothing", () => {
    expect(apply(["f a", "h a a"]).listing).toEqual(["a 1"]);
    expect(apply(["f a"], ["h a a"]).listing).toEqual(["a 1"]);
  });

  test("are taken from the root, however the target is written", () => {
    expect(apply(["f a", "h b /a", "h c ./a", "h d x/../a"]).listing).toEqual(["a 1", "b 1", "c 1", "d 1"]);
  });

  test("are replaced by what the same layer puts in their place", () => {
    expect(apply(["f a"], ["h b a", "f b"]).listing).toEqual(["a 1", "b 2"]);
  });

  test("go with the directory they are in", () => {
    expect(apply(["f a"], ["h d/e/b nowhere", "d d/e/f", "f d"]).listing).toEqual(["a 1", "d 2"]);
    expect(apply(["f a"], ["h d/b nowhere", "f d", "d d", "h d/c a"]).listing).toEqual([
      "a 1",
      "d/ 702",
      "d/c 1",
    ]);
  });

  test("to each other, in any order, lead where the last one leads", () => {
    const chain = Array.from({ length: 3000 }, (_, at) => `h ${at} ${at + 1}`);
    const { root } = apply(["f 3000"], chain);
    expect(new Set(root.entries.values()).size).toBe(1);
    expect(root.entries.size).toBe(3001);
    expect(apply([...chain, "f 3000"]).listing).toHaveLength(3001);
  });

  test("through a symlink that is itself a link that comes later", () => {
    expect(apply(["h a t/x", "h t s", "l s dir", "f dir/x"]).listing).toContain("a 1");
  });

  test("in a circle are refused", () => {
    expect(refusal(["h a b", "h b c", "h c a"])).toMatch(/^E_BAD_LAYER: layer 1: '.' is a hard link to '.'/);
    expect(refusal(["h a a"])).toContain("'a' is a hard link to 'a', which leads back to it");
    expect(refusal(["h a b/x", "h b a"])).toContain("E_BAD_LAYER");
  });

  test("to directories are refused", () => {
    expect(refusal(["d a", "h b a"])).toBe("E_BAD_LAYER: layer 1: 'b' is a hard link to the directory 'a'");
    expect(refusal(["d a"], ["h b a"])).toContain("is a hard link to the directory");
  });

  test("to nothing are refused", () => {
    expect(refusal(["f a"], ["h b nowhere"])).toBe(
      "E_BAD_LAYER: layer 2: 'b' is a hard link to 'nowhere', which is neither in this layer nor below it",
    );
  });

  test("out of the root are refused", () => {
    expect(refusal(["h b ../etc/passwd"])).toContain("leaves the image's root");
  });
});

describe("what AUFS left behind", () => {
  test("its records are no part of the image", () => {
    expect(apply(["d .wh..wh.plnk", "f .wh..wh.aufs", "d .wh..wh.orph", "f a"]).listing).toEqual(["a 1"]);
  });

  test("hard links to its files hold", () => {
    expect(apply(["f .wh..wh.plnk/1.2", "h a .wh..wh.plnk/1.2", "h b .wh..wh.plnk/1.2"]).listing).toEqual([
      "a 1",
      "b 1",
    ]);
  });
});

describe("paths", () => {
  test("are taken from the root, with empty parts and dots dropped", () => {
    expect(apply(["f /a//b/./c", "f ./d"]).listing).toEqual(["a/ 755", "a/b/ 755", "a/b/c 1", "d 1"]);
  });

  test("with .. inside the root are resolved, out of it refused", () => {
    expect(apply(["f a/../b"]).listing).toEqual(["b 1"]);
    expect(refusal(["f a/../../b"])).toBe(
      "E_BAD_LAYER: layer 1: the path 'a/../../b' leaves the image's root",
    );
  });

  test("with names of 255 bytes fit, of 256 are refused", () => {
    expect(apply([`f ${"n".repeat(255)}`]).listing).toHaveLength(1);
    expect(refusal([`f ${"n".repeat(256)}/x`])).toContain("has a name of 256 bytes: at most 255 fit");
  });

  test("keep what other systems take for separators, and case, and bytes", () => {
    const names = ["C:\\x", "a\\..\\b", "A", "a", "\u00ff\u00fe"];
    expect(apply(names.map((name) => `f ${name}`)).listing).toEqual(names.map((name) => `${name} 1`).sort());
  });

  test("2,000 deep are no trouble", () => {
    const deep = Array.from({ length: 2000 }, () => "d").join("/");
    expect(apply([`f ${deep}/x`], [`f ${deep}/y`], [`${deep}/.wh.x`]).root.entries.size).toBe(1);
  });
});
