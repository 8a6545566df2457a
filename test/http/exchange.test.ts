import { describe, expect, test } from "bun:test";
import { createServer, type RequestListener } from "node:http";
import { type AddressInfo, connect, type Server } from "node:net";
import { REACH, type Reach } from "../../src/http/addresses.ts";
import { readBody } from "../../src/http/body.ts";
import { HttpClient, type HttpRequest, type HttpResponse } from "../../src/http/client.ts";
import { follow } from "../../src/http/redirects.ts";
import { TIMEOUTS } from "../../src/http/timeouts.ts";
import { expectError } from "../support/expect-error.ts";
import { letPeersBeLate, until } from "../support/waiting.ts";

interface Running {
  readonly server: Server;
  readonly port: number;
}

async function withServer(
  listener: RequestListener,
  use: (running: Running) => Promise<void>,
): Promise<void> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await use({ server, port: (server.address() as AddressInfo).port });
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

async function withClient<T>(
  environment: Record<string, string>,
  use: (client: HttpClient) => Promise<T>,
): Promise<T> {
  const client = new HttpClient({ environment });
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

const get = (url: string, more: Partial<HttpRequest> = {}): HttpRequest => ({
  method: "GET",
  url: new URL(url),
  ...more,
});
/** At least so many bytes of a body, and then no more. */
const readSome = async (body: HttpResponse["body"], least = 1): Promise<number> => {
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length >= least) break;
  }
  return length;
};
const text = async (response: HttpResponse) => Buffer.from(await readBody(response, 1000)).toString();

describe("a proxy in the environment", () => {
  test("carries plain http, with its user and password in its own header", () =>
    withServer(
      (request, response) =>
        response.end(
          `${request.url} ${request.headers["proxy-authorization"]} ${request.headers.authorization}`,
        ),
      ({ port }) =>
        withClient({ HTTP_PROXY: `http://me:p%3Aw@127.0.0.1:${port}` }, async (client) => {
          const secrets = { authorization: "Bearer t" };
          const said = await text(await client.exchange(get("http://registry.example/v2/?a=b", { secrets })));
          expect(said).toBe(`http://registry.example/v2/?a=b Basic ${btoa("me:p:w")} Bearer t`);
        }),
    ));

  test("is asked for a tunnel for https, and told nothing but the host", () =>
    withServer(
      () => undefined,
      ({ server, port }) =>
        withClient({ HTTPS_PROXY: `http://127.0.0.1:${port}` }, async (client) => {
          const asked: string[] = [];
          server.on("connect", (request, socket) => {
            asked.push(`${request.method} ${request.url} ${request.headers.authorization}`);
            socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
          });
          const secrets = { authorization: "Bearer t" };
          await expectError(
            client.exchange(get("https://registry.example/v2/", { secrets })),
            "E_NETWORK",
            "https://registry.example/v2/",
          );
          expect(asked).toEqual(["CONNECT registry.example:443 undefined"]);
        }),
    ));

  for (const [proxy, reason] of [
    ["me:hidden@127.0.0.1:1", "the connection was refused"],
    ["http://proxy.invalid:3128", "the host is not known"],
  ] as const) {
    for (const variable of ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"]) {
      test(`that is not there (${reason}) is what ${variable} is blamed for, and not the registry`, () =>
        withClient({ [variable]: proxy }, async (client) => {
          const host = proxy.replace(/^.*[@/]/, "");
          const failed = client.exchange(get("https://registry.example/v2/"));
          const error = await failed.catch((thrown: unknown) => thrown);
          expect(error).toHaveProperty(
            "message",
            `https://registry.example/v2/: the proxy ${host} (${variable}): ${reason}`,
          );
          expect(error).toHaveProperty(
            "hint",
            `correct or unset ${variable}, or go past it: NO_PROXY=registry.example`,
          );
          expect(Bun.inspect(error)).not.toContain("hidden");
        }));
    }
  }

  test("that is not there is blamed for plain http, too; one that is no proxy by the name it has", () =>
    withClient({ http_proxy: "http://127.0.0.1:1", HTTPS_PROXY: "socks5://127.0.0.1:1" }, async (client) => {
      const said = ["the proxy 127.0.0.1:1 (http_proxy)", "unset http_proxy"];
      await expectError(client.exchange(get("http://registry.example/")), "E_NETWORK", ...said);
      await expectError(client.exchange(get("https://registry.example/")), "E_USAGE", "HTTPS_PROXY");
    }));

  for (const [status, ...said] of [
    [407, "wants a user name and a password", "HTTPS_PROXY=http://USER:PASSWORD@127.0.0.1:"],
    [403, "answered 403", "whoever runs the proxy", "NO_PROXY=registry.example"],
  ] as const) {
    test(`that answers ${status} to a tunnel is named with what it answered`, () =>
      withServer(
        () => undefined,
        ({ server, port }) =>
          withClient({ HTTPS_PROXY: `http://127.0.0.1:${port}` }, async (client) => {
            server.on("connect", (_, socket) => socket.end(`HTTP/1.1 ${status} No\r\n\r\n`));
            const failed = client.exchange(get("https://registry.example/v2/"));
            await expectError(failed, "E_NETWORK", `the proxy 127.0.0.1:${port} (HTTPS_PROXY)`, ...said);
          }),
      ));
  }

  test("is passed by where NO_PROXY says so", () =>
    withServer(
      (request, response) => response.end(request.url),
      ({ port }) =>
        withClient({ HTTP_PROXY: "http://127.0.0.1:1", NO_PROXY: "*" }, async (client) => {
          expect(await text(await client.exchange(get(`http://127.0.0.1:${port}/x`)))).toBe("/x");
        }),
    ));
});

