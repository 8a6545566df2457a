/** Edits at random, made by the library and by root in a chroot. */
import { expect } from "bun:test";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { convert } from "../../src/convert/convert.ts";
import type { Edit } from "../../src/edits/edit.ts";
import type { FilesystemName } from "../../src/filesystem/kind/kind.ts";
import { expectError } from "../support/expect-error.ts";
import { differences, type KernelView, kernelView, withMounted } from "../support/kernel-view.ts";
import { expectCleanFilesystem, runOk } from "../support/oracles.ts";
import { findProgram } from "../support/programs.ts";
import type { RandomCases } from "../support/random-cases.ts";
import { tar } from "../support/tar-builder.ts";
import { buildBase } from "./base.ts";
import { editInChroot, TOOLS, type Verdict } from "./chroot.ts";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1 me@here";
const FOLDERS = [
  "",
  "/etc",
  "/usr/lib",
  "/lib",
  "/abs/lib",
  "/a",
  "/a/b",
  "/up",
  "/one",
  "/new",
  "/etc/../a",
  "/c",
  "/opt",
];
const NAMES = ["a", "b", "c", "l", "lib", "passwd", "acl", "cap", "null", "pipe", "deep/er", "x/", ""];
// New files take their group from folders that set it, and edits give them the one that they say: none here sets it.
const MODES = [0o644, 0o600, 0o755, 0o4711, 0o1777, 0o4050, 0];
const USERS = [0, 7, 1000, "app", undefined] as const;
const GROUPS = [0, 50, "staff", undefined] as const;
const TARGETS = ["a", "../a", "/etc", "/usr/lib/", "../../../..", "nothing"];

export function added(scratch: string): string {
  return join(scratch, "tools/added");
}

/** Between one and a dozen edits. */
function edits(scratch: string): fc.Arbitrary<Edit[]> {
  const path = fc
    .tuple(fc.constantFrom(...FOLDERS), fc.constantFrom(...NAMES))
    .map(([folder, name]) => `${folder}/${name}`);
  const owner = { user: fc.constantFrom(...USERS), group: fc.constantFrom(...GROUPS) };
  const numbers = { user: fc.constantFrom(0, 7, undefined), group: fc.constantFrom(0, 50, undefined) };
  const mode = fc.constantFrom(...MODES);
  const bytes = fc
    .string({ minLength: 1, maxLength: 40 })
    .map((text) => Buffer.from(text.replace(/[\0\n]/g, "")));
  const type = <Type extends Edit["type"]>(name: Type) => fc.constant(name);
  const edit: fc.Arbitrary<Edit> = fc.oneof(
    fc.record({
      type: type("add"),
      source: bytes,
      path,
      ...numbers,
      mode: fc.option(mode, { nil: undefined }),
    }),
    fc.record({ type: type("add"), source: fc.constant(join(added(scratch), "c")), path, ...numbers }),
    fc.record({ type: type("add"), source: fc.constant(added(scratch)), path, ...numbers }),
    fc.record({ type: type("remove"), path }),
    fc
      .record({ type: type("chown"), path, ...owner, recursive: fc.boolean() })
      .filter(({ user, group }) => user !== undefined || group !== undefined),
    fc.record({ type: type("chmod"), path, mode }),
    fc.record({ type: type("symlink"), path, target: fc.constantFrom(...TARGETS) }),
    fc.constant<Edit>({ type: "host", name: "db", address: "10.0.0.7" }),
    fc.constant<Edit>({ type: "ssh-key", keys: Buffer.from(KEY) }),
    fc.constant<Edit>({ type: "add-tar", source: join(scratch, "layer.tar") }),
  );
  return fc.array(edit, { minLength: 1, maxLength: 12 });
}

/** What is seldom drawn, and was once misjudged. */
function examples(scratch: string): [Edit[]][] {
  const bytes = Buffer.from("x");
  const gone: Edit = { type: "remove", path: "/a" };
  const behind: Edit[] = [
    gone,
    { type: "add", source: bytes, path: "/etc/b" },
    { type: "symlink", path: "/a", target: "/etc" },
    { type: "add-tar", source: join(scratch, "layer.tar") },
  ];
  const onTheWay: Edit[] = [
    gone,
    { type: "add", source: bytes, path: "/a" },
    { type: "remove", path: "/etc" },
    { type: "add", source: bytes, path: "/etc/../a/b" },
  ];
  // A link written as a folder is none, and one that is a folder goes.
  const asFolders: Edit[] = ["/lib/", "/c/", "/a/"].map((path) => ({ type: "remove", path }));
  return [[onTheWay], [behind], [asFolders]];
}

