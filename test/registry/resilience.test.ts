import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { PATIENCE } from "../../src/cache/growing-file.ts";
import { TIMEOUTS } from "../../src/http/timeouts.ts";
import { AMD64 } from "../source/support.ts";
import { expectError } from "../support/expect-error.ts";
import { sendBlob, sendBroken, sendStatus, sendWhole } from "../support/scripted-registry.ts";
import { letPeersBeLate, until, withStandingClock } from "../support/waiting.ts";
import { LAYERS, retriesOf, type Scene, withScene } from "./support.ts";

const DIGESTS = (built: Scene["built"]) => built.layers.map(({ digest }) => digest);

/** Two layers that are too large to be fetched before anybody reads them. */
const HEAVY = { layers: [1, 2].map((n) => Buffer.alloc(2 << 20, n)), compress: "none" } as const;

/** Has the first requests for the base layer answered by the steps, one each. */
function script(
  { registry, built }: Scene,
  ...steps: readonly Parameters<Scene["registry"]["rule"]>[0][]
): void {
  let step = 0;
  registry.rule((seen, response) => {
    if (!seen.url.includes(built.layers[0]?.digest ?? "")) return false;
    return steps[step++]?.(seen, response) ?? false;
  });
}

describe("a body that breaks off", () => {
  test("is continued by Range where it stopped, as often as it takes", () =>
    withScene(async (scene) => {
      const { registry, built, events, pull } = scene;
      const [base] = LAYERS;
      script(
        scene,
        (_, response) => {
          sendBroken(response, base, 100_000);
          return true;
        },
        (seen, response) => {
          expect(seen.range).toBe("bytes=100000-");
          response.statusCode = 206;
          response.setHeader("content-range", `bytes 100000-${base.length - 1}/${base.length}`);
          sendBroken(response, base.subarray(100_000), 77_777);
          return true;
        },
      );
      expect(await pull()).toEqual(DIGESTS(built));
      expect(registry.seenOf(built.layers[0]?.digest ?? "").map(({ range }) => range)).toEqual([
        undefined,
        "bytes=100000-",
        "bytes=177777-",
      ]);
      expect(retriesOf(events).map(({ offset }) => offset)).toEqual([100_000, 177_777]);
    }));

  test("goes on from the registry's own address when it came from somewhere else", () =>
    withScene(async (scene) => {
      const { registry, built, pull } = scene;
      const away = (_: unknown, response: Parameters<typeof sendStatus>[0]) =>
        sendStatus(response, 307, { location: `http://localhost:${registry.host.split(":")[1]}/cdn?sig=1` });
      let served = 0;
      registry.rule(({ url, range }, response) => {
        if (!url.startsWith("/cdn")) return false;
        served += 1;
        if (served === 1) sendBroken(response, LAYERS[0], 50_000);
        else sendBlob(response, LAYERS[0], range);
        return true;
      });
      script(scene, away, away);
      expect(await pull()).toEqual(DIGESTS(built));
      expect(registry.seenOf("/cdn").map(({ range }) => range)).toEqual([undefined, "bytes=50000-"]);
      expect(registry.seenOf(built.layers[0]?.digest ?? "")).toHaveLength(2);
    }));

  test("is read anew, and what is here already skipped, where the server knows no ranges", () =>
    withScene(async (scene) => {
      script(
        scene,
        (_, response) => {
          sendBroken(response, LAYERS[0], 100_000);
          return true;
        },
        (_, response) => {
          sendWhole(response, LAYERS[0]);
          return true;
        },
      );
      expect(await scene.pull()).toEqual(DIGESTS(scene.built));
    }));

  test("is asked for as a whole where the server sends another range than asked for", () =>
    withScene(async (scene) => {
      const { built, registry, pull } = scene;
      script(
        scene,
        (_, response) => {
          sendBroken(response, LAYERS[0], 100_000);
          return true;
        },
        (_, response) => {
          response.statusCode = 206;
          response.setHeader("content-range", `bytes 99999-${LAYERS[0].length - 1}/${LAYERS[0].length}`);
          sendWhole(response, LAYERS[0].subarray(99_999));
          return true;
        },
      );
      expect(await pull()).toEqual(DIGESTS(built));
      expect(registry.seenOf(built.layers[0]?.digest ?? "").map(({ range }) => range)).toEqual([
        undefined,
        "bytes=100000-",
        undefined,
      ]);
    }));

  test("is given up after five tries that brought nothing, with the reason", () =>
    withScene(async ({ registry, built, pull, timing }) => {
      const digest = built.layers[0]?.digest ?? "";
      registry.rule(({ url }, response) => {
        if (!url.includes(digest)) return false;
        sendBroken(response, LAYERS[0], 0);
        return true;
      });
      await expectError(pull(), "E_NETWORK", digest, "closed before the end");
      expect(registry.seenOf(digest)).toHaveLength(5);
      expect(timing.slept).toEqual([1000, 3000, 9000, 27000]);
    }));

  test("is followed for ever as long as more than a mebibyte comes each time", () =>
    withScene(
      async ({ registry, built, pull }) => {
        const digest = built.layers[0]?.digest ?? "";
        registry.rule(({ url, range }, response) => {
          if (!url.includes(digest)) return false;
          const start = Number(/\d+/.exec(range ?? "0")?.[0]);
          if (start > 0) {
            response.statusCode = 206;
            response.setHeader("content-range", `bytes ${start}-${BIG.length - 1}/${BIG.length}`);
          }
          sendBroken(response, BIG.subarray(start), 3_000_000);
          return true;
        });
        expect(await pull()).toEqual(DIGESTS(built));
        expect(registry.seenOf(digest).length).toBeGreaterThan(6);
      },
      { layers: [BIG], compress: "none" },
    ));

  test("is followed for ever as long as something comes each minute", () =>
    withScene(async ({ registry, built, pull, timing }) => {
      const digest = built.layers[0]?.digest ?? "";
      const [base] = LAYERS;
      registry.rule(({ url, range }, response) => {
        if (!url.includes(digest)) return false;
        timing.pass(61_000);
        const start = Number(/\d+/.exec(range ?? "0")?.[0]);
        if (start > 0) {
          response.statusCode = 206;
          response.setHeader("content-range", `bytes ${start}-${base.length - 1}/${base.length}`);
        }
        sendBroken(response, base.subarray(start), 20_000);
        return true;
      });
      expect(await pull()).toEqual(DIGESTS(built));
      expect(registry.seenOf(digest).length).toBeGreaterThan(6);
    }));

  test("is not followed for ever for a byte a minute", () =>
    withScene(async ({ registry, built, pull, timing }) => {
      const digest = built.layers[0]?.digest ?? "";
      const [base] = LAYERS;
      registry.rule(({ url, range }, response) => {
        if (!url.includes(digest)) return false;
        timing.pass(61_000);
        const start = Number(/\d+/.exec(range ?? "0")?.[0]);
        if (start > 0) {
          response.statusCode = 206;
          response.setHeader("content-range", `bytes ${start}-${base.length - 1}/${base.length}`);
        }
        sendBroken(response, base.subarray(start), 1);
        return true;
      });
      await expectError(pull(), "E_NETWORK", digest, "closed before the end");
      expect(registry.seenOf(digest)).toHaveLength(5);
    }));

  test("leaves nothing in the scratch folder, whether it ends well or not", () =>
    withScene(async ({ registry, pull, options }) => {
      await pull();
      registry.rule(({ url }, response) => url.includes("/blobs/") && sendStatus(response, 404));
      await expectError(pull(), "E_IMAGE_NOT_FOUND");
      expect(readdirSync(options.scratchFolder)).toEqual([]);
    }));
});

