/** What `npm run e2e:smoke` says before it has begun; that it boots a guest is what guests.test.ts does. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { run } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();

test("the smoke test begins nothing where programs are missing, and tells all of them at once", () => {
  const { status, stdout, stderr } = run(process.execPath, [join(import.meta.dir, "smoke.ts")], {
    env: { PATH: scratch(), HOME: scratch(), XDG_CACHE_HOME: scratch() },
  });
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  const [image, needs, failed, install, ...rest] = stderr.trimEnd().split("\n");
  expect(image).toContain("fixtures/images/hello");
  expect(needs).toStartWith("Needs");
  for (const name of ["qemu-img (package qemu-utils)", "npm (package npm)", "cpio (package cpio)"]) {
    expect(failed).toContain(name);
  }
  expect(install).toMatch(/^ +apt-get install --no-install-recommends .*qemu-utils .*cpio/);
  expect(rest).toEqual([]);
});
