/** The image's environment as shells see it. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { environmentScript, guestPath } from "../../../src/profile/gondolin/image-environment.ts";
import { imageVariables } from "../../../src/profile/image-variables.ts";
import { type Oracle, run, testWith } from "../../support/oracles.ts";

const SHELLS: readonly { readonly oracle: Oracle; readonly applet: readonly string[] }[] = [
  { oracle: "dash", applet: [] },
  { oracle: "bash", applet: ["--posix"] },
  { oracle: "mksh", applet: [] },
  { oracle: "busybox", applet: ["sh"] },
];

const NASTY = [
  "",
  "a b",
  "'",
  "''\\''",
  '"$HOME`id`$(id)"',
  "\\",
  "line\nline\n",
  "*",
  "é\u{1f600}",
  "#!",
  "=",
  "-n",
  "~",
];

function scriptOf(env: readonly string[]): { script: string; warnings: string[] } {
  const warnings: string[] = [];
  const warn = (message: string): void => void warnings.push(message);
  const bytes = environmentScript(imageVariables(env, warn), warn);
  return { script: Buffer.from(bytes).toString(), warnings };
}

/** What a shell that runs the script as /init does has in its environment. `init` makes it take itself for that. */
function environmentAfter(
  { oracle, applet }: (typeof SHELLS)[number],
  script: string,
  { init, given = {} }: { init: boolean; given?: Record<string, string> },
): Map<string, string> {
  const text = `set -eu\n${init ? script.replaceAll('"$$"', '"1"') : script}\nexec /usr/bin/env -0\n`;
  const { status, stdout, stderr } = run(oracle, [...applet, "-s"], { input: text, env: given });
  if (status !== 0) throw new Error(`${oracle}: ${stderr}`);
  return new Map(
    stdout
      .split("\0")
      .filter(Boolean)
      .map((entry) => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]),
  );
}

for (const shell of SHELLS) {
  describe(shell.oracle, () => {
    testWith([shell.oracle], "sets every value, byte for byte", () => {
      const env = NASTY.map((value, i) => `V${i}=${value}`);
      const got = environmentAfter(shell, scriptOf(env).script, { init: true });
      expect(NASTY.map((_, i) => got.get(`V${i}`))).toEqual(NASTY);
    });

    testWith([shell.oracle], "random values", () => {
      const value = fc.string({ unit: "binary", maxLength: 12 }).filter((text) => !text.includes("\0"));
      const values = fc.sample(value, { numRuns: 60, seed: 7 }).map((text) => Buffer.from(text).toString());
      const { script } = scriptOf(values.map((text, i) => `V${i}=${text}`));
      const got = environmentAfter(shell, script, { init: true });
      expect(values.map((_, i) => got.get(`V${i}`))).toEqual(values);
    });

    testWith([shell.oracle], "leaves out what would end the shell", () => {
      const names = ["UID", "EUID", "PPID", "SHELLOPTS", "BASHOPTS", "BASH_VERSINFO", "OPTIND"];
      const { script, warnings } = scriptOf([...names.map((name) => `${name}=x`), "LAST=1"]);
      expect(environmentAfter(shell, script, { init: true }).get("LAST")).toBe("1");
      expect(warnings.length).toBe(names.length);
    });

    testWith(
      [shell.oracle],
      "/init takes the image's values; a later shell keeps its own and takes what it lacks",
      () => {
        const { script } = scriptOf(["A=image", "B=image", "PATH=/image"]);
        const given = { A: "given", PATH: "/usr/bin:/bin" };
        const first = environmentAfter(shell, script, { init: true, given });
        expect([first.get("A"), first.get("B")]).toEqual(["image", "image"]);
        const later = environmentAfter(shell, script, { init: false, given });
        expect([later.get("A"), later.get("B")]).toEqual(["given", "image"]);
        expect(later.get("PATH")).toBe("/image:/usr/sbin:/usr/bin:/sbin:/bin");
      },
    );
  });
}

test("what no shell can name is left out with a warning, and only one", () => {
  const { script, warnings } = scriptOf(["a.b=1", "1A=1", "=x", "A B=1", "A;id=1", "GOOD_1=1", "N=\0"]);
  expect(script.match(/^.*export (?!PATH).*$/gm)).toEqual([
    `[ "$$" != 1 ] && [ "\${GOOD_1+set}" ] || export GOOD_1='1'`,
  ]);
  expect(warnings.length).toBe(6);
  expect(warnings).toContainEqual(expect.stringContaining('"a.b"'));
});

test("of a name that is there twice the last counts; a name alone is none", () => {
  const { script, warnings } = scriptOf(["A=1", "A=2", "B", "C="]);
  expect(script).toContain("export A='2'");
  expect(script).not.toContain("A='1'");
  expect(script).not.toContain("export B");
  expect(script).toContain("export C=''");
  expect(warnings).toEqual([expect.stringContaining('"B"')]);
});

describe("PATH", () => {
  const CASES: readonly [string, readonly string[], string][] = [
    [
      "is the image's, with the folders that Gondolin's commands are in",
      ["PATH=/app/bin:/bin"],
      "/app/bin:/bin:/usr/sbin:/usr/bin:/sbin",
    ],
    [
      "is what containers have where the image says nothing",
      [],
      "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    ],
    [
      "is that, too, where the image's is empty",
      ["PATH="],
      "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    ],
  ];
  for (const [name, env, path] of CASES) {
    test(name, () => {
      expect(scriptOf(env).script).toEndWith(`\nexport PATH='${path}'\n`);
      expect(guestPath(imageVariables(env, () => {}))).toBe(path);
    });
  }
});

test("certificates: where Gondolin has set its own, the image's do not count", () => {
  const { script } = scriptOf(["SSL_CERT_FILE=/image.pem", "OTHER=1"]);
  expect(script).toContain("[ -r /etc/gondolin/mitm/ca.crt ] || ");
  const gondolins = script.replaceAll("/etc/gondolin/mitm/ca.crt", "/").replaceAll('"$$"', '"1"');
  const images = script.replaceAll('"$$"', '"1"');
  const value = (text: string, given: string) =>
    run("/bin/sh", ["-s"], {
      input: `${given}\n${text}\nexec /usr/bin/printenv SSL_CERT_FILE\n`,
    }).stdout.trim();
  expect(value(gondolins, "export SSL_CERT_FILE=/run/ca.crt")).toBe("/run/ca.crt");
  expect(value(images, "export SSL_CERT_FILE=/etc/ssl/cert.pem")).toBe("/image.pem");
});
