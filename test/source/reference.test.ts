import { describe, expect, test } from "bun:test";
import { formatSourceReference, parseSourceReference } from "../../src/source/reference.ts";
import type { EngineSource, PathSource } from "../../src/source/source.ts";
import { expectError } from "../support/expect-error.ts";
import { unread } from "../support/unread.ts";

const DIGEST = `sha256:${"ab".repeat(32)}`;
const here =
  (...paths: string[]) =>
  (path: string) =>
    paths.includes(path);

describe("a source reference", () => {
  const read: readonly [string, readonly string[], PathSource][] = [
    ["oci:/images/a", [], { kind: "oci-layout", path: "/images/a" }],
    ["oci-archive:a.tar", ["a.tar"], { kind: "oci-archive", path: "a.tar" }],
    [
      "docker-archive:a.tar:alpine:3.20",
      ["a.tar"],
      { kind: "docker-archive", path: "a.tar", select: { tag: "alpine:3.20" } },
    ],
    ["oci:a:latest", ["a"], { kind: "oci-layout", path: "a", select: { tag: "latest" } }],
    [
      "oci:a:index.docker.io/library/alpine:latest",
      ["a"],
      { kind: "oci-layout", path: "a", select: { tag: "index.docker.io/library/alpine:latest" } },
    ],
    ["oci:a:b", ["a", "a:b"], { kind: "oci-layout", path: "a:b" }],
    ["oci:a:b:c", ["a", "a:b"], { kind: "oci-layout", path: "a:b", select: { tag: "c" } }],
    ["oci:gone:b:c", [], { kind: "oci-layout", path: "gone", select: { tag: "b:c" } }],
    [`oci:a@${DIGEST}`, ["a"], { kind: "oci-layout", path: "a", select: { digest: DIGEST } }],
    [`oci:a:tag@${DIGEST}`, ["a"], { kind: "oci-layout", path: "a", select: { digest: DIGEST } }],
    ["oci:me@home/a", [], { kind: "oci-layout", path: "me@home/a" }],
  ];
  for (const [text, paths, spec] of read) {
    test(`${text} is read where ${paths.join(", ") || "nothing"} exists`, () => {
      expect(parseSourceReference(text, here(...paths))).toEqual(spec);
    });
  }

  test("is written as it is read", () => {
    for (const text of ["docker://alpine:3.20", "oci:a", "oci-archive:a:t", `docker-archive:a@${DIGEST}`]) {
      expect(formatSourceReference(parseSourceReference(text, here("a")))).toBe(text);
    }
  });

  for (const [text, reference] of [
    ["alpine:3.20", "alpine:3.20"],
    ["oci", "oci"],
    ["docker://docker.io/library/alpine", "docker.io/library/alpine"],
    ["localhost:5000/a/b:c", "localhost:5000/a/b:c"],
  ] as const) {
    test(`${text} is the name of an image in a registry`, () =>
      expect(parseSourceReference(text, here())).toEqual({ kind: "registry", reference }));
  }

  test("that is neither a path nor a name says why it is no name", () => {
    expectError(
      () => parseSourceReference("ghcr.io/a/b@sha256:00", here()),
      "E_USAGE",
      "sha256:00",
      "digest",
    );
    expectError(() => parseSourceReference("folder:/x y", here()), "E_USAGE", "folder:/x y");
    expectError(() => parseSourceReference("./a", here()), "E_USAGE", "nothing is there", "dir:PATH");
    expectError(() => parseSourceReference("./a", here("./a")), "E_USAGE", "does not say what is in it");
  });

  test("to what another engine has says its name, and where, if that is not the usual place", async () => {
    const id = "ab".repeat(32);
    const read: readonly [string, EngineSource][] = [
      ["docker-daemon:a/b:c", { kind: "docker-daemon", name: "a/b:c" }],
      [`docker-daemon:${DIGEST}`, { kind: "docker-daemon", name: DIGEST }],
      [`containers-storage:@${id}`, { kind: "containers-storage", name: `@${id}` }],
      ["containers-storage:[/r o:t]a", { kind: "containers-storage", root: "/r o", name: "a" }],
      [
        "containers-storage:[vfs@/root+/run:vfs.x=y]a:b",
        { kind: "containers-storage", driver: "vfs", root: "/root", name: "a:b" },
      ],
      ["containerd:any thing", { kind: "containerd", name: "any thing" }],
      ["containerd:[k8s.io]a", { kind: "containerd", namespace: "k8s.io", name: "a" }],
      ["containerd:[/root]a", { kind: "containerd", root: "/root", name: "a" }],
      [`containerd:[n@/r]@${DIGEST}`, { kind: "containerd", namespace: "n", root: "/r", name: `@${DIGEST}` }],
    ];
    for (const [text, spec] of read) {
      // Whatever lies there.
      expect(parseSourceReference(text, () => true)).toEqual(spec);
      expect(parseSourceReference(formatSourceReference(spec))).toEqual(spec);
    }
    const refused = [
      ...["docker-daemon:", "docker-daemon:A b", "containers-storage:[vfs]a", "containers-storage:[/a]"],
      ...["containers-storage:a@sha256:00", "containerd:", "containerd:@sha256:00", "containerd:[a/b]c"],
    ];
    for (const text of refused) await expectError(() => parseSourceReference(text), "E_USAGE");
  });

  for (const kind of ["rootfs-tar", "dir", "image"] as const) {
    test(`${kind}: is all path, whatever is in it`, () => {
      const spec = { kind, path: "a b:c@sha256:00" } as const;
      expect(parseSourceReference(`${kind}:${spec.path}`, here())).toEqual(spec);
      expect(formatSourceReference(spec)).toBe(`${kind}:${spec.path}`);
      expectError(() => parseSourceReference(`${kind}:`, here()), "E_USAGE", "names no path");
    });
  }

  for (const text of ["", "./a", "/images/a"]) {
    test(`${JSON.stringify(text)} is refused with the forms there are`, () =>
      expectError(() => parseSourceReference(text, here()), "E_USAGE", "docker-archive:PATH"));
  }

  test("that is the bare path of a file is refused with the forms there are", () =>
    expectError(
      () => parseSourceReference("saved.tar", here("saved.tar")),
      "E_USAGE",
      "docker-archive:PATH",
    ));

  test("to standard input is none: its bytes are", () => {
    expectError(
      () => parseSourceReference("-", here()),
      "E_USAGE",
      '{ kind: "stdin", bytes: process.stdin }',
    );
    expect(formatSourceReference({ kind: "stdin", bytes: unread() })).toBe("-");
    expect(formatSourceReference({ kind: "stream", bytes: unread(), name: "a box" })).toBe("a box");
  });

  test("without a path is refused", () =>
    expectError(() => parseSourceReference("oci:", here()), "E_USAGE", "no path"));

  test("with a broken digest is refused", () =>
    expectError(() => parseSourceReference("oci:a@sha256:../x", here("a")), "E_USAGE"));
});
