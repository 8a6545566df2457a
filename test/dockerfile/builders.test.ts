import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { convertDockerfile } from "../../src/dockerfile/convert-dockerfile.ts";
import { planDockerfile } from "../../src/dockerfile/dry-run.ts";
import type { BuildEvent, DockerfileOptions } from "../../src/dockerfile/options.ts";
import { Docker2vmError } from "../../src/errors.ts";
import { expectError } from "../support/expect-error.ts";
import { expectCleanIfChecked } from "../support/oracles.ts";
import { dockerContainer, inPlace, type Place } from "./stand-in.ts";

const PLATFORM = "linux/amd64";

function optionsIn(place: Place, more: Partial<DockerfileOptions> = {}): DockerfileOptions {
  const { context, environment } = place;
  return { context, environment, platform: PLATFORM, out: place.path("out"), ...more };
}

/** What the builders were asked for after they were found to work. */
function buildsOf(place: Place): string[][] {
  const probes = ["buildx inspect", "debug workers"];
  return place
    .calls()
    .filter(([, first, second]) => first !== "info" && !probes.includes(`${first} ${second}`));
}

const EVERYTHING = {
  target: "final",
  buildArgs: ["NAME=two words", "FROM_ENV", "NOT_SET", "EMPTY="],
  secrets: ["id=token,src=./token", "id=other,env=OTHER"],
  noCache: true,
} as const;

describe("docker buildx", () => {
  test("whose driver writes archives streams one, and nothing else is left", async () => {
    await inPlace(async (place) => {
      dockerContainer(place);
      const result = await convertDockerfile(optionsIn(place));
      expect(buildsOf(place)).toEqual([
        [
          "docker",
          "buildx",
          "build",
          "--output",
          "type=oci,dest=-",
          "--provenance=false",
          "--sbom=false",
          "--platform",
          PLATFORM,
          "--file",
          place.path("context/Dockerfile"),
          place.context,
        ],
      ]);
      expect(result.builder).toBe("docker-buildx");
      expect(result.warnings).toEqual([]);
      expect(result.metadata.source).toEqual({
        kind: "dockerfile",
        reference: place.path("context/Dockerfile"),
      });
      expect(result.metadata.runtime.cmd).toEqual(["/hello"]);
      expect(readdirSync(place.path("out")).sort()).toEqual(["meta.json", "rootfs.ext4"]);
      expectCleanIfChecked(result.rootfsPath);
    });
  });

  test("gets every option", async () => {
    await inPlace(async (place) => {
      dockerContainer(place);
      await convertDockerfile(optionsIn(place, EVERYTHING));
      expect(buildsOf(place)[0]?.slice(9)).toEqual([
        "--target",
        "final",
        "--build-arg",
        "NAME=two words",
        "--build-arg",
        "FROM_ENV",
        "--build-arg",
        "NOT_SET",
        "--build-arg",
        "EMPTY=",
        "--secret",
        "id=token,src=./token",
        "--secret",
        "id=other,env=OTHER",
        "--no-cache",
        "--file",
        place.path("context/Dockerfile"),
        place.context,
      ]);
    });
  });

  test("whose driver is docker builds under a tag of its own, which is saved and taken away", async () => {
    await inPlace(async (place) => {
      place.program("docker", {
        '"buildx inspect"': "printf 'Name: default\\nDriver: docker\\n'",
        '"buildx build"': ":",
        '"save docker2vm-build:"*': "cat image.tar",
        '"image rm"': ":",
      });
      const { metadata } = await convertDockerfile(optionsIn(place));
      expect(metadata.source.kind).toBe("dockerfile");
      const [build = [], save = [], remove = []] = buildsOf(place);
      const tag = build[5] ?? "";
      expect(tag).toMatch(/^docker2vm-build:[0-9a-f]{16}$/);
      expect(build.slice(1, 9)).toEqual([
        "buildx",
        "build",
        "--load",
        "--tag",
        tag,
        "--provenance=false",
        "--sbom=false",
        "--platform",
      ]);
      expect(save).toEqual(["docker", "save", tag]);
      expect(remove).toEqual(["docker", "image", "rm", tag]);
    });
  });

  test("an image that cannot be taken away is a warning, one that cannot be saved an error", async () => {
    await inPlace(async (place) => {
      const cases = { '"buildx inspect"': "echo Driver: docker", '"buildx build"': ":" };
      place.program("docker", {
        ...cases,
        "save*": "cat image.tar",
        '"image rm"': "echo it is in use >&2; exit 1",
      });
      const { warnings } = await convertDockerfile(optionsIn(place));
      expect(warnings).toEqual([expect.stringContaining("failed with exit code 1: it is in use")]);

      place.program("docker", { ...cases, "save*": "echo no space >&2; exit 3", '"image rm"': ":" });
      const failing = convertDockerfile(optionsIn(place, { out: place.path("other") }));
      await expectError(failing, "E_BUILD_FAILED", "docker save", "exit code 3");
      expect(existsSync(place.path("other"))).toBe(false);
      expect(place.calls().at(-1)?.slice(0, 3)).toEqual(["docker", "image", "rm"]);
    });
  });
});

