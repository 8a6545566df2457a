import { describe, expect, test } from "bun:test";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { readBody } from "../../src/http/body.ts";
import { HttpClient, type HttpResponse } from "../../src/http/client.ts";
import { Deadline } from "../../src/http/deadline.ts";
import { Pace } from "../../src/http/pace.ts";
import { TIMEOUTS, type Timeouts } from "../../src/http/timeouts.ts";
import { expectError } from "../support/expect-error.ts";
import { until, withStandingClock } from "../support/waiting.ts";

const SECOND = 1000;

describe("the pace of a body", () => {
  /** The number of pieces it gets through, of so many bytes after so many milliseconds each, and the error then. */
  const pieces = (bytes: number, wait: number, isDocument: boolean, most = 1000) => {
    const pace = new Pace(TIMEOUTS, isDocument, "it");
    for (let count = 0; count < most; count++) {
      try {
        pace.came(bytes, wait);
      } catch (error) {
        return { count, error };
      }
    }
    return { count: most, error: undefined };
  };

  test("is any that brings so many bytes in two minutes", () => {
    expect(pieces(1, 10 * SECOND, false).count).toBe(11);
    expect(pieces(682, 10 * SECOND, false).count).toBe(11);
    expect(pieces(683, 10 * SECOND, false).count).toBe(1000);
    expect(pieces(1, 15, false, 7999).count).toBe(7999);
    expect(pieces(1, 14, false, 100_000).count).toBe(100_000);
  });

  test("is judged anew in each two minutes", () => {
    const pace = new Pace(TIMEOUTS, false, "it");
    pace.came(1 << 30, TIMEOUTS.body);
    pace.came(0, TIMEOUTS.body);
    pace.came(TIMEOUTS.leastBytes - 1, TIMEOUTS.body);
    expect(() => pace.came(0, TIMEOUTS.body)).toThrow("8191 bytes came in 120 s");
  });

  test("of a document has its end, and of no other body", () => {
    expect(pieces(1 << 20, 50 * SECOND, true).count).toBe(6);
    expect(pieces(1 << 20, 50 * SECOND, false).count).toBe(1000);
  });

  test("that is too slow is worth another try where bytes need not come again", async () => {
    for (const isDocument of [true, false]) {
      const { error } = pieces(1, 10 * SECOND, isDocument);
      await expectError(
        Promise.reject(error),
        "E_NETWORK",
        "it: the server sends too slowly",
        "try again later",
      );
      expect(error).toHaveProperty("transient", !isDocument);
    }
  });

  test("counts no wait for longer than any is let pass: that was a clock, or a process that stood still", () => {
    const pace = new Pace(TIMEOUTS, true, "it");
    pace.came(100, 24 * 3600 * SECOND);
    pace.came(100, -3600 * SECOND);
    pace.came(100, TIMEOUTS.body - 1);
    expect(() => pace.came(100, 1)).toThrow("too slowly");
  });
});

interface Exchange {
  readonly response: HttpResponse;
  /** What the server sends by. */
  readonly server: ServerResponse;
  /** Lets time pass on the client's clock. */
  pass(milliseconds: number): void;
}

/** An answer of which only the header is here. */
async function withAnswer(
  use: (exchange: Exchange) => Promise<void>,
  { isDocument, timeouts }: { isDocument?: boolean; timeouts?: Partial<Timeouts> } = {},
): Promise<void> {
  let server: ServerResponse | undefined;
  const http = createServer((_, response) => {
    server = response;
    response.flushHeaders();
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const url = new URL(`http://127.0.0.1:${(http.address() as AddressInfo).port}/`);
  let now = 0;
  const pass = (milliseconds: number): void => {
    now += milliseconds;
  };
  const client = new HttpClient({ environment: {}, timing: { now: () => now }, timeouts });
  try {
    const response = await client.exchange({ method: "GET", url, isDocument });
    if (server === undefined) throw new Error("not asked");
    await use({ response, server, pass });
  } finally {
    await client.close();
    http.close();
    http.closeAllConnections();
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A byte every ten seconds, until nobody listens any more. */
async function trickle({ server, pass }: Exchange): Promise<void> {
  while (!server.destroyed) {
    pass(10 * SECOND);
    server.write(" ");
    await turn();
  }
}

describe("a body", () => {
  test("that trickles is left", () =>
    withAnswer(async (exchange) => {
      const reading = readBody(exchange.response, 1 << 20);
      reading.catch(() => undefined);
      await trickle(exchange);
      await expectError(reading, "E_NETWORK", "http://127.0.0.1", "too slowly");
    }));

  test("that trickles may do so by other rules", () =>
    withAnswer(
      async (exchange) => {
        const reading = readBody(exchange.response, 1000);
        reading.catch(() => undefined);
        await trickle(exchange);
        await expectError(reading, "E_BAD_MANIFEST", "1000");
      },
      { timeouts: { leastBytes: 0 } },
    ));

  test("that is a document is left when its time is over", () =>
    withAnswer(
      async (exchange) => {
        const reading = readBody(exchange.response, 1 << 30);
        reading.catch(() => undefined);
        while (!exchange.server.destroyed) {
          exchange.pass(10 * SECOND);
          exchange.server.write(Buffer.alloc(20_000));
          await turn();
        }
        await expectError(reading, "E_NETWORK", "the whole did not come in 300 s");
      },
      { isDocument: true },
    ));

  test("may be read as slowly as its reader likes", () =>
    withAnswer(
      async ({ response, server, pass }) => {
        server.end(Buffer.alloc(8 << 20));
        let length = 0;
        for await (const chunk of response.body) {
          length += chunk.length;
          pass(3600 * SECOND);
        }
        expect(length).toBe(8 << 20);
      },
      { isDocument: true },
    ));
});

test("an answer that only informs, for ever, is not waited for", async () => {
  const sockets: Socket[] = [];
  const http = createServer((request) => void sockets.push(request.socket));
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const client = new HttpClient({ environment: {}, timeouts: { connect: 20, headers: 20 } });
  try {
    await withStandingClock(async (pass) => {
      const url = new URL(`http://127.0.0.1:${(http.address() as AddressInfo).port}/`);
      let outcome: unknown = "nothing yet";
      const asking = client.exchange({ method: "GET", url });
      asking.then(
        () => (outcome = "an answer"),
        (error: unknown) => (outcome = error),
      );
      await until(() => sockets.length > 0);
      for (let passed = 0; passed < 60; passed += 5) {
        sockets[0]?.write("HTTP/1.1 103 Early Hints\r\n\r\n");
        await pass(5);
      }
      expect(outcome).toHaveProperty("message", `${url.href}: the server did not answer in time`);
      expect(outcome).toHaveProperty("transient", true);
    });
  } finally {
    await client.close();
    http.close();
    http.closeAllConnections();
  }
});

test("an answer has its time however long that is", async () => {
  const asked = new Deadline(2 ** 40, new URL("http://r.io/"), undefined);
  try {
    await Bun.sleep(20);
    expect(asked.signal.aborted).toBe(false);
    const failure = new Error("enough");
    expect(asked.explain(failure)).toBe(failure);
  } finally {
    asked.dispose();
  }
});
