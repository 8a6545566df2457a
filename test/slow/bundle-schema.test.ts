/** The table of shapes against the specification's own schema. */
import { describe, expect } from "bun:test";
import type { Json } from "../../src/bundle/merge-patch.ts";
import { CONFIG } from "../../src/bundle/validate/config-shape.ts";
import { checkShape } from "../../src/bundle/validate/shape.ts";
import { holdBySchema } from "../bundle/official-schema.ts";
import { FULL, plainConfig } from "../bundle/sample.ts";
import { testWith } from "../support/oracles.ts";

describe("the shapes are those of the specification's own schema", () => {
  const OTHERS: readonly Json[] = [null, "x", 1.5, -1, 7, true, [], {}, [1], ["x"], 2 ** 32];

  /** The document with each of its values in turn replaced by something else, or gone. */
  function* variants(value: Json, rebuild: (value: Json) => Json): Generator<Json> {
    for (const other of OTHERS) yield rebuild(other);
    if (Array.isArray(value)) {
      for (const [at, item] of value.entries()) yield* variants(item, (one) => rebuild(value.with(at, one)));
    } else if (typeof value === "object" && value !== null) {
      for (const [name, item] of Object.entries(value)) {
        yield* variants(item, (one) => rebuild({ ...value, [name]: one }));
        yield rebuild(Object.fromEntries(Object.entries(value).filter(([each]) => each !== name)));
      }
    }
  }

  function holds(document: Json): boolean {
    let errors = 0;
    checkShape(CONFIG, document, "", "", { version: undefined, report: () => errors++ });
    return errors === 0;
  }

  testWith(["jsonschema", "runtime-spec schema"], "in every field", () => {
    const documents = [FULL, plainConfig(), ...variants(FULL, (value) => value)];
    expect(documents.length).toBeGreaterThan(2000);
    const judged = holdBySchema(documents);
    expect(judged.slice(0, 2)).toEqual([true, true]);
    const differing = documents.filter((document, at) => holds(document) !== judged[at]);
    expect(differing.map((document) => JSON.stringify(document))).toEqual([]);
  });
});
