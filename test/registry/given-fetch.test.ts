/** Requests by a fetch of the caller's: what is checked, followed and kept secret is as with connections of our own. */
import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { pushImage } from "../../src/artifact/library.ts";
import { convert } from "../../src/convert/convert.ts";
import { convertInto } from "../../src/convert/convert-into.ts";
import { REACH, type Reach } from "../../src/http/addresses.ts";
import { HttpClient } from "../../src/http/client.ts";
import type { Fetch, FetchAnswer, FetchRequest } from "../../src/http/fetching.ts";
import { MemoryTarget } from "../../src/output/target.ts";
import { withRegistry } from "../support/docker-registry.ts";
import { expectError } from "../support/expect-error.ts";
import { testWith } from "../support/oracles.ts";
import { REPOSITORY } from "../support/package.ts";
import { ScriptedRegistry, sendStatus } from "../support/scripted-registry.ts";
import { tar } from "../support/tar-builder.ts";
import { NAME, noise, retriesOf, type Scene, withScene } from "./support.ts";
import { basic, demandToken } from "./token-server.ts";

const digestsOf = ({ built }: Scene) => built.layers.map(({ digest }) => digest);

/** The runtime's fetch, and what it was asked. */
function recording(change: (answer: FetchAnswer, url: string) => FetchAnswer = (answer) => answer) {
  const asked: (FetchRequest & { readonly url: string })[] = [];
  const given: Fetch = async (url, request) => {
    asked.push({ url, ...request });
    return change(await fetch(url, request), url);
  };
  return { asked, given };
}