describe("an exchange", () => {
  test("that fails says where, without the query, and whether it may pass", () =>
    withClient({}, async (client) => {
      const failed = client.exchange(get("http://user:hidden@127.0.0.1:1/v2/?token=hidden"));
      const error = await failed.catch((reason: unknown) => reason);
      await expectError(Promise.reject(error), "E_NETWORK", "http://127.0.0.1:1/v2/", "refused");
      expect(`${Bun.inspect(error)}`).not.toContain("hidden");
      expect(error).toHaveProperty("transient", false);
    }));

  test("over https with a server that speaks http hints at that", () =>
    withServer(
      (_, response) => response.end(),
      ({ port }) =>
        withClient({}, (client) =>
          expectError(
            client.exchange(get(`https://127.0.0.1:${port}/`)),
            "E_NETWORK",
            `--insecure-registry 127.0.0.1:${port}`,
          ),
        ),
    ));

  test("goes to no address nearer than allowed, whatever its name stands for", () =>
    withServer(
      (_, response) => response.end("in"),
      ({ port }) =>
        withClient({}, async (client) => {
          const url = `http://localhost:${port}/`;
          await expectError(
            client.exchange(get(url, { nearest: REACH.private })),
            "E_DENIED",
            "localhost",
            "private network",
          );
          expect(await text(await client.exchange(get(url, { nearest: REACH.loopback })))).toBe("in");
        }),
    ));

  for (const [host, nearest] of [
    ["127.0.0.1", REACH.private],
    ["2130706433", REACH.private],
    ["0x7f.1", REACH.private],
    ["017700000001", REACH.public],
    ["127.0.0.1.", REACH.private],
    ["0", REACH.private],
    ["[::1]", REACH.private],
    ["[::ffff:127.0.0.1]", REACH.private],
    ["[0:0:0:0:0:FFFF:7F00:0001]", REACH.private],
    ["[::127.0.0.1]", REACH.private],
    ["[64:ff9b::127.0.0.1]", REACH.private],
    ["[2002:7f00:1::]", REACH.private],
    ["[fd00::1]", REACH.public],
    ["192.168.0.1", REACH.public],
    ["169.254.169.254", REACH.loopback],
    ["[fe80::1]", REACH.loopback],
    ["localhost", REACH.private],
    ["localhost.", REACH.private],
  ] as const) {
    for (const environment of [{}, { HTTP_PROXY: "http://127.0.0.1:1", NO_PROXY: "other" }]) {
      const way = Object.keys(environment).length === 0 ? "directly" : "through a proxy";
      test(`goes ${way} to no address nearer than allowed, written ${host}`, () =>
        withClient(environment, (client) =>
          expectError(client.exchange(get(`http://${host}:1/`, { nearest })), "E_DENIED", "private network"),
        ));
    }
  }

  test("goes to a host that is trusted, at its port, wherever that is", () =>
    withServer(
      (_, response) => response.end("in"),
      async ({ port }) => {
        for (const name of ["127.0.0.1", "localhost"]) {
          for (const [trusted, isIn] of [
            [name, true],
            [`${name}:${port}`, true],
            [`${name}:1`, false],
            ["other", false],
          ] as const) {
            const client = new HttpClient({ environment: {}, trustedHosts: [trusted] });
            const asked = client.exchange(get(`http://${name}:${port}/`, { nearest: REACH.public }));
            if (isIn) expect(await text(await asked)).toBe("in");
            else await expectError(asked, "E_DENIED", `--trust-auth-realm ${name}`);
            await client.close();
          }
        }
      },
    ));

  test("with the signal aborted throws its reason, before and during", () =>
    withServer(
      () => undefined,
      ({ port }) =>
        withClient({}, async (client) => {
          const abort = new AbortController();
          const running = client.exchange(get(`http://127.0.0.1:${port}/`, { signal: abort.signal }));
          abort.abort(new Error("enough"));
          expect(await running.catch(String)).toBe("Error: enough");
          expect(
            await client.exchange(get("http://127.0.0.1:1/", { signal: abort.signal })).catch(String),
          ).toBe("Error: enough");
        }),
    ));

  test("whose body nobody wants leaves the connection for the next", () => {
    const ports: (number | undefined)[] = [];
    return withServer(
      (request, response) => {
        ports.push(request.socket.remotePort);
        response.end("x".repeat(1000));
      },
      ({ port }) =>
        withClient({}, async (client) => {
          const connections = () => new Set(ports).size;
          // How soon all of it is there is up to the machine.
          for (let asked = 0; asked < 100 && connections() === asked; asked++) {
            (await client.exchange(get(`http://127.0.0.1:${port}/`))).body.discard();
            await Bun.sleep(20);
          }
          expect(connections()).toBeLessThan(ports.length);
        }),
    );
  });

  test("has every value of a field under its name in lower case, and passes over what only informs", () =>
    withServer(
      (_, response) => {
        response.writeEarlyHints({ link: "</x>; rel=preload" });
        response.setHeader("X-One", "1");
        response.setHeader("WWW-Authenticate", ["Bearer a", "Basic b"]);
        response.end();
      },
      ({ port }) =>
        withClient({}, async (client) => {
          const { status, headers, body } = await client.exchange(get(`http://127.0.0.1:${port}/`));
          body.discard();
          expect(status).toBe(200);
          expect(headers["x-one"]).toBe("1");
          expect(headers["www-authenticate"]).toEqual(["Bearer a", "Basic b"]);
          expect(headers["link"]).toBeUndefined();
        }),
    ));

  test("holds up a server whose body is read slowly, and gives all of it", () => {
    const whole = Buffer.alloc(64 << 20, "abc");
    let sent = 0;
    return withServer(
      (_, response) => {
        const more = (): void => {
          while (sent < whole.length) {
            const piece = whole.subarray(sent, sent + 100_000);
            sent += piece.length;
            if (!response.write(piece)) return;
          }
          response.end();
        };
        response.on("drain", more);
        more();
      },
      ({ port }) =>
        withClient({}, async (client) => {
          const { body } = await client.exchange(get(`http://127.0.0.1:${port}/`));
          const reader = body[Symbol.asyncIterator]();
          let position = 0;
          for (let next = await reader.next(); next.done !== true; next = await reader.next()) {
            const { length } = next.value;
            expect(whole.compare(next.value, 0, length, position, position + length)).toBe(0);
            if (position === 0) {
              // What the client, the kernels and the server's own buffers hold is far less.
              await Bun.sleep(200);
              expect(sent).toBeLessThan(whole.length / 2);
            }
            position += length;
          }
          expect(position).toBe(whole.length);
        }),
    );
  });

  for (const [what, leave] of [
    ["is left by its reader", async (body: HttpResponse["body"]) => void (await readSome(body))],
    ["is not wanted, and long,", async (body: HttpResponse["body"]) => body.discard()],
  ] as const) {
    test(`whose body ${what} closes the connection`, async () => {
      let closed: () => void = () => undefined;
      const closing = new Promise<void>((resolve) => {
        closed = resolve;
      });
      await withServer(
        (_, response) => {
          response.on("close", closed);
          const more = (): void => {
            while (!response.destroyed && response.write(Buffer.alloc(100_000)));
          };
          response.on("drain", more);
          more();
        },
        ({ port }) =>
          withClient({}, async (client) => {
            const { body } = await client.exchange(get(`http://127.0.0.1:${port}/`));
            await leave(body);
            await closing;
          }),
      );
    });
  }

  test("that breaks off or stalls in its body says so to its reader, and fails nowhere else", async () => {
    for (const [end, reason] of [
      [true, "closed before the end"],
      [false, "the server stopped sending"],
    ] as const) {
      await withServer(
        (_, response) => {
          response.setHeader("content-length", "1000");
          response.write("x".repeat(500), () => (end ? response.destroy() : undefined));
        },
        ({ port }) =>
          withClient({}, async (client) => {
            const { body } = await client.exchange(get(`http://127.0.0.1:${port}/`));
            // Before anybody reads.
            if (!end) letPeersBeLate(TIMEOUTS.body);
            await Bun.sleep(50);
            const failing = readSome(body, 1000);
            await expectError(failing, "E_NETWORK", reason);
            expect(await failing.catch((error: unknown) => error)).toHaveProperty("transient", true);
          }),
      );
    }
  });

  test("with the signal aborted while its body is read throws its reason", () =>
    withServer(
      (_, response) => void response.write("x"),
      ({ port }) =>
        withClient({}, async (client) => {
          const abort = new AbortController();
          const { body } = await client.exchange(get(`http://127.0.0.1:${port}/`, { signal: abort.signal }));
          const reading = readSome(body, 2).catch(String);
          await Bun.sleep(20);
          abort.abort(new Error("enough"));
          expect(await reading).toBe("Error: enough");
        }),
    ));

  test("with a client that is closed leaves no connection open", () =>
    withServer(
      (_, response) => void response.write("x"),
      async ({ server, port }) => {
        await withClient({}, (client) => client.exchange(get(`http://127.0.0.1:${port}/`)));
        const open = () =>
          new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count)));
        await until(async () => (await open()) === 0);
        const probe = connect(port, "127.0.0.1");
        await new Promise((resolve) => probe.once("connect", resolve));
        probe.destroy();
      },
    ));
});

