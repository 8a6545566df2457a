import { describe, expect, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { convertDockerfile } from "../../src/dockerfile/convert-dockerfile.ts";
import { removeLeftContainers } from "../../src/dockerfile/left-containers.ts";
import { LastLines, LineSplitter } from "../../src/dockerfile/lines.ts";
import type { DockerfileOptions } from "../../src/dockerfile/options.ts";
import { RunningCommand } from "../../src/dockerfile/running-command.ts";
import { Docker2vmError } from "../../src/errors.ts";
import { until } from "../support/waiting.ts";
import { dockerContainer, inPlace, type Place } from "./stand-in.ts";

/** Converts with a builder that does what the script says; what it throws. */
async function failureOf(place: Place, build: string, more: Partial<DockerfileOptions> = {}) {
  dockerContainer(place, build);
  const { context, environment } = place;
  try {
    await convertDockerfile({
      context,
      environment,
      out: place.path("out"),
      platform: "linux/amd64",
      ...more,
    });
  } catch (error) {
    if (error instanceof Docker2vmError) return error;
    throw error;
  } finally {
    expect(existsSync(place.path("out"))).toBe(false);
  }
  throw new Error("nothing failed");
}

/** A builder and its child that stay, and note their numbers. */
const HANG = "echo $$ > parent; sleep 1000 & echo $! > child; echo hanging >&2";

describe("a builder that fails", () => {
  test("is told with its exit code and its last 20 lines, with nothing in them that drives a terminal", async () => {
    await inPlace(async (place) => {
      const told: string[] = [];
      const script =
        "for i in $(seq 30); do echo \"line $i\" >&2; done; printf 'red: \\033[31m!\\033[0m\\r10%%\\r20%%\\007\\n\\nno end' >&2; exit 17";
      const onBuild: DockerfileOptions["onBuild"] = (event) => {
        if (event.type === "build-output") told.push(event.text);
      };
      const error = await failureOf(place, script, { onBuild });
      expect(error.code).toBe("E_BUILD_FAILED");
      expect(error.exitCode).toBe(10);
      expect(error.message).toBe("docker buildx build failed with exit code 17");
      const lines = Array.from({ length: 18 }, (_, index) => `line ${index + 13}`);
      expect(error.output).toEqual([...lines, "20%\ufffd", "no end"]);
      expect(told.join("")).toStartWith("line 1\nline 2\n");
      expect(told.join("")).toEndWith("\x1b[31m!\x1b[0m\r10%\r20%\x07\n\nno end\n");
    });
  });

  test("is told with the signal that killed it", async () => {
    await inPlace(async (place) => {
      const error = await failureOf(place, "echo working >&2; kill -9 $$");
      expect(error.message).toBe("docker buildx build was killed by SIGKILL");
      expect(error.hint).toContain("memory");
      expect(error.output).toEqual(["working"]);
    });
  });

  for (const [what, script] of [
    ["half an archive", "head -c 3000 image.tar; echo broke off >&2; exit 2"],
    [
      "what looks compressed and is not",
      "printf '\\037\\213\\010garbage garbage'; sleep 0.2; echo broke off >&2; exit 2",
    ],
    ["a whole archive", "cat image.tar; echo broke off >&2; exit 2"],
  ] as const) {
    test(`after it has written ${what} explains the failure`, async () => {
      await inPlace(async (place) => {
        const error = await failureOf(place, script);
        expect(error.message).toBe("docker buildx build failed with exit code 2");
        expect(error.output).toEqual(["broke off"]);
      });
    });
  }

  test("of itself is not what is told when it was the conversion that failed", async () => {
    await inPlace(async (place) => {
      const script = `${HANG}; printf '\\037\\213\\010garbage garbage'; head -c 3000000 /dev/zero; wait`;
      const error = await failureOf(place, script);
      expect(error.code).toBe("E_BAD_ARCHIVE");
      await until(() => !place.runs("parent") && !place.runs("child"));
    });
  });
});

describe("a builder that ends well", () => {
  test("without an image has failed", async () => {
    await inPlace(async (place) => {
      const error = await failureOf(place, "echo all fine >&2");
      expect(error.code).toBe("E_BUILD_FAILED");
      expect(error.message).toBe("docker buildx build ended well, but wrote no image");
      expect(error.output).toEqual(["all fine"]);
    });
  });

  test("with garbage is named as where that came from", async () => {
    await inPlace(async (place) => {
      const error = await failureOf(place, "yes garbage | head -c 100000");
      expect(error.code).toBe("E_BAD_ARCHIVE");
      expect(error.message).toContain("what docker buildx build wrote");
    });
  });
});

describe("an interruption", () => {
  test("ends a hanging builder with all its processes, and is what is told", async () => {
    await inPlace(async (place) => {
      const controller = new AbortController();
      const failing = failureOf(place, `${HANG}; wait`, { signal: controller.signal });
      await until(() => place.runs("child"));
      controller.abort(new Docker2vmError("E_TERMINATED", "stopped"));
      expect((await failing).code).toBe("E_TERMINATED");
      await until(() => !place.runs("parent") && !place.runs("child"));
    });
  });

  test("ends a builder whose archive breaks off in the middle", async () => {
    await inPlace(async (place) => {
      const controller = new AbortController();
      const script = `head -c 3000 image.tar; ${HANG}; wait`;
      const failing = failureOf(place, script, { signal: controller.signal });
      await until(() => place.runs("child"));
      controller.abort();
      expect((await failing).code).toBe("E_INTERRUPTED");
      await until(() => !place.runs("parent") && !place.runs("child"));
    });
  });

  test("while a builder is looked for ends that", async () => {
    await inPlace(async (place) => {
      const controller = new AbortController();
      place.program("docker", { "buildx*": "echo $$ > parent; exec sleep 1000" });
      const { context, environment } = place;
      const { signal } = controller;
      const failing = convertDockerfile({ context, environment, out: place.path("out"), signal });
      failing.catch(() => undefined);
      await until(() => place.runs("parent"));
      controller.abort();
      expect(await failing.catch((error) => error.code)).toBe("E_INTERRUPTED");
      await until(() => !place.runs("parent"));
    });
  });

  test("kills a command that does not listen", async () => {
    await inPlace(async (place) => {
      writeFileSync(
        place.path("deaf"),
        `trap '' TERM; echo $$ > '${place.path("parent")}'; while :; do sleep 1; done`,
      );
      const command = new RunningCommand(["/bin/sh", place.path("deaf")], {
        environment: { PATH: "/usr/bin:/bin" },
        output: "messages",
        graceMs: 100,
      });
      await until(() => place.runs("parent"));
      await command.stop();
      expect(await command.exited).toEqual({ code: null, signal: "SIGKILL" });
      expect(command.failure).toBeUndefined();
      expect(place.runs("parent")).toBe(false);
    });
  });

  test("takes away the containers that a killed buildah has left, and no others", async () => {
    await inPlace(async (place) => {
      const [old, left] = ["0".repeat(64), "a".repeat(64)];
      const list = `echo ${old}; echo ${left}`;
      place.program("buildah", { "containers*": list, "rm*": ":" });
      const commands = {
        list: [place.path("bin/buildah"), "containers"],
        remove: [place.path("bin/buildah"), "rm"],
      } as const;
      const alone = await removeLeftContainers(commands, [old], place.environment, async () => false);
      expect(alone).toEqual([]);
      expect(place.calls().at(-1)).toEqual(["buildah", "rm", left]);

      const together = await removeLeftContainers(commands, [old], place.environment, async () => true);
      expect(together).toEqual([expect.stringContaining(left)]);
      expect(place.calls().at(-1)?.slice(1)).toEqual(["containers"]);

      const unsure = await removeLeftContainers(commands, undefined, place.environment, async () => false);
      expect(unsure).toEqual(["containers may have been left behind"]);
      expect(place.calls().at(-1)?.slice(1)).toEqual(["containers"]);
    });
  });
});

describe("a program's lines", () => {
  test("are told whole, however they come, characters of several bytes among them", () => {
    const splitter = new LineSplitter();
    const bytes = Buffer.from("grüße\nzwei\nrest €");
    const told = [...bytes].map((byte) => splitter.push(Uint8Array.of(byte)));
    expect(told.filter((text) => text !== "")).toEqual(["grüße\n", "zwei\n"]);
    expect(splitter.end()).toBe("rest €\n");
    expect(splitter.end()).toBe("");
  });

  test("that do not end are told in pieces", () => {
    const splitter = new LineSplitter();
    const long = "x".repeat(70_000);
    expect(splitter.push(Buffer.from(long))).toBe(`${long}\n`);
  });

  test("are kept up to a number, and cut where they are long", () => {
    const last = new LastLines(2);
    last.add(`one\n\n  \ntwo\n${"y".repeat(1000)}\n`);
    expect(last.lines).toEqual(["two", `${"y".repeat(400)}…`]);
  });
});