describe("a fetch that is given", () => {
  test("makes every request, and the image is the same", () =>
    withScene(async (scene) => {
      const server = demandToken(scene);
      const { asked, given } = recording();
      expect(await scene.pull({ fetch: given })).toEqual(digestsOf(scene));
      expect(asked.length).toBe(scene.registry.seen.length);
      expect(server.asked).toHaveLength(1);
      expect(new Set(asked.map(({ redirect }) => redirect))).toEqual(new Set(["manual"]));
      expect(new Set(asked.map(({ headers }) => headers["accept-encoding"]))).toEqual(new Set(["identity"]));
    }));

  test("and is no function is told of before anything is asked", () =>
    withScene(async (scene) => {
      for (const given of ["https://proxy", {}, null, 7]) {
        // What only a caller without types can do.
        const fetch = given as unknown as Fetch;
        await expectError(scene.pull({ fetch }), "E_USAGE", "the option fetch is", "no function");
      }
      expect(scene.registry.seen).toEqual([]);
    }));

  test("sees no secret of the registry's where a redirect leads", () =>
    withScene(async (scene) => {
      const target = await ScriptedRegistry.start();
      try {
        target.addLayout(join(scene.folder, "layout"));
        scene.registry.rule(({ url, authorization }, response) => {
          if (authorization === undefined)
            return sendStatus(response, 401, { "www-authenticate": 'Basic realm="x"' });
          if (!url.includes("/blobs/")) return false;
          return sendStatus(response, 307, { location: `http://${target.host}${url}` });
        });
        const { asked, given } = recording();
        const credentials = { username: "me", password: "secret" };
        expect(await scene.pull({ fetch: given, credentials })).toEqual(digestsOf(scene));
        const shown = (host: string) =>
          new Set(
            asked.filter(({ url }) => url.includes(host)).map(({ headers }) => headers["authorization"]),
          );
        expect(shown(scene.registry.host)).toEqual(new Set([undefined, basic("me", "secret")]));
        expect(shown(target.host)).toEqual(new Set([undefined]));
      } finally {
        target.close();
      }
    }));

  test("that follows redirects by itself is refused", () =>
    withScene(async (scene) => {
      scene.registry.rule(
        ({ url }, response) =>
          url.includes("/blobs/") &&
          !url.includes("again") &&
          sendStatus(response, 307, { location: `${url}?again` }),
      );
      const following: Fetch = (url, request) => fetch(url, { ...request, redirect: "follow" });
      await expectError(scene.pull({ fetch: following }), "E_NETWORK", "followed a redirect", "manual");
    }));

  test("is not asked for what lies nearer than the server that leads there, by address or by name", () =>
    withScene(async (scene) => {
      const { asked, given } = recording();
      // A server in public, as the one that leads on: the name of the registry is the only one that is answered.
      const outside: Fetch = (url, request) =>
        given(url.replace("https://203.0.113.1", `http://${scene.registry.host}`), request);
      for (const host of ["169.254.169.254", "localhost", "10.0.0.1"]) {
        scene.registry.rule(
          ({ url }, response) =>
            url.includes("/manifests/") && sendStatus(response, 307, { location: `https://${host}/x` }),
        );
        const pull = scene.pull({ fetch: outside }, `203.0.113.1/${NAME}`);
        await expectError(pull, "E_DENIED", host, "private network");
      }
      expect(asked.every(({ url }) => url.startsWith(`http://${scene.registry.host}`))).toBe(true);
    }));

  test("whose bodies were encoded, documents and layers, is read as it decodes them", () =>
    withScene(async (scene) => {
      const { manifests, blobs } = scene.registry;
      scene.registry.rule(({ method, url }, response) => {
        const name = url.split("/").at(-1) ?? "";
        const { bytes, mediaType } = manifests.get(name) ?? { bytes: blobs.get(name), mediaType: "x/x" };
        if (method !== "GET" || bytes === undefined) return false;
        const encoded = gzipSync(bytes);
        const length = { "content-length": encoded.length, "content-encoding": "gzip" };
        response.writeHead(200, { "content-type": mediaType, ...length });
        response.end(encoded);
        return true;
      });
      expect(await scene.pull({ fetch: recording().given })).toEqual(digestsOf(scene));
    }));

  test("that sends other bytes, or too many, makes no image", () =>
    withScene(async (scene) => {
      const withBody = (bytes: Uint8Array<ArrayBuffer>) =>
        recording((answer, url) => (url.includes("/blobs/") ? new Response(bytes) : answer)).given;
      await expectError(scene.pull({ fetch: withBody(new Uint8Array(noise(1000, 9))) }), "E_SIZE_MISMATCH");
      const manifests = recording((answer, url) =>
        url.includes("/manifests/") ? new Response(new Uint8Array(64 << 20)) : answer,
      );
      await expectError(scene.pull({ fetch: manifests.given }), "E_BAD_MANIFEST", "bytes allowed");
    }));

  test("keeps the memory that its answers are in", () =>
    withScene(
      async (scene) => {
        const { blobs } = scene.registry;
        const copies = new Map([...blobs].map(([digest, bytes]) => [digest, new Uint8Array(bytes)]));
        const { given } = recording((answer, url) => {
          const kept = copies.get(url.split("/").at(-1) ?? "");
          if (kept === undefined) return answer;
          const body = new ReadableStream<Uint8Array>({
            start(controller) {
              controller.enqueue(kept);
              controller.close();
            },
          });
          return { status: 200, redirected: false, headers: new Headers(), body };
        });
        const cacheFolder = join(scene.folder, "cache");
        expect(await scene.pull({ fetch: given, cacheFolder })).toEqual(digestsOf(scene));
        for (const [digest, kept] of copies) {
          expect(Buffer.compare(kept, blobs.get(digest) ?? Buffer.alloc(0))).toBe(0);
        }
      },
      // As long as what this program's own memory comes in.
      { layers: [noise(1 << 20, 1), noise(5000, 2)], compress: "none" },
    ));

  test("whose connection breaks is asked again, and one that fails for good says why", () =>
    withScene(async (scene) => {
      let failures = 2;
      const { given } = recording();
      const broken: Fetch = (url, request) => {
        if (url.includes("/blobs/") && failures-- > 0) {
          throw new TypeError("fetch failed", {
            cause: Object.assign(new Error("reset"), { code: "ECONNRESET" }),
          });
        }
        return given(url, request);
      };
      expect(await scene.pull({ fetch: broken })).toEqual(digestsOf(scene));
      expect(retriesOf(scene.events).length).toBeGreaterThan(0);
      const refusing: Fetch = () => Promise.reject(new Error("no network in here"));
      await expectError(scene.pull({ fetch: refusing }), "E_NETWORK", "no network in here");
    }));

  test("and a file of certificates are one too many", () =>
    withScene(async ({ pull, folder }) => {
      const caFile = join(folder, "ca.pem");
      await expectError(pull({ fetch: recording().given, caFile }), "E_USAGE", "exclude each other");
    }));

  test("and a target in memory make a conversion that touches no cache", () =>
    withScene(
      async ({ folder, name, options }) => {
        const { asked, given } = recording();
        const target = new MemoryTarget();
        const registry = { fetch: given, environment: options.environment };
        await convertInto(target, { source: `docker://${name}`, platform: "linux/amd64", registry });
        expect(asked.length).toBeGreaterThan(0);
        expect(target.bytes.length).toBeGreaterThan(300_000);
        expect(readdirSync(join(folder, "home"))).toEqual([]);
      },
      { layers: [tar([{ path: "a", data: noise(300_000, 1) }])] },
    ));
});

