/**
 * What an engine may answer, staged; test/slow/docker-daemon has real ones. Newer engines, whose store knows platforms, are
 * staged as Docker 28.5 answers.
 */
import { describe, expect, test } from "bun:test";
import { once } from "node:events";
import { chmodSync, existsSync, readdirSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { convert } from "../../src/convert/convert.ts";
import { expectError } from "../support/expect-error.ts";
import { json, sha256 } from "../support/layout-builder.ts";
import { run, testWith } from "../support/oracles.ts";
import { tar } from "../support/tar-builder.ts";
import { withTemporaryFolder } from "../support/temporary.ts";
import { until } from "../support/waiting.ts";
import { manifestJson, tarOf } from "./support.ts";

const LAYER = tar([{ path: "file", data: "of the engine" }]);
const CONFIG = json({
  os: "linux",
  architecture: "amd64",
  rootfs: { type: "layers", diff_ids: [sha256(LAYER)] },
});
const imageId = sha256(CONFIG);
const archive = await tarOf([
  ["layer.tar", LAYER],
  ["config.json", CONFIG],
  manifestJson({ Config: "config.json", RepoTags: null, Layers: ["layer.tar"] }),
]);
const FULL = "docker.io/library/app:1";
const IMAGE = { Id: imageId, Os: "linux", Architecture: "amd64" };
const LIST = { ...IMAGE, Descriptor: { mediaType: "application/vnd.oci.image.index.v1+json" } };
const PLATFORM = encodeURIComponent('{"os":"linux","architecture":"amd64"}');
const MAIN = join(import.meta.dir, "../../src/cli/main.ts");

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

interface Engine {
  readonly version?: string;
  /** By path and query, behind the version. What is not there is 404. */
  readonly answers: Readonly<Record<string, Answer>>;
}

const body =
  (value: unknown, status = 200): Answer =>
  (_, response) => {
    response.statusCode = status;
    response.end(value instanceof Uint8Array ? value : JSON.stringify(value));
  };

/** Everything that was asked for, and what became of the conversion. */
async function withEngine(
  { version, answers }: Engine,
  use: (
    job: (more?: Partial<Parameters<typeof convert>[0]>) => ReturnType<typeof convert>,
    asked: string[],
    folder: string,
  ) => Promise<void>,
): Promise<void> {
  await withTemporaryFolder(async (folder) => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      const path = (request.url ?? "").replace(/^\/v[\d.]+/, "");
      asked.push(request.url ?? "");
      if (version !== undefined) response.setHeader("Api-Version", version);
      if (path === "/_ping") response.end("OK");
      else (answers[path] ?? body({ message: "no such image" }, 404))(request, response);
    });
    const socket = join(folder, "docker.sock");
    await once(server.listen(socket), "listening");
    try {
      const registry = {
        environment: { DOCKER_HOST: `unix://${socket}`, HTTP_PROXY: "http://nowhere.invalid:1" },
      };
      const source = "docker-daemon:app:1";
      const options = { source, out: join(folder, "out"), platform: "linux/amd64", registry };
      await use((more) => convert({ ...options, ...more }), asked, folder);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
}

describe("an image of a Docker engine", () => {
  test("is asked for as the engine's version has it, and converted", async () => {
    const get = `/images/${imageId}/get`;
    const described = `/images/${FULL}/json`;
    const cases: [engine: Engine, asked: readonly string[]][] = [
      [
        { version: "1.41", answers: { [described]: body(IMAGE), [get]: body(archive) } },
        [`/v1.41${described}`, `/v1.41${get}`],
      ],
      // Of newer ones than this program knows, what it knows.
      [
        {
          version: "1.99",
          answers: { [described]: body(LIST), [`${get}?platform=${PLATFORM}`]: body(archive) },
        },
        [`/v1.48${described}`, `/v1.48${get}?platform=${PLATFORM}`],
      ],
      // That has it, and not for a platform that it would call so.
      [
        { version: "1.51", answers: { [described]: body(LIST), [get]: body(archive) } },
        [`/v1.48${described}`, `/v1.48${get}?platform=${PLATFORM}`, `/v1.48${get}`],
      ],
      // As Podman calls what was built, and who tells no version.
      [
        { answers: { "/images/localhost/app:1/json": body(IMAGE), [get]: body(archive) } },
        [`/v1.24${described}`, "/v1.24/images/localhost/app:1/json", `/v1.24${get}`],
      ],
    ];
    for (const [engine, wanted] of cases) {
      await withEngine(engine, async (job, asked) => {
        const { metadata } = await job();
        expect(asked).toEqual(["/_ping", ...wanted]);
        expect(metadata.sourceDigest).toBe(imageId as typeof metadata.sourceDigest);
        expect(metadata.source).toEqual({ kind: "docker-daemon", reference: "docker-daemon:app:1" });
      });
    }
  });

  test("for another platform is refused before it is sent", () =>
    withEngine(
      { version: "1.41", answers: { [`/images/${FULL}/json`]: body(IMAGE) } },
      async (job, asked, folder) => {
        await expectError(job({ platform: "linux/arm64" }), "E_PLATFORM_NOT_FOUND", "linux/amd64");
        expect(asked.some((path) => path.endsWith("/get"))).toBe(false);
        expect(existsSync(join(folder, "out"))).toBe(false);
      },
    ));

  const broken: [what: string, answer: Answer, code: Parameters<typeof expectError>[1], said: string][] = [
    [
      "breaks off",
      (_, response) => {
        response.write(archive.subarray(0, 3000));
        setImmediate(() => response.destroy());
      },
      "E_NETWORK",
      "docker.sock",
    ],
    [
      "is no archive",
      body(Buffer.from("nothing of the kind".repeat(100))),
      "E_BAD_ARCHIVE",
      "docker-daemon:app:1",
    ],
    ["is empty", body(new Uint8Array()), "E_BAD_ARCHIVE", "empty"],
    ["is refused", body({ message: "disk\u001bis full" }, 500), "E_NETWORK", '500: "disk\\u001bis full"'],
  ];
  for (const [what, answer, code, said] of broken) {
    test(`that ${what} is an error, and nothing is left`, () => {
      const answers = { [`/images/${FULL}/json`]: body(IMAGE), [`/images/${imageId}/get`]: answer };
      return withEngine({ version: "1.41", answers }, async (job, _, folder) => {
        await expectError(job(), code, said);
        expect(readdirSync(folder)).toEqual(["docker.sock"]);
      });
    });
  }

  test("that does not come is waited for until a signal", () => {
    const answers = { [`/images/${FULL}/json`]: body(IMAGE), [`/images/${imageId}/get`]: () => undefined };
    return withEngine({ version: "1.41", answers }, async (job, asked, folder) => {
      const controller = new AbortController();
      const ended = expectError(job({ signal: controller.signal }), "E_INTERRUPTED");
      await until(() => asked.length === 3);
      controller.abort();
      await ended;
      expect(readdirSync(folder)).toEqual(["docker.sock"]);
    });
  });

  test("that it has not is not there, and a missing or dead socket is no engine", () =>
    withEngine({ version: "1.41", answers: {} }, async (job) => {
      await expectError(job(), "E_IMAGE_NOT_FOUND", '"app:1"', "docker2vm convert app:1");
      await expectError(job({ source: `docker-daemon:${imageId}` }), "E_IMAGE_NOT_FOUND", "docker images");
      const at = (host: string) => job({ source: { kind: "docker-daemon", name: "app", host } });
      await expectError(at("unix:///nonexistent/docker.sock"), "E_NETWORK", "no such socket");
      await expectError(at("tcp://127.0.0.1:1"), "E_NETWORK", "refused", "DOCKER_HOST");
    }));

  test("is asked for below the path of an engine's address, as Docker's client has it", () =>
    withEngine({ answers: {} }, async (job) => {
      const asked: string[] = [];
      const server = Bun.serve({
        port: 0,
        hostname: "127.0.0.1",
        fetch: (request) => {
          const { pathname } = new URL(request.url);
          asked.push(pathname);
          return new Response("", { status: pathname.endsWith("/_ping") ? 200 : 404 });
        },
      });
      try {
        const host = `tcp://127.0.0.1:${server.port}/behind/a proxy/`;
        await expectError(job({ source: { kind: "docker-daemon", name: "app", host } }), "E_IMAGE_NOT_FOUND");
        expect(asked[0]).toBe("/behind/a%20proxy/_ping");
        for (const path of asked.slice(1)) expect(path).toStartWith("/behind/a%20proxy/v1.24/images/");
        expect(asked.length).toBeGreaterThan(1);
      } finally {
        await server.stop(true);
      }
    }));

  testWith(["setpriv"], "is for those who may use the socket", () =>
    withEngine({ answers: {} }, async (_, __, folder) => {
      chmodSync(folder, 0o755);
      chmodSync(join(folder, "docker.sock"), 0o600);
      const asNobody = [
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        process.execPath,
        "--no-env-file",
      ];
      const { stderr, status } = run("setpriv", [...asNobody, MAIN, "inspect-image", "docker-daemon:app:1"], {
        env: { DOCKER_HOST: `unix://${join(folder, "docker.sock")}`, HOME: folder },
      });
      expect([status, stderr]).toEqual([4, expect.stringContaining("group docker")]);
    }),
  );
});
