import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dockerContainer, inPlace, type Place } from "../dockerfile/stand-in.ts";
import { writeBase } from "../profile/gondolin/bases.ts";
import { runOk } from "../support/oracles.ts";
import { until } from "../support/waiting.ts";
import { type Ran, Recorder, runWith } from "./fake-host.ts";

const MAIN = join(import.meta.dir, "../../src/cli/main.ts");

function dockerfile(place: Place, ...args: readonly string[]): Promise<Ran> {
  const all = [
    "dockerfile",
    "--context",
    place.context,
    "--out",
    place.path("out"),
    "--platform",
    "linux/amd64",
  ];
  return runWith([...all, ...args], {}, { env: place.environment });
}

const TALKATIVE = "echo step 1 >&2; echo step 2 >&2; cat image.tar";

describe("docker2vm dockerfile", () => {
  test("says who builds, passes on what that says, and tells the result", async () => {
    await inPlace(async (place) => {
      dockerContainer(place, TALKATIVE);
      const { code, stdout, stderr } = await dockerfile(place);
      expect(code).toBe(0);
      expect(stderr).toStartWith("building with docker-buildx\nstep 1\nstep 2\nimage sha256:");
      expect(stdout).toStartWith("Builder   docker-buildx\nImage     ");
      expect(stdout).toContain(`${place.path("context/Dockerfile")} (linux/amd64, 1 layer)\n`);
      const meta = JSON.parse(readFileSync(place.path("out/meta.json"), "utf8"));
      expect(meta.source).toEqual({ kind: "dockerfile", reference: place.path("context/Dockerfile") });
    });
  });

  test("names the Dockerfile as the user does", async () => {
    await inPlace(async (place) => {
      dockerContainer(place);
      const out = runOk(
        process.execPath,
        [MAIN, "dockerfile", "--out", "../out", "--format", "json", "--quiet"],
        {
          cwd: place.context,
          env: { PATH: place.environment["PATH"] ?? "", DOCKER2VM: "" },
        },
      );
      expect(JSON.parse(out)).toMatchObject({ meta: { source: { reference: "Dockerfile" } } });
    });
  });

  for (const [args, expected] of [
    [["--quiet"], ""],
    [["--progress", "none"], ""],
  ] as const) {
    test(`${args.join(" ")} keeps the builder's words to itself`, async () => {
      await inPlace(async (place) => {
        dockerContainer(place, TALKATIVE);
        expect((await dockerfile(place, ...args)).stderr).toBe(expected);
      });
    });
  }

  test("as events of JSON says who builds, and no more of the build", async () => {
    await inPlace(async (place) => {
      dockerContainer(place, TALKATIVE);
      const { stderr } = await dockerfile(place, "--progress", "json");
      const events = stderr
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));
      expect(events[0]).toEqual({ type: "builder", builder: "docker-buildx" });
      expect(events.map(({ type }) => type)).not.toContain("build-output");
    });
  });

  test("never writes into the bars of a terminal", async () => {
    await inPlace(async (place) => {
      const wait = "while [ ! -e go ]; do sleep 0.05; done";
      dockerContainer(place, `head -c 3000 image.tar; ${wait}; echo late >&2; tail -c +3001 image.tar`);
      const stderr = new Recorder(true);
      const env = { ...place.environment, TERM: "xterm" };
      const running = runWith(
        ["dockerfile", "--context", place.context, "--out", place.path("out"), "--platform", "linux/amd64"],
        {},
        { env, stderr },
      );
      await until(() => stderr.text.includes("reading the archive"));
      writeFileSync(place.path("go"), "");
      expect((await running).code).toBe(0);
      expect(stderr.text).toContain("reading the archive: 2.9 KiB\n\x1b[1A\r\x1b[Jlate\n");
    });
  });

  test("tells a failed build with its last lines, as text and as JSON", async () => {
    await inPlace(async (place) => {
      dockerContainer(place, "printf 'it \\033[31mbroke\\n' >&2; exit 5");
      const text = await dockerfile(place, "--progress", "none");
      expect(text.code).toBe(10);
      expect(text.stderr).toStartWith(
        "error: docker buildx build failed with exit code 5\n  | it broke\n  hint: ",
      );
      const json = await dockerfile(place, "--format", "json", "--quiet");
      expect(JSON.parse(json.stderr)).toMatchObject({
        error: { code: "E_BUILD_FAILED", output: ["it broke"] },
      });
      expect(existsSync(place.path("out"))).toBe(false);
    });
  });

  test("tells a failed build's last lines once, whoever is spoken to", async () => {
    await inPlace(async (place) => {
      dockerContainer(place, "echo step 1 >&2; echo it broke >&2; exit 5");
      const times = async (...args: readonly string[]) => {
        const { code, stderr } = await dockerfile(place, ...args);
        expect(code).toBe(10);
        return { told: stderr.split("it broke").length - 1, stderr };
      };
      const { told, stderr } = await times();
      expect(told).toBe(1);
      expect(stderr).toContain(
        "step 1\nit broke\nerror: docker buildx build failed with exit code 5\n  hint: mend what its last lines tell",
      );
      for (const args of [
        ["--progress", "plain"],
        ["--verbose"],
        ["--quiet"],
        ["--progress", "none"],
        ["--progress", "json"],
        ["--quiet", "--format", "json"],
      ]) {
        expect(await times(...args)).toMatchObject({ told: 1 });
      }
      // A program reads the error alone, whatever a person has seen before it.
      const json = await times("--format", "json");
      const last = json.stderr.trimEnd().split("\n").at(-1) ?? "";
      expect(JSON.parse(last).error.output).toEqual(["step 1", "it broke"]);
    });
  });

  test("dockerfile2gondolin tells them once as well", async () => {
    await inPlace(async (place) => {
      dockerContainer(place, "echo it broke >&2; exit 5");
      const [file, assets] = [place.path("context/Dockerfile"), place.path("assets")];
      const args = ["--file", file, "--context", place.context, "--out", place.path("out")];
      writeBase(assets);
      const { code, stderr } = await runWith(
        ["dockerfile2gondolin", ...args, "--guest-assets", assets, "--platform", "amd64"],
        {},
        { env: place.environment },
      );
      expect({ code, told: stderr.split("it broke").length - 1 }).toEqual({ code: 10, told: 1 });
    });
  });

  test("without any builder says so", async () => {
    await inPlace(async (place) => {
      const { code, stderr } = await dockerfile(place);
      expect(code).toBe(10);
      expect(stderr).toStartWith("error: there is no program to build with: docker is not on the PATH; ");
    });
  });

  test("gives the builder its options, and plans without building", async () => {
    await inPlace(async (place) => {
      dockerContainer(place);
      const own = [
        "--target",
        "final",
        "--build-arg",
        "A=1",
        "--build-arg",
        "B=2",
        "--secret",
        "id=x",
        "--no-cache",
      ];
      const { stdout } = await dockerfile(
        place,
        ...own,
        "--dry-run",
        "--size",
        "64M",
        "--builder",
        "docker-buildx",
      );
      const plan = JSON.parse(stdout);
      expect(plan.commands[0].slice(9, -3)).toEqual(own);
      expect(plan).toMatchObject({
        sizing: { kind: "fixed" },
        apparentBytes: 64 << 20,
        filesystem: { blockSize: 4096, blocks: 16384 },
      });
      expect(existsSync(place.path("out"))).toBe(false);
    });
  });

  for (const [args, error] of [
    [["."], 'dockerfile does not take "."'],
    [["--builder", "kaniko"], '--builder does not take "kaniko"'],
    [["--image", "alpine"], "unknown option --image"],
    [["--offline"], "unknown option --offline"],
    [["--target", "a", "--target", "b"], "--target is given 2 times"],
    [["--build-arg"], "--build-arg needs a value"],
  ] as const) {
    test(`refuses ${args.join(" ")}`, async () => {
      await inPlace(async (place) => {
        const { code, stderr } = await dockerfile(place, ...args);
        expect(stderr).toStartWith(`error: ${error}\n`);
        expect(code).toBe(2);
      });
    });
  }

  test("stopped a second time takes the builder along", async () => {
    await inPlace(async (place) => {
      dockerContainer(place, "trap ': > heard' TERM; echo $$ > parent; while :; do sleep 1; done");
      const child = Bun.spawn(
        [process.execPath, MAIN, "dockerfile", "--context", place.context, "--out", place.path("out")],
        { env: { PATH: place.environment["PATH"] ?? "" }, stdout: "ignore", stderr: "ignore" },
      );
      try {
        await until(() => place.runs("parent"));
        child.kill("SIGINT");
        // Sent together, they are one.
        await until(() => existsSync(place.path("heard")));
        child.kill("SIGINT");
        expect(await child.exited).toBe(130);
        await until(() => !place.runs("parent"));
      } finally {
        child.kill("SIGKILL");
      }
    });
  });
});