const BIG = Buffer.alloc(20 << 20, "docker2vm");

describe("a server that is busy", () => {
  test("is asked again after what Retry-After says, in seconds or as a date", () =>
    withScene(async (scene) => {
      const date = new Date(scene.timing.now() + 7_000 + 30_000).toUTCString();
      script(
        scene,
        (_, response) => sendStatus(response, 429, { "retry-after": "7" }),
        (_, response) => sendStatus(response, 503, { "retry-after": date }),
      );
      expect(await scene.pull()).toEqual(DIGESTS(scene.built));
      expect(scene.timing.slept).toEqual([7_000, 30_000]);
      expect(retriesOf(scene.events).map(({ delay }) => delay)).toEqual([7_000, 30_000]);
    }));

  for (const status of [408, 499, 500, 502, 503, 504, 522]) {
    test(`is asked again after ${status}`, () =>
      withScene(async (scene) => {
        script(scene, (_, response) => sendStatus(response, status));
        expect(await scene.pull()).toEqual(DIGESTS(scene.built));
        expect(scene.timing.slept).toEqual([1000]);
      }));
  }

  test("is not waited for longer than two minutes: the error tells when to come back", () =>
    withScene(async ({ registry, pull, timing }) => {
      registry.rule((_, response) =>
        sendStatus(
          response,
          429,
          { "retry-after": "3600", "ratelimit-limit": "100;w=21600" },
          "TOOMANYREQUESTS",
          "slow down",
        ),
      );
      await expectError(
        pull(),
        "E_RATE_LIMITED",
        "slow down",
        "3600 s",
        "2030-01-01T01:00:00Z",
        "100 in 6 h",
      );
      expect(timing.slept).toEqual([]);
    }));

  test("is given up after five tries", () =>
    withScene(async ({ registry, pull }) => {
      registry.rule((_, response) => sendStatus(response, 503));
      await expectError(pull(), "E_NETWORK", "503");
      expect(registry.seen).toHaveLength(5);
    }));

  for (const status of [400, 404, 403, 501]) {
    test(`is not asked again after ${status}`, () =>
      withScene(async ({ registry, pull }) => {
        registry.rule((_, response) => sendStatus(response, status));
        await pull().catch(() => undefined);
        expect(registry.seen).toHaveLength(1);
      }));
  }
});

