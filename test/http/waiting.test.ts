import { describe, expect, test } from "bun:test";
import { Backoff } from "../../src/http/backoff.ts";
import { parseRetryAfter } from "../../src/http/retry-after.ts";
import { REAL_TIME } from "../../src/http/timing.ts";

const NOW = Date.UTC(2030, 0, 1);

describe("Retry-After", () => {
  test("is seconds or a date, and never before now", () => {
    expect(parseRetryAfter("0", NOW)).toBe(0);
    expect(parseRetryAfter(" 120 ", NOW)).toBe(120_000);
    expect(parseRetryAfter("Tue, 01 Jan 2030 00:01:00 GMT", NOW)).toBe(60_000);
    expect(parseRetryAfter("Mon, 31 Dec 2029 00:00:00 GMT", NOW)).toBe(0);
  });

  test("is nothing where it is anything else", () => {
    for (const text of [
      undefined,
      "",
      "-1",
      "1.5",
      "1e3",
      "soon",
      "2030-01-02",
      "Tue, 99 Foo 2030 00:00:00 GMT",
      "9".repeat(20),
    ]) {
      expect(parseRetryAfter(text, NOW)).toBeUndefined();
    }
  });
});

describe("the wait between tries", () => {
  const timing = (random: number) => ({ ...REAL_TIME, random: () => random });

  test("grows threefold from a second, four times", () => {
    const backoff = new Backoff(timing(0));
    expect([1, 2, 3, 4, 5].map(() => backoff.next())).toEqual([1000, 3000, 9000, 27_000, undefined]);
  });

  test("is longer by up to half, at random", () => {
    expect(new Backoff(timing(0.999)).next()).toBe(1500);
  });

  test("begins again after a success", () => {
    const backoff = new Backoff(timing(0));
    backoff.next();
    backoff.next();
    backoff.reset();
    expect(backoff.next()).toBe(1000);
  });

  test("is what the server asks for, unless that is more than two minutes", () => {
    expect(new Backoff(timing(0.5)).next(0)).toBe(0);
    expect(new Backoff(timing(0.5)).next(120_000)).toBe(120_000);
    expect(new Backoff(timing(0.5)).next(120_001)).toBeUndefined();
  });

  test("ends with the signal's reason", async () => {
    const abort = new AbortController();
    const waiting = REAL_TIME.sleep(60_000, abort.signal);
    abort.abort(new Error("enough"));
    expect(await waiting.catch(String)).toBe("Error: enough");
    expect(await REAL_TIME.sleep(60_000, abort.signal).catch(String)).toBe("Error: enough");
  });
});