describe("buildctl", () => {
  test("streams an archive, and gets every option", async () => {
    await inPlace(async (place) => {
      place.program("buildctl", { '"debug workers"': ":", '"build --frontend"': "cat image.tar" });
      mkdirSync(place.path("else"));
      writeFileSync(place.path("else/My.Dockerfile"), "FROM scratch\n");
      const environment = { ...place.environment, FROM_ENV: "its value" };
      const file = place.path("else/My.Dockerfile");
      const { builder } = await convertDockerfile(optionsIn(place, { ...EVERYTHING, environment, file }));
      expect(builder).toBe("buildctl");
      expect(buildsOf(place)).toEqual([
        [
          "buildctl",
          "build",
          "--frontend",
          "dockerfile.v0",
          "--local",
          `context=${place.context}`,
          "--local",
          `dockerfile=${place.path("else")}`,
          "--opt",
          "filename=My.Dockerfile",
          "--opt",
          `platform=${PLATFORM}`,
          "--opt",
          "target=final",
          "--opt",
          "build-arg:NAME=two words",
          "--opt",
          "build-arg:FROM_ENV=its value",
          "--opt",
          "build-arg:EMPTY=",
          "--secret",
          "id=token,src=./token",
          "--secret",
          "id=other,env=OTHER",
          "--no-cache",
          "--output",
          "type=oci",
        ],
      ]);
    });
  });
});

describe("buildah", () => {
  async function commandsFor(place: Place, more: Partial<DockerfileOptions> = {}): Promise<string[][]> {
    const { commands } = await planDockerfile(optionsIn(place, { builder: "buildah", ...more }));
    return commands.map(([, ...args]) => args);
  }

  test("builds with a cache and isolates by chroot, but where the user has told it otherwise", async () => {
    await inPlace(async (place) => {
      place.program("buildah", { "info*": ":" });
      const { environment } = place;
      const archive = `docker-archive:${place.path("out/.docker2vm-UNIQUE/built.tar")}`;
      const idFile = place.path("out/.docker2vm-UNIQUE/image-id");
      const rest = ["--platform", PLATFORM, "--file", place.path("context/Dockerfile"), place.context];
      const chroot = ["--isolation", "chroot"];
      const uncached = ["--force-rm", "--layers=false", "--tag", archive];
      expect(await commandsFor(place)).toEqual([
        ["build", ...chroot, "--force-rm", "--layers", "--iidfile", idFile, ...rest],
        ["push", "IMAGE-ID", archive],
      ]);
      expect(await commandsFor(place, { noCache: true })).toEqual([
        ["build", ...chroot, ...uncached, "--no-cache", ...rest],
      ]);
      const own = { ...environment, BUILDAH_ISOLATION: "oci", BUILDAH_LAYERS: "false" };
      expect(await commandsFor(place, { environment: own })).toEqual([["build", ...uncached, ...rest]]);
    });
  });

  test("whose storage does not work uses vfs, unless the user wants another", async () => {
    await inPlace(async (place) => {
      place.program("buildah", {
        "info*": "echo overlay over overlay >&2; exit 125",
        '"--storage-driver vfs"': ":",
      });
      const [build = []] = await commandsFor(place);
      expect(build.slice(0, 3)).toEqual(["--storage-driver", "vfs", "build"]);
      const environment = { ...place.environment, STORAGE_DRIVER: "overlay" };
      await expectError(commandsFor(place, { environment }), "E_NO_BUILDER", "overlay over overlay");
    });
  });

  test("does not write below a folder with a colon in its name", async () => {
    await inPlace(async (place) => {
      place.program("buildah", { "info*": ":", "containers*": ":" });
      await expectError(
        convertDockerfile(optionsIn(place, { out: place.path("a:b") })),
        "E_USAGE",
        "a:b",
        "--out",
      );
    });
  });

  test("that ends well without an image has failed", async () => {
    await inPlace(async (place) => {
      place.program("buildah", { "info*": ":", "containers*": ":", "build*": "echo nothing to do" });
      const building = convertDockerfile(optionsIn(place, { noCache: true }));
      await expectError(building, "E_BUILD_FAILED", "buildah build", "no image");
    });
  });
});

