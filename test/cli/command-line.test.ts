import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import fc from "fast-check";
import type { Command } from "../../src/cli/command.ts";
import { argumentsOf, checkCommandLine, parsed, splitCommandLine } from "../../src/cli/command-line.ts";
import { ALL_OPTIONS, COMMANDS, commandNamed } from "../../src/cli/commands.ts";
import type { OptionSpec } from "../../src/cli/options/option.ts";
import { splitPlainLine } from "../../src/cli/plain-line.ts";
import { runWith } from "./fake-host.ts";

const ENGINES = "docker-daemon:NAME, containers-storage:NAME, containerd:NAME";
const ROOTFS = `- for standard input, ${ENGINES}, or rootfs-tar:FILE, dir:PATH or image:FILE`;
const INSPECTED = `an image's name, oci:PATH, oci-archive:PATH, docker-archive:PATH, ${ROOTFS}`;
const CACHE_HINT = "docker2vm cache ls, docker2vm cache prune or docker2vm cache verify";
const CONVERT_HINT =
  "docker2vm convert SOURCE --out DIR makes a root filesystem; docker2vm --help lists the commands";
const CONVERT = ["convert", "oci:./app", "--out", "vm"];

describe("a command line that makes no sense ends with exit code 2 and says why", () => {
  const cases: [args: string[], error: string, hint: string][] = [
    [[], "no command given", CONVERT_HINT],
    [["conver"], 'unknown command "conver"', "did you mean convert?"],
    [["fetch"], 'unknown command "fetch"', CONVERT_HINT],
    [
      ["alpine:3.20", "--out", "vm"],
      'unknown command "alpine:3.20"',
      "to convert it: docker2vm convert alpine:3.20 --out DIR",
    ],
    [["alpine:3.20", "--what"], "unknown option --what", CONVERT_HINT],
    [
      ["convert", "--out", "vm"],
      "no image given",
      `give an image's name, --oci-layout PATH, --oci-tar PATH, --docker-archive PATH, ${ROOTFS}`,
    ],
    [["convert", "oci:./app"], "no output given", "add --out DIR, or --output FILE for the image alone"],
    [
      [...CONVERT, "--output", "x.img"],
      "--out and --output contradict each other",
      "give the folder, or the file for the image alone",
    ],
    [
      ["convert", "oci:./app", "--output=-"],
      "--output writes no image to a pipe",
      "name a file: an image is written here and there, not in order",
    ],
    [
      ["convert", "oci:./app", "--output", "-"],
      "--output needs a value",
      "write --output VALUE, or --output=VALUE where the value begins with a dash",
    ],
    [[...CONVERT, "--meta"], "--meta is for --output", "leave it out: a folder always gets meta.json"],
    [
      ["convert", "oci:a", "-", "--out", "vm"],
      'more than one image given: "oci:a" and "-"',
      "convert takes exactly one source",
    ],
    [
      ["convert", "oci:a", "--oci-tar", "b", "--out", "vm"],
      'more than one image given: --oci-tar and "oci:a"',
      "convert takes exactly one source",
    ],
    [[...CONVERT, "--forse"], "unknown option --forse", "did you mean --force?"],
    [[...CONVERT, "--out-dir", "x"], "unknown option --out-dir", "did you mean --out?"],
    [["convert", "alpine", "--outputs", "vm"], "unknown option --outputs", "did you mean --output?"],
    [["cache", "ls", "--cache", "c"], "unknown option --cache", "did you mean --cache-dir?"],
    [
      ["dockerfile", "-f", "Dockerfile"],
      "unknown option -f",
      "did you mean --file or --force or --fs or --free or --format?",
    ],
    [
      ["oci2gondolin", "--image", "app", "--out", "vm", "--what"],
      "unknown option --what",
      "oci2gondolin --help lists the options",
    ],
    [["inspect-image"], "no image given", `give ${INSPECTED}`],
    [
      ["inspect-image", "a", "b"],
      'more than one image given: "a" and "b"',
      "inspect-image takes exactly one source",
    ],
    [
      ["oci2gondolin", "--out", "vm"],
      "no image given",
      "give --image NAME, --oci-layout PATH or --oci-tar PATH",
    ],
    [["cache", "ls", "all"], 'cache does not take "all"', CACHE_HINT],
    [["cache", "list"], 'cache does not take "list"', CACHE_HINT],
    [["cache"], "no action given", CACHE_HINT],
    [
      [...CONVERT, "--inodes", "1M"],
      '--inodes "1M" is not a whole number',
      "give it in digits alone, without a sign, a fraction or a unit",
    ],
    [
      ["dockerfile", "--out", "vm", "--build-arg"],
      "--build-arg needs a value",
      "write --build-arg VALUE, or --build-arg=VALUE where the value begins with a dash",
    ],
    [[...CONVERT, "--size", "9000T"], '--size "9000T" is too large', "give less than 8192T"],
    [
      ["inspect-image", "alpine", "--username", "me"],
      "--username and --password-stdin go together",
      "give both, and the password on standard input: --username NAME --password-stdin < FILE",
    ],
    [[...CONVERT, "--toString"], "unknown option --toString", "docker2vm convert --help lists the options"],
    [[...CONVERT, "--no-force"], "unknown option --no-force", "docker2vm convert --help lists the options"],
    [[...CONVERT, "--dryRun"], "unknown option --dryRun", "did you mean --dry-run?"],
    [[...CONVERT, "-x"], "unknown option -x", "docker2vm convert --help lists the options"],
    [[...CONVERT, "--out", "again"], "--out is given 2 times", "give it once"],
    [
      [...CONVERT, "--format"],
      "--format needs a value",
      "write --format VALUE, or --format=VALUE where the value begins with a dash",
    ],
    [
      [...CONVERT, "--label="],
      "--label needs a value",
      "write --label VALUE, or --label=VALUE where the value begins with a dash",
    ],
    [[...CONVERT, "--force=maybe"], "--force takes no value", "write --force alone, or leave it out"],
    [
      [...CONVERT, "--progress", "bar"],
      '--progress does not take "bar"',
      "--progress takes auto, plain, json, none",
    ],
    [
      [...CONVERT, "--profile", "full"],
      '--profile does not take "full"',
      "--profile takes baseline, gondolin, init, ovms, systemd, cloud-init",
    ],
    [
      [...CONVERT, "--size", "lots"],
      '--size "lots" is not a size',
      "give bytes, or a number with K, M, G or T (powers of 1024), such as 512M or 2G",
    ],
    [
      [...CONVERT, "-q", "--progress", "none", "--verbose=true"],
      "--verbose takes no value",
      "write --verbose alone, or leave it out",
    ],
  ];
  for (const [args, error, hint] of cases) {
    test(`docker2vm ${args.join(" ")}`, async () => {
      const ran = await runWith(args);
      expect({ code: ran.code, stdout: ran.stdout, called: ran.options !== undefined }).toEqual({
        code: 2,
        stdout: "",
        called: false,
      });
      expect(ran.stderr.split("\n").slice(0, 2)).toEqual([`error: ${error}`, `  hint: ${hint}`]);
    });
  }

  test("--quiet with --verbose", async () => {
    const ran = await runWith([...CONVERT, "-qv"]);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toStartWith("error: --quiet and --verbose contradict each other\n");
  });

  test("SOURCE_DATE_EPOCH that is no time", async () => {
    for (const value of ["yesterday", "-1", "1.5", "1e3", "99999999999999999999"]) {
      const ran = await runWith(CONVERT, {}, { env: { SOURCE_DATE_EPOCH: value } });
      expect(ran.code).toBe(2);
      expect(ran.stderr).toContain(
        `SOURCE_DATE_EPOCH ${JSON.stringify(value)} in the environment is not a time`,
      );
    }
  });

  test("- with a terminal as standard input", async () => {
    const ran = await runWith(["convert", "-", "--out", "vm"], {}, { stdinIsTerminal: true });
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain("docker save IMAGE | docker2vm convert - --out DIR");
  });

  test("- with a terminal as standard input, to be looked at", async () => {
    const ran = await runWith(["inspect-image", "-"], {}, { stdinIsTerminal: true });
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain("docker save IMAGE | docker2vm inspect-image -\n");
  });
});

