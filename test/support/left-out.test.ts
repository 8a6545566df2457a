import { expect, test } from "bun:test";
import { LeftOut } from "./left-out.ts";
import { lacksOf, remedyFor } from "./programs.ts";

const DEPMOD = { name: "depmod", package: "kmod" };
const ROOT = { name: "root with loop devices" };

test("what a run leaves out is told once, with what to install and who to be", () => {
  const leftOut = new LeftOut();
  expect(leftOut.tell()).toBeUndefined();
  leftOut.image("an image, looked for in /nowhere");
  for (const lacks of [[ROOT], [DEPMOD, ROOT], [DEPMOD], [DEPMOD]]) leftOut.test(lacks);
  leftOut.judgement({ name: "e2fsck", package: "e2fsprogs" });
  expect(leftOut.tell()?.split("\n")).toEqual([
    "left out: the tests with an image, looked for in /nowhere",
    "left out: 4 tests and 1 judgements in others, for this machine lacks",
    "  depmod (package kmod): 3",
    "  root with loop devices: 2",
    "  e2fsck (package e2fsprogs): 1",
    "to have them run: apt-get install --no-install-recommends kmod e2fsprogs; run as root with loop devices",
  ]);
});

test("programs that come in one package are one to install", () => {
  const programs = ["e2fsck", "debugfs"].map((name) => ({ name, package: "e2fsprogs" }));
  expect(remedyFor(programs)).toEqual(["apt-get install --no-install-recommends e2fsprogs"]);
  expect(lacksOf(["tar"])).toEqual([]);
});