test("a name is looked up before a fetch that is given may ask there, unless its host is trusted", async () => {
  const asked: string[] = [];
  const given: Fetch = async (url) => {
    asked.push(url);
    return new Response("in");
  };
  const exchange = (trusted: string, found: Reach, nearest: Reach) => {
    const reachOf = async () => found;
    const client = new HttpClient({ environment: {}, fetch: given, reachOf, trustedHosts: [trusted] });
    return client.exchange({ method: "GET", url: new URL("https://inside.example/x"), nearest });
  };
  await expectError(exchange("other", REACH.private, REACH.public), "E_DENIED", "inside.example");
  await expectError(exchange("other", REACH.linkLocal, REACH.loopback), "E_DENIED", "private network");
  expect(asked).toEqual([]);
  await exchange("other", REACH.private, REACH.private);
  await exchange("other", REACH.public, REACH.public);
  await exchange("inside.example", REACH.private, REACH.public);
  expect(asked).toHaveLength(3);
});

describe("a fetch that is given and hears no signal", () => {
  const url = new URL("https://registry.example/x");
  const SHORT = { connect: 1, headers: 1, body: 1 };
  const never = () => new Promise<never>(() => undefined);
  const exchange = (given: Fetch, signal?: AbortSignal) => {
    const timeouts = signal === undefined ? SHORT : {};
    return new HttpClient({ environment: {}, fetch: given, timeouts }).exchange({
      method: "GET",
      url,
      signal,
    });
  };
  const read = async (given: Fetch, signal?: AbortSignal) => {
    for await (const _ of (await exchange(given, signal)).body);
  };

  test("is not waited for beyond the time, nor is its body", async () => {
    await expectError(exchange(never), "E_NETWORK", "did not answer in time");
    const cancelled = Promise.withResolvers<void>();
    const cancel = () => cancelled.resolve();
    const stuck: Fetch = async () => new Response(new ReadableStream({ pull: never, cancel }));
    await expectError(read(stuck), "E_NETWORK", "stopped sending");
    await cancelled.promise;
  });

  test("ends at the caller's signal, and an answer that comes then is let go", async () => {
    const reason = new Error("no longer wanted");
    const stop = new AbortController();
    const late = Promise.withResolvers<FetchAnswer>();
    const asked = exchange(() => late.promise, stop.signal).catch((error: unknown) => error);
    stop.abort(reason);
    expect(await asked).toBe(reason);
    const cancelled = Promise.withResolvers<void>();
    late.resolve(new Response(new ReadableStream({ cancel: () => cancelled.resolve() })));
    await cancelled.promise;

    const stopBody = new AbortController();
    const pull = () => {
      queueMicrotask(() => stopBody.abort(reason));
      return never();
    };
    const stuck: Fetch = async () => new Response(new ReadableStream({ pull }, { highWaterMark: 0 }));
    expect(await read(stuck, stopBody.signal).catch((error: unknown) => error)).toBe(reason);
  });

  test("answers with a web stream, or is told to", async () => {
    const body = Readable.from([]) as unknown as ReadableStream<Uint8Array>;
    const given: Fetch = async () => ({ status: 200, redirected: false, headers: new Headers(), body });
    await expectError(exchange(given), "E_USAGE", "no Uint8Array", "a ReadableStream of bytes");
  });
});

testWith(["docker-registry"], "a fetch that is given pushes, too, pieces of many megabytes", () =>
  withRegistry({}, async (registry, folder) => {
    const out = join(folder, "vm");
    const hello = join(REPOSITORY, "fixtures/images/hello");
    await convert({ source: `oci:${hello}`, platform: "linux/amd64", out, dense: true });
    const { asked, given } = recording();
    const reference = `${registry.host}/owner/vm:1`;
    const { digest } = await pushImage({ image: out, reference, registry: { fetch: given } });
    expect(asked.some(({ method }) => method === "PUT" || method === "PATCH")).toBe(true);
    const accept = "application/vnd.oci.image.manifest.v1+json";
    const answer = await fetch(`http://${registry.host}/v2/owner/vm/manifests/1`, { headers: { accept } });
    expect(answer.headers.get("docker-content-digest")).toBe(digest);
  }),
);