test("who asks for JSON in another command's way is told of this one's", async () => {
  for (const [args, hint] of [
    [[...CONVERT, "--json"], "write --format json"],
    [["report", "alpine", "--json"], "write --format json"],
    [["inspect", "image", "--format", "json"], "write --json"],
  ] as const) {
    const { code, stderr } = await runWith(args);
    expect([code, JSON.parse(stderr).error.hint]).toEqual([2, hint]);
  }
});

describe("a command line becomes the library's options", () => {
  test("with every option", async () => {
    const options = ["--platform", "linux/arm64/v8", "--profile=baseline", "--size", "2G", "--label", "data"];
    const more = [
      "--uuid",
      "01234567-89ab-cdef-0123-456789abcdef",
      "--force",
      "--digest",
      "--inflate",
      "fflate",
    ];
    const ran = await runWith([...CONVERT, ...options, ...more], {}, { env: { SOURCE_DATE_EPOCH: "86400" } });
    expect(ran.code).toBe(0);
    expect(ran.options).toMatchObject({
      source: "oci:./app",
      out: "vm",
      platform: "linux/arm64/v8",
      profile: { name: "baseline" },
      filesystem: { size: 2147483648, label: "data", uuid: "01234567-89ab-cdef-0123-456789abcdef" },
      sourceDateEpoch: 86400,
      force: true,
      digest: true,
      inflate: "fflate",
    });
  });

  test("with limits, of every command that converts", async () => {
    const limits = ["--max-bytes", "20G", "--max-entries=5", "--max-layers", "3", "--max-memory=64M"];
    for (const command of [CONVERT, ["oci2gondolin", "--image", "app", "--out", "vm"]]) {
      const { options } = await runWith([...command, ...limits]);
      expect(options?.limits).toEqual({ bytes: 20 * 2 ** 30, entries: 5, layers: 3, memory: 64 * 2 ** 20 });
    }
    for (const command of ["dockerfile", "dockerfile2gondolin"]) {
      expect(Object.keys(COMMANDS[command]?.options ?? {})).toContain("max-bytes");
    }
    expect((await runWith([...CONVERT, "--max-layers", "3"])).options?.limits).toEqual({ layers: 3 });
  });

  test("with any platform, of every command that takes an image", async () => {
    for (const command of [CONVERT, ["oci2gondolin", "--image", "app", "--out", "vm"]]) {
      expect((await runWith([...command, "--any-platform"])).options).toMatchObject({ anyPlatform: true });
    }
    for (const command of ["inspect-image", "dockerfile", "dockerfile2gondolin"]) {
      expect(Object.keys(COMMANDS[command]?.options ?? {})).toContain("any-platform");
    }
  });

  test("with sizes of nothing, which the library judges", async () => {
    const { options } = await runWith([...CONVERT, "--free", "0", "--journal", "0", "--size=0K"]);
    expect(options).toMatchObject({ filesystem: { free: 0, journal: 0, size: 0 } });
  });

  test("with how much kept layers may take, or that there are none", async () => {
    const cache = ["--cache-dir", "/cache"];
    const of = async (...more: readonly string[]) =>
      (await runWith([...CONVERT, ...cache, ...more])).options?.layerStore;
    expect(await of()).toEqual({ folder: "/cache", limit: undefined, least: 8 << 20, quiet: true });
    expect(await of("--layer-store", "2G")).toEqual({
      folder: "/cache",
      limit: 2 ** 31,
      least: 0,
      quiet: false,
    });
    expect(await of("--layer-store", "off")).toBeUndefined();
    expect(await of("--layer-store", "off", "--no-cache")).toBeUndefined();
    const both = await runWith([...CONVERT, "--layer-store", "1G", "--no-cache"]);
    expect([both.code, both.stderr]).toEqual([2, expect.stringContaining("contradict each other")]);
    expect((await runWith([...CONVERT, "--no-cache"])).options?.layerStore).toBeUndefined();
    const { code, stderr } = await runWith([...CONVERT, ...cache, "--layer-store", "much"]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("--layer-store")]);
  });

  test("with none: the defaults are the library's", async () => {
    const { options } = await runWith(CONVERT, {}, { env: { SOURCE_DATE_EPOCH: "" } });
    const {
      signal,
      onProgress,
      registry,
      results,
      layerStore,
      profile,
      filesystem = {},
      ...rest
    } = options ?? {};
    expect(layerStore).toMatchObject({ folder: registry?.cacheFolder ?? "", limit: undefined, quiet: true });
    expect(results).toMatchObject({ cacheFolder: registry?.cacheFolder ?? "", copies: false });
    expect(profile).toEqual({ environment: { SOURCE_DATE_EPOCH: "" } });
    const settled = Object.entries({ ...rest, ...filesystem });
    expect(settled.filter(([, value]) => value !== undefined && value !== false)).toEqual([
      ["source", "oci:./app"],
      ["out", "vm"],
    ]);
  });

  const sources: [args: string[], source: string][] = [
    [["--oci-layout", "./alpine:3.20"], "oci:./alpine:3.20"],
    [["--oci-layout=a=b"], "oci:a=b"],
    [["--oci-tar", "app.tar"], "oci-archive:app.tar"],
    [["--docker-archive", "saved.tar"], "docker-archive:saved.tar"],
    [["--docker-archive", "0012"], "docker-archive:0012"],
    [["docker-archive:saved.tar"], "docker-archive:saved.tar"],
    [["--force", "oci:x"], "oci:x"],
    [["alpine:3.20"], "alpine:3.20"],
    [["/dev/null/alpine"], "/dev/null/alpine"],
    [["x".repeat(5000)], "x".repeat(5000)],
    [["--", "--odd"], "--odd"],
  ];
  for (const [args, source] of sources) {
    test(`${args.join(" ").slice(0, 40)} is the source ${source.slice(0, 40)}`, async () => {
      const { options } = await runWith(["convert", "--out", "vm", ...args]);
      expect(options?.source).toBe(source);
    });
  }

  test("-o is --out, of every command that has it", async () => {
    const { options } = await runWith(["convert", "oci:./app", "-o", "vm"]);
    expect(options?.out).toBe("vm");
    for (const { options } of Object.values(COMMANDS)) {
      if (options["out"] !== undefined) expect(options["out"].alias).toBe("o");
    }
  });

  test("- is standard input", async () => {
    const { options } = await runWith(["convert", "-", "--out", "vm"]);
    expect(options?.source).toMatchObject({ kind: "stdin", bytes: expect.anything() });
  });
});