describe("a peer that stalls", () => {
  /** So many bytes of a layer have come. */
  const has = ({ events, built }: Scene, layer: number, bytes: number): boolean =>
    events.some(
      (event) =>
        event.type === "download" && event.digest === built.layers[layer]?.digest && event.bytes === bytes,
    );

  test("before its answer is taken for broken and asked again", () =>
    withScene(async (scene) => {
      let asked = false;
      script(scene, () => {
        asked = true;
        return true;
      });
      const pulling = scene.pull();
      await until(() => asked && has(scene, 1, LAYERS[1].length));
      letPeersBeLate(TIMEOUTS.headers);
      expect(await pulling).toEqual(DIGESTS(scene.built));
      expect(retriesOf(scene.events).map(({ reason }) => reason)).toEqual([
        expect.stringContaining("did not answer in time"),
      ]);
    }));

  test("in the middle of a body is asked for the rest", () =>
    withScene(async (scene) => {
      script(scene, (_, response) => {
        response.setHeader("content-length", LAYERS[0].length);
        response.write(LAYERS[0].subarray(0, 5000));
        return true;
      });
      const pulling = scene.pull();
      await until(() => has(scene, 0, 5000) && has(scene, 1, LAYERS[1].length));
      letPeersBeLate(TIMEOUTS.body);
      expect(await pulling).toEqual(DIGESTS(scene.built));
      expect(retriesOf(scene.events)).toEqual([
        expect.objectContaining({ offset: 5000, reason: expect.stringContaining("stopped sending") }),
      ]);
    }));
});

