import { describe, expect, test } from "bun:test";
import { chooseChallenge } from "../../src/registry/challenge.ts";
import { isRest, parseContentRange } from "../../src/registry/content-range.ts";
import { parseWarning } from "../../src/registry/warnings.ts";

const bearer = (realm: string, service?: string, scope?: string) => ({
  scheme: "bearer" as const,
  realm,
  service,
  scope,
});

describe("a challenge", () => {
  test("is read with its parameters in any order, quoted or not", () => {
    expect(chooseChallenge(['Bearer realm="https://a/t",service="s",scope="x:y:z"'])).toEqual(
      bearer("https://a/t", "s", "x:y:z"),
    );
    expect(chooseChallenge(["bearer  scope=abc , REALM = https://a/t"])).toEqual(
      bearer("https://a/t", undefined, "abc"),
    );
  });

  test("may hold commas, equals signs and escaped quotes in its quotes", () => {
    expect(
      chooseChallenge([
        'Bearer realm="https://a/t?x=1,2",scope="repository:a:pull,push repository:b:pull",service="a\\"b"',
      ]),
    ).toEqual(bearer("https://a/t?x=1,2", 'a"b', "repository:a:pull,push repository:b:pull"));
  });

  test("of Bearer goes before one of Basic, in one header or in several", () => {
    expect(chooseChallenge(['Basic realm="x", Bearer realm="https://a/t"'])).toEqual(bearer("https://a/t"));
    expect(chooseChallenge(['Basic realm="x"', 'Bearer realm="https://a/t"'])).toEqual(bearer("https://a/t"));
    expect(chooseChallenge(['Basic realm="x"'])).toEqual({ scheme: "basic" });
    expect(chooseChallenge(["Basic"])).toEqual({ scheme: "basic" });
  });

  test("of another scheme is passed over", () => {
    expect(
      chooseChallenge(["Negotiate", "NTLM", 'Digest realm="x", qop="auth", nonce="a=="']),
    ).toBeUndefined();
    expect(chooseChallenge(["Negotiate abc/def==, Basic realm=x"])).toEqual({ scheme: "basic" });
    expect(chooseChallenge([])).toBeUndefined();
  });

  test("that is malformed is none, and takes no time", () => {
    for (const text of [
      "",
      ",,,",
      '"',
      'Bearer realm="open',
      "Bearer",
      "Bearer service=x",
      "=",
      `Bearer ${"a,".repeat(50_000)}`,
      `Bearer realm="${"\\".repeat(100_000)}`,
    ]) {
      expect(chooseChallenge([text])).toBeUndefined();
    }
  });
});

describe("a Content-Range", () => {
  test("is read as start, end and size", () => {
    expect(parseContentRange("bytes 5-9/10")).toEqual({ start: 5, end: 9, size: 10 });
    expect(parseContentRange("bytes 5-9/*")).toEqual({ start: 5, end: 9, size: undefined });
    for (const text of [undefined, "", "bytes */10", "bytes 5-9", "items 5-9/10", "bytes 5-9/10, 11-12/20"]) {
      expect(parseContentRange(text)).toBeUndefined();
    }
  });

  test("is the rest only from the offset to the end of as many bytes as there should be", () => {
    const rest = (text: string) => isRest(parseContentRange(text), 5, 10);
    expect([rest("bytes 5-9/10"), rest("bytes 5-9/*")]).toEqual([true, true]);
    const others = ["bytes 4-9/10", "bytes 6-9/10", "bytes 5-8/10", "bytes 5-9/11", "nonsense"];
    expect(others.map(rest)).toEqual(others.map(() => false));
  });
});

describe("a warning", () => {
  test("is shown if it is of code 299, of no agent, and has no control characters", () => {
    expect(parseWarning('299 - "moves to \\"x\\" soon"')).toBe('moves to "x" soon');
    for (const text of [
      '199 - "x"',
      '299 agent "x"',
      "299 - x",
      '299 - "x" "date"',
      '299 - "\u001b[31mred"',
      '299 - "a\u009bb"',
    ]) {
      expect(parseWarning(text)).toBeUndefined();
    }
  });
});
