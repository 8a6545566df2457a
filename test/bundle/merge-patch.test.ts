import { expect, test } from "bun:test";
import { type Json, mergePatch } from "../../src/bundle/merge-patch.ts";

const CASES: readonly (readonly [target: Json, patch: Json, result: Json])[] = [
  [{ a: "b" }, { a: "c" }, { a: "c" }],
  [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
  [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
  [{ a: ["b"] }, { a: "c" }, { a: "c" }],
  [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
  [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
  [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
  [
    ["a", "b"],
    ["c", null],
    ["c", null],
  ],
  [{ a: "b" }, ["c"], ["c"]],
  [{ a: "foo" }, null, null],
  [{ a: "foo" }, "bar", "bar"],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: "b", c: null }, { a: "b" }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
];

test("a document is merged over another as RFC 7386 has it", () => {
  for (const [target, patch, result] of CASES) expect(mergePatch(target, patch)).toEqual(result);
});

test("a name that JavaScript has for itself is a name like any", () => {
  const merged = mergePatch(
    JSON.parse('{"__proto__": {"a": 1}}'),
    JSON.parse('{"__proto__": {"b": 2}, "constructor": 3}'),
  );
  expect(JSON.stringify(merged)).toBe('{"__proto__":{"a":1,"b":2},"constructor":3}');
  expect(({} as Record<string, unknown>)["b"]).toBeUndefined();
});