describe("a redirect", () => {
  /** A client that answers from a table of redirects. */
  const scripted = (
    redirects: Readonly<Record<string, string>>,
    near: Readonly<Record<string, Reach>> = {},
  ) => {
    const seen: { url: string; secrets: unknown; range: string | undefined; nearest: Reach | undefined }[] =
      [];
    return {
      seen,
      reach: async ({ hostname }: URL): Promise<Reach> => near[hostname] ?? REACH.public,
      exchange: async ({ url, secrets, headers, nearest }: HttpRequest): Promise<HttpResponse> => {
        seen.push({ url: url.href, secrets, range: headers?.["range"], nearest });
        const location = redirects[url.href];
        const body = { discard: () => undefined, [Symbol.asyncIterator]: async function* () {} };
        return {
          url,
          status: location === undefined ? 200 : 307,
          headers: location === undefined ? {} : { location },
          body,
        };
      },
    };
  };
  const secrets = { authorization: "Bearer t" };

  const strangers = ["http://r.io:81/x", "http://sub.r.io/x", "http://other.io/x", "https://r.io/x"];
  for (const to of strangers) {
    test(`from http://r.io to ${to} loses the secrets, and keeps the rest`, async () => {
      const client = scripted({ "http://r.io/": to });
      await follow(client, get("http://r.io/", { secrets, headers: { range: "bytes=5-" } }));
      expect(client.seen.map((each) => [each.secrets, each.range])).toEqual([
        [secrets, "bytes=5-"],
        [undefined, "bytes=5-"],
      ]);
    });
  }

  test("within the origin keeps them", async () => {
    const client = scripted({ "http://r.io/": "/y", "http://r.io/y": "http://r.io:80/z" });
    await follow(client, get("http://r.io/", { secrets }));
    expect(client.seen.map((each) => each.secrets)).toEqual([secrets, secrets, secrets]);
  });

  test("back to the origin does not bring them back", async () => {
    const client = scripted({ "http://r.io/": "http://cdn.io/", "http://cdn.io/": "http://r.io/again" });
    await follow(client, get("http://r.io/", { secrets }));
    expect(client.seen.map((each) => each.secrets)).toEqual([secrets, undefined, undefined]);
  });

  test("leads no nearer than any server is that points there, and anywhere at one host", async () => {
    const client = scripted(
      {
        "http://in.io/": "http://in.io:81/",
        "http://in.io:81/": "http://other.io/",
        "http://other.io/": "http://cdn.io/",
        "http://cdn.io/": "http://10.0.0.1/",
      },
      { "in.io": REACH.private, "other.io": REACH.loopback },
    );
    await follow(client, get("http://in.io/"));
    const { linkLocal, private: inside } = REACH;
    const reaches = client.seen.map(({ nearest = linkLocal }) => nearest);
    expect(reaches).toEqual([linkLocal, linkLocal, inside, inside, REACH.public]);
  });

  test("leads no nearer than was allowed before", async () => {
    const client = scripted({ "http://a.io/": "http://b.io/" }, { "a.io": REACH.loopback });
    await follow(client, get("http://a.io/", { nearest: REACH.private }));
    expect(client.seen.map(({ nearest }) => nearest)).toEqual([REACH.private, REACH.private]);
  });

  test("from https to http is refused", async () => {
    const client = scripted({ "https://r.io/": "http://r.io/" });
    await expectError(follow(client, get("https://r.io/")), "E_NETWORK", "from https to plain http");
    expect(client.seen).toHaveLength(1);
  });

  test("with a user and password of its own does not use them", async () => {
    const client = scripted({ "http://r.io/": "http://a:b@r.io/x" });
    await follow(client, get("http://r.io/"));
    expect(client.seen[1]?.url).toBe("http://r.io/x");
  });

  test("of a POST is not followed", async () => {
    const client = scripted({ "http://r.io/": "/x" });
    expect((await follow(client, { method: "POST", url: new URL("http://r.io/") })).status).toBe(307);
  });
});