test("a plain line is taken apart as the parser does, which takes all others", async () => {
  const names = Object.keys(ALL_OPTIONS);
  const value = fc.constantFrom("vm", "", "-", "--", "-v", "true", "'q'", '"q"', "1e5", "a=b", "a\nb", "é");
  const word = fc.oneof(
    value,
    fc.constantFrom(...names, "Out", "x", "no-quiet", "toString", "__proto__").map((name) => `--${name}`),
    fc.tuple(fc.constantFrom(...names), value).map(([name, joined]) => `--${name}=${joined}`),
  );
  let plain = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(word, { maxLength: 8 }), async (args) => {
      const split = splitPlainLine(args, ALL_OPTIONS);
      if (split === undefined) return;
      plain++;
      const { words, values } = await parsed(args);
      expect([split.words, [...split.values]]).toEqual([words, [...values]]);
    }),
    { numRuns: 2000 },
  );
  expect(plain).toBeGreaterThan(100);
  expect(splitPlainLine(CONVERT, ALL_OPTIONS)?.words).toEqual(["convert", "oci:./app"]);
  const others = [["-q"], ["--"], ["--out"], ["--quiet", "true"], ["--env", "A=1", "--env", "B=1"]];
  for (const args of others) expect(splitPlainLine(args, ALL_OPTIONS)).toBeUndefined();
});