describe("choosing a builder", () => {
  test("takes the first that works, and says which one", async () => {
    await inPlace(async (place) => {
      place.program("docker", { "buildx*": "echo no daemon >&2; exit 1" });
      place.program("buildctl", { '"debug workers"': ":", "build*": "cat image.tar" });
      place.program("buildah", { "*": "exit 1" });
      const events: BuildEvent[] = [];
      await convertDockerfile(optionsIn(place, { onBuild: (event) => events.push(event) }));
      expect(events).toEqual([{ type: "builder", builder: "buildctl" }]);
    });
  });

  test("that fails says of each what is wrong with it, and how to get one", async () => {
    await inPlace(async (place) => {
      place.program("docker", { "buildx*": "echo 'daemon: not running' >&2; exit 1" });
      await expectError(
        convertDockerfile(optionsIn(place)),
        "E_NO_BUILDER",
        "docker buildx does not work: daemon: not running",
        "buildctl is not on the PATH",
        "buildah is not on the PATH",
        "install the package buildah",
      );
      const named = convertDockerfile(optionsIn(place, { builder: "docker-buildx" }));
      await expectError(named, "E_NO_BUILDER", "daemon: not running", "'docker buildx inspect'", "--builder");
      expect(existsSync(place.path("out"))).toBe(false);
    });
  });

  for (const said of [
    "docker: 'buildx' is not a docker command.\nSee 'docker --help'",
    "docker: unknown command: docker buildx\n\nRun 'docker --help' for more information",
  ]) {
    test(`says that it is the buildx plugin that is missing where docker says ${JSON.stringify(said)}`, async () => {
      await inPlace(async (place) => {
        place.program("docker", { "buildx*": `cat >&2 <<'EOF'\n${said}\nEOF\nexit 1` });
        for (const [builder, other] of [
          [undefined, "or install the package buildah, which needs no daemon"],
          ["docker-buildx", "or choose another --builder"],
        ] as const) {
          const failing = convertDockerfile(optionsIn(place, { builder }));
          const error = await failing.catch((thrown: Error) => thrown);
          expect(error).toBeInstanceOf(Docker2vmError);
          const { message, hint } = error as Docker2vmError;
          expect(message).toContain(": docker is there, but its buildx plugin is missing");
          expect(message).not.toContain("--help");
          expect(hint).toStartWith("install the buildx plugin: ");
          expect(hint).toContain("docker-buildx-plugin");
          expect(hint).toEndWith(other);
        }
      });
    });
  }

  test("says what is wrong, not where a program's help is, and how the nearest one is made to work", async () => {
    await inPlace(async (place) => {
      const pointer = "\n\nRun 'x --help' for more information";
      place.program("docker", {
        "buildx*": `printf "unknown flag: --x\n\nTry 'docker --help'." >&2; exit 125`,
      });
      place.program("buildctl", { "debug*": `printf "no socket${pointer}" >&2; exit 1` });
      place.program("buildah", { "*": `printf "no storage\nSee 'buildah --help'\n" >&2; exit 1` });
      const error = await convertDockerfile(optionsIn(place)).catch((thrown: Docker2vmError) => thrown);
      expect(error).toMatchObject({
        message:
          "there is no program to build with: docker buildx does not work: unknown flag: --x; " +
          "buildctl does not reach buildkitd: no socket; buildah does not work: no storage",
        hint: expect.stringMatching(/^make 'docker buildx inspect' work: .*, or set buildah up /),
      });
      await expectError(
        convertDockerfile(optionsIn(place, { builder: "buildctl" })),
        "E_NO_BUILDER",
        "\nstart buildkitd and say where it is in BUILDKIT_HOST, or choose another --builder",
      );
    });
  });

  test("asks nobody else where one is named", async () => {
    await inPlace(async (place) => {
      dockerContainer(place);
      place.program("buildctl", { '"debug workers"': ":", "build*": "cat image.tar" });
      await convertDockerfile(optionsIn(place, { builder: "buildctl" }));
      expect(new Set(place.calls().map(([name]) => name))).toEqual(new Set(["buildctl"]));
    });
  });
});

