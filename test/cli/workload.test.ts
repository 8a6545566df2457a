/** The options that say what of the workload is to be other than the image says. */
import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { scratchFolder } from "../support/scratch.ts";
import { RESULT, runWith } from "./fake-host.ts";

const scratch = scratchFolder();
const INIT = ["convert", "alpine", "--out", "/vm", "--profile", "init"];

async function workload(...args: readonly string[]) {
  const { code, stderr, options } = await runWith([...INIT, ...args]);
  expect([stderr, code]).toEqual(["", 0]);
  return options?.profile?.workload;
}

function envFile(text: string | Uint8Array): string {
  const path = scratch("env");
  writeFileSync(path, text);
  return path;
}

describe("the workload is", () => {
  test("as the image has it without any", async () => {
    expect(await workload()).toBeUndefined();
  });

  test("given word by word, or as a Dockerfile has it", async () => {
    const words = ["--entrypoint", "/x", "--entrypoint=-v", "--cmd", "two words"];
    expect(await workload(...words)).toEqual({ entrypoint: ["/x", "-v"], cmd: ["two words"] });
    expect(await workload("--entrypoint", '["/bin/sh", "-c"]', "--cmd", "[]")).toEqual({
      entrypoint: ["/bin/sh", "-c"],
      cmd: [],
    });
    expect(await workload("--cmd", "[", "--cmd", "]")).toEqual({ cmd: ["[", "]"] });
  });

  test("given value by value", async () => {
    const args = [
      "--workdir",
      "/w",
      "--user",
      "app:audio",
      "--hostname",
      "box",
      "--env",
      "A=1",
      "--env",
      "B",
    ];
    const wanted = { workdir: "/w", user: "app:audio", hostname: "box", env: ["A=1", "B"] };
    expect(await workload(...args)).toEqual(wanted);
  });

  test("given the environment for names alone", async () => {
    const { options } = await runWith([...INIT, "--env", "B"], {}, { env: { B: "mine" } });
    expect(options?.profile?.environment).toEqual({ B: "mine" });
  });

  test("given files of variables, before --env wherever that stands", async () => {
    const file = envFile("\ufeffA=1\n# no\n\n  B= two '#3' \r\nC\n");
    expect(await workload("--env", "A=2", "--env-file", file)).toEqual({
      env: ["A=1", "B= two '#3' ", "C", "A=2"],
    });
  });

  test("what the summary says", async () => {
    const bootstrap = {
      entrypoint: ["/x"],
      cmd: ["y"],
      env: [],
      workdir: "/w",
      exposedPorts: ["1/tcp"],
      docker2vm: { user: "app", stopSignal: 15, volumes: [], labels: {} },
    };
    const metadata = { ...RESULT.metadata, injection: { paths: [], bootstrap } };
    const { stdout } = await runWith(INIT, { convert: async () => ({ ...RESULT, metadata }) });
    expect(stdout).toContain("Runs      /x y as app in /w, ports 1/tcp\n");
  });

  test("a Dockerfile's, too", async () => {
    const { stdout } = await runWith(["dockerfile", "--help"]);
    for (const name of ["entrypoint", "cmd", "env", "env-file", "workdir", "user", "hostname"]) {
      expect(stdout).toContain(`--${name} `);
    }
  });
});

for (const [args, ...said] of [
  [["--cmd", "[1]"], "--cmd [1] is no JSON array of strings", '\'["/bin/sh", "-c", "true"]\''],
  [["--entrypoint", "[x"], "--entrypoint [x is no JSON array of strings"],
  [["--cmd", ""], "--cmd needs a value"],
  [["--user", "a", "--user", "b"], "--user is given 2 times"],
  [["--env-file", "/not/there"], "the environment file /not/there: there is no such file"],
  [["--env-file", "/"], "the environment file /: it is a folder"],
] as const) {
  test(`${args.join(" ")} is refused`, async () => {
    const { code, stderr } = await runWith([...INIT, ...args]);
    for (const text of said) expect(stderr).toContain(text);
    expect(code).toBe(2);
  });
}

for (const [text, said] of [
  ["A=1\n=x\n", "line 2 is no NAME=VALUE"],
  ["A B=1\n", "line 1 is no NAME=VALUE"],
  [Buffer.from("A=\xff\n", "latin1"), "it is not UTF-8"],
] as const) {
  test(`a file of variables is refused: ${said}`, async () => {
    const { code, stderr } = await runWith([...INIT, "--env-file", envFile(text)]);
    expect(stderr).toContain(`the environment file ${scratch("env")}: ${said}`);
    expect(code).toBe(2);
  });
}