/** The command takes the line, and each option that takes few words has one of them. */
async function expectTaken(command: string, args: readonly string[]): Promise<void> {
  const words = argumentsOf(args);
  const line = await splitCommandLine(words);
  expect(checkCommandLine(line, words)).toBe(commandNamed(command) as Command);
  for (const [name, given] of line.values) {
    const { values, list } = ALL_OPTIONS[name] as OptionSpec;
    const taken = values ?? list;
    if (taken !== undefined) expect(taken).toEqual(expect.arrayContaining(String(given).split(",")));
  }
}

describe("help and version", () => {
  test("--help lists the commands on standard output", async () => {
    const ran = await runWith(["--help"]);
    expect(ran.code).toBe(0);
    for (const [name, { summary, hidden }] of Object.entries(COMMANDS)) {
      if (hidden) continue;
      expect(ran.stdout).toMatch(new RegExp(`^  docker2vm ${name} +${summary.slice(0, 20)}`, "m"));
    }
    expect(ran.stderr).toBe("");
  });

  test("COMMAND --help has every option of the command, whatever else is wrong", async () => {
    for (const [name, command] of Object.entries(COMMANDS)) {
      const ran = await runWith([name, "-h", "--size", "lots"]);
      expect(ran.code).toBe(0);
      for (const option of Object.keys(command.options)) expect(ran.stdout).toContain(`--${option} `);
    }
  });

  test("of every command it is said what its words are, or that it takes none", () => {
    const takeNone = ["dockerfile", "oci2gondolin", "dockerfile2gondolin", "oci-to-virtio"];
    const silent = Object.entries(COMMANDS).filter(
      ([, { operands, actions }]) => operands === undefined && actions === undefined,
    );
    expect(silent.map(([name]) => name)).toEqual(takeNone);
  });

  test("COMMAND --help ends in one to three examples, which are lines that the command takes", async () => {
    for (const [name, { examples = [], hidden }] of Object.entries(COMMANDS)) {
      expect([name, examples.length >= 1 && examples.length <= 3]).toEqual([name, true]);
      const help = (await runWith([name, "--help"])).stdout;
      for (const { does, line } of examples) {
        expect(help).toContain(`\n  ${does}:\n    ${line}\n`);
        const [program, ...args] = line.replace(/ > .*/, "").split(" ");
        expect(program).toBe(hidden ? name : "docker2vm");
        await expectTaken(name, hidden ? [name, ...args] : args);
      }
    }
  });

  test("--version is the package's", async () => {
    const { version } = await Bun.file(join(import.meta.dir, "../../package.json")).json();
    expect(await runWith(["--version"])).toMatchObject({ code: 0, stdout: `${version}\n` });
  });
});