describe("before anything is built", () => {
  test("what is not there, and what is not a folder or file, is told", async () => {
    await inPlace(async (place) => {
      dockerContainer(place);
      const attempt = (more: Partial<DockerfileOptions>) => convertDockerfile(optionsIn(place, more));
      await expectError(
        attempt({ context: place.path("no") }),
        "E_IMAGE_NOT_FOUND",
        "context",
        "is not there",
      );
      await expectError(
        attempt({ context: place.archive }),
        "E_IMAGE_NOT_FOUND",
        "is no folder",
        "--context",
      );
      await expectError(attempt({ file: place.path("no") }), "E_IMAGE_NOT_FOUND", "Dockerfile", "--file");
      await expectError(attempt({ file: place.context }), "E_IMAGE_NOT_FOUND", "is no file");
      await expectError(attempt({ buildArgs: ["=x"] }), "E_USAGE", "no name");
      await expectError(attempt({ filesystem: { size: 1 } }), "E_USAGE");
      expect(place.calls()).toEqual([]);
    });
  });

  test("an output that is there is refused", async () => {
    await inPlace(async (place) => {
      dockerContainer(place);
      mkdirSync(place.path("out"));
      writeFileSync(place.path("out/meta.json"), "mine");
      await expectError(convertDockerfile(optionsIn(place)), "E_OUTPUT_EXISTS");
      expect(place.calls()).toEqual([]);
      expect(readFileSync(place.path("out/meta.json"), "utf8")).toBe("mine");
    });
  });

  test("a dry run asks the builder nothing but whether it works, and writes nothing", async () => {
    await inPlace(async (place) => {
      dockerContainer(place);
      const plan = await planDockerfile(optionsIn(place, { filesystem: { label: "tree", type: "ext3" } }));
      expect(plan).toMatchObject({
        dryRun: true,
        builder: "docker-buildx",
        commands: [expect.arrayContaining([place.path("bin/docker"), "type=oci,dest=-", place.context])],
        platform: PLATFORM,
        filesystem: { type: "ext3", label: "tree" },
        out: place.path("out"),
      });
      expect(buildsOf(place)).toEqual([]);
      expect(existsSync(place.path("out"))).toBe(false);
    });
  });
});

test("names with blanks, quotes, $() and line feeds reach the builder as they are", async () => {
  await inPlace(async (place) => {
    dockerContainer(place);
    const name = "a b\n'c' \"d\" $(touch oops) `e` \\ ;&|*";
    const context = place.path(name);
    mkdirSync(context);
    const file = `${context}/${name}`;
    writeFileSync(file, "FROM scratch\n");
    const buildArgs = [`A=${name}`];
    const { metadata } = await convertDockerfile(
      optionsIn(place, { context, file, buildArgs, out: place.path("out", name) }),
    );
    const [, ...args] = buildsOf(place)[0] ?? [];
    expect(args.slice(-5)).toEqual(["--build-arg", `A=${name}`, "--file", file, context]);
    expect(metadata.source.reference).toBe(file);
    expect(existsSync(place.path("oops"))).toBe(false);
  });
});