/** What is added as a folder, busybox beside it, and a tar. */
function makeTools(scratch: string): void {
  const folder = added(scratch);
  mkdirSync(join(folder, "lib/sub"), { recursive: true });
  mkdirSync(join(folder, "b"), { mode: 0o700 });
  writeFileSync(join(folder, "lib/sub/a"), "z".repeat(70_000));
  writeFileSync(join(folder, "c"), "added", { mode: 0o640 });
  writeFileSync(join(folder, "b/a"), "");
  symlinkSync("../c", join(folder, "b/l"));
  chmodSync(join(folder, "lib"), 0o775);
  for (const path of ["", "lib", "lib/sub", "lib/sub/a", "c", "b", "b/a"])
    chownSync(join(folder, path), 0, 0);
  const layer = tar([
    { path: ".wh.b" },
    { path: "opt/", type: "directory", mode: 0o750 },
    { path: "a/.wh.b" },
    { path: "c", data: "c", mode: 0o604, uid: 5, gid: 6 },
  ]);
  writeFileSync(join(scratch, "layer.tar"), layer);
  copyFileSync(findProgram("busybox") ?? "busybox", join(scratch, "tools/busybox"));
}

interface Kind {
  readonly type: FilesystemName;
  readonly compress?: "lz4";
}

const KINDS: readonly Kind[] = [
  { type: "ext4" },
  { type: "erofs" },
  { type: "xfs" },
  { type: "erofs", compress: "lz4" },
];

export async function checkRandomEdits(runs: RandomCases, scratch: string): Promise<void> {
  makeTools(scratch);
  const source = buildBase(join(scratch, "image"));
  const options = { source, platform: "linux/amd64", out: join(scratch, "out"), force: true };
  const { rootfsPath } = await convert({ ...options, out: join(scratch, "base") });
  const tally = { made: 0, refused: 0, "left out": 0 };
  let round = 0;
  const property = fc.asyncProperty(edits(scratch), async (list) => {
    const kind = KINDS[round++ % KINDS.length] ?? { type: "ext4" };
    const { verdicts, view: wanted } = inCopy(rootfsPath, scratch, list);
    for (const verdict of verdicts) tally[verdict]++;
    const good = list.filter((_, index) => verdicts[index] === "made");
    const made = await convert({ ...options, filesystem: kind, edits: good });
    if (kind.type !== "xfs") expectCleanFilesystem(made.rootfsPath);
    const view = withMounted(made.rootfsPath, "ro", kernelView);
    // Programs change the times of folders, too; and when something was done, edits do not tell.
    expect(differences(view, wanted, ["mtime"])).toEqual([]);
    const bad = verdicts.indexOf("refused");
    if (bad < 0) return;
    const before = list.filter((_, index) => index < bad && verdicts[index] === "made");
    const refused = convert({ ...options, edits: [...before, list[bad] as Edit] });
    await expectError(refused, "E_EDIT_CONFLICT", `edit ${before.length + 1} (`);
  });
  await fc.assert(property, { ...runs, examples: examples(scratch) });
  // That edits meet what is there is not self-evident.
  expect(tally.made).toBeGreaterThan(runs.numRuns * 2);
  expect(tally.refused).toBeGreaterThan(runs.numRuns / 2);
}

/** What root makes of the base by the edits, on a copy of its image. */
function inCopy(
  base: string,
  scratch: string,
  list: readonly Edit[],
): { readonly verdicts: Verdict[]; readonly view: KernelView } {
  const copy = join(scratch, "copy.ext4");
  // A loop device that somebody holds still knows the blocks of the file before.
  rmSync(copy, { force: true });
  cpSync(base, copy);
  return withMounted(copy, "rw", (folder) => {
    const tools = `${folder}${TOOLS}`;
    mkdirSync(tools);
    runOk("mount", ["--bind", join(scratch, "tools"), tools]);
    let verdicts: Verdict[];
    try {
      verdicts = editInChroot(folder, list);
    } finally {
      runOk("umount", [tools]);
      rmdirSync(tools);
    }
    return { verdicts, view: kernelView(folder) };
  });
}
