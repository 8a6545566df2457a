/** Edits on the command line: what they say, and in which order. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { splitCommandLine } from "../../src/cli/command-line.ts";
import { ALL_OPTIONS } from "../../src/cli/commands.ts";
import { withStandardInput } from "../../src/cli/in-order.ts";
import type { Edit } from "../../src/edits/edit.ts";
import { runWith } from "./fake-host.ts";

const CONVERT = ["convert", "oci:./app", "--out", "vm"];

async function edits(...args: readonly string[]): Promise<readonly Edit[] | undefined> {
  const { options, stderr } = await runWith([...CONVERT, ...args, "--progress", "none"]);
  if (options === undefined) throw new Error(stderr);
  return options.edits;
}

test("edits come in the order of the command line, whichever options they are", async () => {
  const args = [
    "--remove",
    "/a",
    "--add=x:/a",
    "--chmod",
    "600:/a",
    "--fs",
    "xfs",
    "--remove",
    "/b",
    "--force",
  ];
  expect(await edits(...args, "--add", "y:/b", "--add", "z:/c")).toMatchObject([
    { type: "remove", path: "/a" },
    { type: "add", source: "x", path: "/a" },
    { type: "chmod", path: "/a", mode: 0o600 },
    { type: "remove", path: "/b" },
    { type: "add", source: "y", path: "/b" },
    { type: "add", source: "z", path: "/c" },
  ]);
  expect(await edits()).toBeUndefined();
});

describe("an edit's value", () => {
  const cases: [option: string, value: string, edit: Edit][] = [
    ["add", "./a:b:/srv/c:d", { type: "add", source: "./a:b", path: "/srv/c:d" }],
    ["add", "/a:/b/:1000:50", { type: "add", source: "/a", path: "/b/", user: 1000, group: 50 }],
    ["add", "a:/b:app::0640", { type: "add", source: "a", path: "/b", user: "app", mode: 0o640 }],
    ["add-tar", "top.tar.gz", { type: "add-tar", source: "top.tar.gz" }],
    ["chown", "app:/srv", { type: "chown", path: "/srv", user: "app", recursive: false }],
    ["chown", ":50:/srv", { type: "chown", path: "/srv", group: 50, recursive: false }],
    ["chown-tree", "7:staff:/a:b", { type: "chown", path: "/a:b", user: 7, group: "staff", recursive: true }],
    ["chmod", "4755:/bin/su", { type: "chmod", path: "/bin/su", mode: 0o4755 }],
    ["symlink", "/usr/share/x:/etc/x", { type: "symlink", target: "/usr/share/x", path: "/etc/x" }],
    ["symlink", "a:b:/c", { type: "symlink", target: "a:b", path: "/c" }],
    ["hosts", "db:10.0.0.7", { type: "host", name: "db", address: "10.0.0.7" }],
    ["hosts", "six=[fd00::7]", { type: "host", name: "six", address: "fd00::7" }],
    ["hosts", "six:fd00::7", { type: "host", name: "six", address: "fd00::7" }],
    ["resolv-conf", "dns", { type: "add", source: "dns", path: "/etc/resolv.conf", mode: 0o644 }],
    ["ssh-key", "./id.pub", { type: "ssh-key", keys: "./id.pub" }],
    ["ssh-key", "/home/me/id.pub:admin", { type: "ssh-key", keys: "/home/me/id.pub", user: "admin" }],
  ];
  for (const [option, value, edit] of cases) {
    test(`--${option} ${value}`, async () => {
      expect(await edits(`--${option}`, value)).toEqual([edit]);
    });
  }

  const wrong: [args: string[], ...said: string[]][] = [
    [["--add", "a:b"], '--add does not take "a:b"', "DEST begins with /"],
    [["--add", "a:/b:1000"], '--add does not take "a:/b:1000"', "USER and GROUP come together"],
    [["--add", "a:/b:0:0:9"], '--add does not take "a:/b:0:0:9"', "MODE has 3 or 4 octal digits"],
    [["--add", "a:/b:app:app:9"], '--add does not take "a:/b:app:app:9"'],
    [["--chmod", "u+x:/a"], '--chmod does not take "u+x:/a"', "MODE:PATH"],
    [["--chown", "/a"], '--chown does not take "/a"', "USER:PATH"],
    [["--symlink", "a"], '--symlink does not take "a"', "TARGET:PATH"],
    [["--hosts", "db"], '--hosts does not take "db"', "NAME:ADDRESS"],
    [["--remove"], "--remove needs a value"],
    [["--add", "--force"], "--add needs a value"],
    [["--add-tar", "-", "--add", "-:/x"], "standard input is named twice"],
  ];
  for (const [args, ...said] of wrong) {
    test(`is refused: ${args.join(" ")}`, async () => {
      const { code, stderr } = await runWith([...CONVERT, ...args]);
      expect(code).toBe(2);
      for (const each of said) expect(stderr).toContain(each);
    });
  }
});

test("standard input is what a dash says, once, and no terminal", async () => {
  for (const args of [["--add", "-:/x"], ["--add=-:/x"], ["--add-tar", "-"]]) {
    const [edit] = (await edits(...args)) ?? [];
    expect(edit && "source" in edit && typeof edit.source).toBe("object");
  }
  const twice = await runWith(["convert", "-", "--out", "vm", "--add", "-:/x"]);
  expect(twice.stderr).toContain("standard input is named twice");
  const terminal = await runWith([...CONVERT, "--add", "-:/x"], {}, { stdinIsTerminal: true });
  expect(terminal.stderr).toContain("standard input is a terminal");
});

test("options in order are those that the parser finds, whatever the arguments are", async () => {
  const word = fc.constantFrom(
    "a",
    "",
    "-",
    "-:/x",
    "--",
    "-v",
    "--add",
    "--add=",
    "--add=b=c",
    "--env",
    "--force",
    "--x",
  );
  await fc.assert(
    fc.asyncProperty(fc.array(word, { maxLength: 8 }), async (words) => {
      const args = withStandardInput(["convert", ...words], ALL_OPTIONS);
      const { given, values } = await splitCommandLine(args);
      for (const name of ["add", "env"]) {
        const own = given.filter(([each]) => each === name).map(([, value]) => value);
        const parsed = values.get(name);
        expect(own).toEqual(parsed === undefined ? [] : Array.isArray(parsed) ? parsed : [parsed]);
      }
    }),
    { numRuns: 500 },
  );
});
