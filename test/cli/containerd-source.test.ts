import { expect, test } from "bun:test";
import { runWith } from "./fake-host.ts";

const CONVERT = ["convert", "--out", "out"];

test("--namespace is that of the image of containerd's", async () => {
  const named = { kind: "containerd", name: "a:1", namespace: "k8s.io" } as const;
  const given = [
    ["containerd:a:1", named],
    ["containerd:[/root]a:1", { ...named, root: "/root" }],
    ["containerd:[k8s.io]a:1", named],
  ] as const;
  for (const [source, spec] of given) {
    const { code, options } = await runWith([...CONVERT, source, "--namespace", "k8s.io"]);
    expect([code, options?.source]).toEqual([0, spec]);
  }
  expect((await runWith([...CONVERT, "containerd:a:1"])).options?.source).toBe("containerd:a:1");
});

test("--namespace is refused where it says nothing, or something else", async () => {
  const refused = [
    [[...CONVERT, "docker-daemon:a"], "for images of containerd's"],
    [[...CONVERT, "-"], "for images of containerd's"],
    [[...CONVERT, "containerd:[moby]a"], "contradicts"],
    [["inspect-image", "alpine"], "for images of containerd's"],
    [["bundle", "create", "dir:/x", "--out", "out"], "for images of containerd's"],
    [["diff", "alpine", "docker-daemon:a"], "for images of containerd's"],
    [["diff", "alpine", "containerd:[moby]a"], "contradicts"],
  ] as const;
  for (const [args, said] of refused) {
    const { code, stderr } = await runWith([...args, "--namespace", "k8s.io"]);
    expect([args, code, stderr]).toEqual([args, 2, expect.stringContaining(said)]);
  }
});