describe("an abort", () => {
  test("ends a stalled layer at once, with its reason", () =>
    withScene(async (scene) => {
      const abort = new AbortController();
      script(scene, () => {
        abort.abort(new Error("enough"));
        return true;
      });
      const source = await scene.open({ signal: abort.signal });
      const [layer] = (await source.resolve(AMD64)).layers;
      const reading = layer?.open(abort.signal)[Symbol.asyncIterator]().next();
      expect(await reading?.catch(String)).toBe("Error: enough");
      await source.close();
      expect(readdirSync(scene.options.scratchFolder)).toEqual([]);
    }));

  test("ends the wait before another try", () =>
    withScene(async ({ registry, pull, timing }) => {
      const abort = new AbortController();
      registry.rule((_, response) => sendStatus(response, 503));
      const patient = {
        now: () => timing.now(),
        random: () => 0,
        sleep: (_: number, signal?: AbortSignal) =>
          new Promise<void>((_resolve, reject) => {
            signal?.addEventListener("abort", () => reject(signal.reason));
            abort.abort(new Error("enough"));
          }),
      };
      expect(await pull({ timing: patient, signal: abort.signal }).catch(String)).toBe("Error: enough");
    }));

  test("of one reader leaves the others their layers", () =>
    withScene(async ({ open, built }) => {
      const source = await open();
      const [base, top] = (await source.resolve(AMD64)).layers;
      const aborted = AbortSignal.abort(new Error("enough"));
      expect(await base?.open(aborted)[Symbol.asyncIterator]().next().catch(String)).toBe("Error: enough");
      let bytes = 0;
      for await (const chunk of top?.open() ?? []) bytes += chunk.length;
      expect(bytes).toBe(built.layers[1]?.size ?? 0);
    }));
});

test("a reader that pauses holds up no download", () =>
  withScene(async ({ open, registry, built }) => {
    const source = await open({ concurrency: 1 });
    const [base, top] = (await source.resolve(AMD64)).layers;
    const paused = base?.open()[Symbol.asyncIterator]();
    await paused?.next();
    // Only one layer is fetched at a time, and nobody reads on: the second comes all the same.
    let bytes = 0;
    for await (const chunk of top?.open() ?? []) bytes += chunk.length;
    expect(bytes).toBe(built.layers[1]?.size ?? 0);
    expect(registry.seenOf("/blobs/")).toHaveLength(3);
    await paused?.return?.();
  }));

test("of the layers that nobody reads yet one is fetched for each that is read and has been fetched", () =>
  withScene(
    async ({ open, registry, built }) => {
      const layers = (await (await open()).resolve(AMD64)).layers;
      const asked = (): string[] =>
        registry.seenOf("/blobs/").map(({ url }) => url.slice(url.indexOf("sha256:")));
      const [base, ...others] = DIGESTS(built);
      await withStandingClock(async (pass) => {
        const reading = layers[0]?.open()[Symbol.asyncIterator]();
        await reading?.next();
        await pass(PATIENCE - 1);
        // The network waits for the reader.
        expect(asked()).toEqual([built.config.digest, base ?? ""]);
        for (let bytes = 1; bytes > 0; ) bytes = (await reading?.next())?.value?.length ?? 0;
        await reading?.return?.();
        const second = layers[1]?.open()[Symbol.asyncIterator]();
        await second?.next();
        // Its reader stops: what it does not take goes to a file, after a while, and the next one's turn comes.
        await until(() => pass(1).then(() => asked().length > 3));
        await pass(PATIENCE);
        expect(asked().slice(2)).toEqual(others.slice(0, 2));
        let bytes = 0;
        for await (const chunk of layers[3]?.open() ?? []) bytes += chunk.length;
        expect(bytes).toBe(2 << 20);
        await second?.return?.();
      });
    },
    { layers: [Buffer.alloc(40 << 20), ...[1, 2, 3].map((n) => Buffer.alloc(2 << 20, n))], compress: "none" },
  ));

test("layers that memory holds are fetched before anybody reads them, up to what it may hold", () =>
  withScene(
    async ({ open, options, registry, built }) => {
      const layers = (await (await open({ concurrency: 8 })).resolve(AMD64)).layers;
      const asked = (): (string | undefined)[] =>
        registry.seenOf("/blobs/").map(({ url }) => url.split("/").at(-1));
      await withStandingClock(async (pass) => {
        const reading = layers[0]?.open()[Symbol.asyncIterator]();
        await reading?.next();
        // The third does not fit in; of the last five there is room for four.
        const [base, light, heavy, ...others] = DIGESTS(built);
        const early = [base, light, ...others.slice(0, 4)];
        await until(() => asked().length > early.length);
        await pass(PATIENCE - 1);
        expect(asked().slice(1).sort()).toEqual(early.map(String).sort());
        for (const layer of layers.slice(1)) {
          let bytes = 0;
          for await (const chunk of layer.open()) bytes += chunk.length;
          expect(bytes).toBe(layer.size);
        }
        expect(registry.seenOf(heavy ?? "")).toHaveLength(1);
        expect(asked()).toHaveLength(1 + layers.length);
        expect(readdirSync(options.scratchFolder)).toEqual([]);
        await reading?.return?.();
      });
    },
    {
      layers: [40 << 20, 1000, 2 << 20, ...Array(5).fill((1 << 20) - 1000)].map((size, n) =>
        Buffer.alloc(size, n),
      ),
      compress: "none",
    },
  ));

describe("what is going to be read", () => {
  test("begins to come while the config is still on its way, once the manifest is here", () =>
    withScene(async ({ open, registry, built }) => {
      const [base] = DIGESTS(built);
      const begun = Promise.withResolvers<void>();
      registry.rule(async ({ url }) => {
        if (url.endsWith(base ?? "")) begun.resolve();
        // The config comes only when the layer is asked for.
        if (url.endsWith(built.config.digest)) await begun.promise;
        return false;
      });
      const image = await (await open()).resolve(AMD64, true);
      for (const layer of image.layers) {
        let bytes = 0;
        for await (const chunk of layer.open()) bytes += chunk.length;
        expect(bytes).toBe(layer.size);
      }
    }));

  test("is left alone once the config turns out not to fit", () =>
    withScene(async ({ open, options, registry, built }) => {
      registry.blobs.delete(built.config.digest);
      const source = await open();
      await expectError(source.resolve(AMD64, true), "E_IMAGE_NOT_FOUND", built.config.digest);
      await source.close();
      expect(readdirSync(options.scratchFolder)).toEqual([]);
    }));

  test("is not asked for when only the image is to be known", () =>
    withScene(async ({ open, registry, built }) => {
      await withStandingClock(async (pass) => {
        await (await open()).resolve(AMD64);
        await pass(PATIENCE);
      });
      expect(registry.seenOf("/blobs/").map(({ url }) => url.split("/").at(-1))).toEqual([
        built.config.digest,
      ]);
    }));
});

test("a layer that nobody reads yet is fetched when the network keeps those waiting that do read", () =>
  withScene(async ({ open, registry, built }) => {
    const begun = Promise.withResolvers<void>();
    const [first, second] = DIGESTS(built);
    registry.rule(async ({ url }) => {
      // The first one's bytes come only when the second one is asked for.
      if (url.endsWith(first ?? "")) await begun.promise;
      if (url.endsWith(second ?? "")) begun.resolve();
      return false;
    });
    const [base] = (await (await open()).resolve(AMD64)).layers;
    let bytes = 0;
    for await (const chunk of base?.open() ?? []) bytes += chunk.length;
    expect(bytes).toBe(built.layers[0]?.size ?? 0);
  }, HEAVY));

test("layers are fetched in order, no more at once than asked for, and each once", () =>
  withScene(
    async ({ registry, pull, built }) => {
      let open = 0;
      let most = 0;
      registry.rule(async ({ url }) => {
        if (!url.includes("/blobs/") || url.endsWith(built.config.digest)) return false;
        open += 1;
        most = Math.max(most, open);
        // The first waits for the second, and all a little for those that must not come.
        await until(() => most > 1);
        await Bun.sleep(5);
        open -= 1;
        return false;
      });
      const digests = DIGESTS(built);
      expect(await pull({ concurrency: 2 })).toEqual(digests);
      expect(most).toBe(2);
      registry.seen.length = 0;
      expect(await pull({ concurrency: 1 })).toEqual(digests);
      const asked = registry.seenOf("/blobs/").map(({ url }) => url.split("/").at(-1));
      expect(asked.filter((digest) => digest !== built.config.digest)).toEqual([...new Set(digests)]);
    },
    { layers: [1, 2, 3, 4, 2, 6].map((n) => Buffer.alloc(1000, n)), compress: "none" },
  ));

test("a concurrency below one is a mistake", () =>
  withScene(async ({ pull }) => {
    await expectError(pull({ concurrency: 0 }), "E_USAGE", "concurrency");
  }));
