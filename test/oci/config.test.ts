import { describe, expect, test } from "bun:test";
import { parseConfig } from "../../src/oci/config.ts";
import { formatPlatform } from "../../src/oci/platform.ts";
import { expectError } from "../support/expect-error.ts";

const DIGEST = `sha256:${"ab".repeat(32)}`;

const bytes = (value: unknown) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value));

describe("a config", () => {
  const config = (more: object = {}) => ({
    os: "linux",
    architecture: "amd64",
    rootfs: { type: "layers", diff_ids: [DIGEST] },
    ...more,
  });
  const read = (value: unknown) => parseConfig(bytes(value), "config C");

  test("tells what made its layers; what is wrong in that refuses nothing", () => {
    const history = [
      { created_by: "ADD a" },
      { created_by: "ENV B=c", empty_layer: true },
      {},
      { empty_layer: null },
    ];
    expect(read(config({ history })).history).toEqual([
      { createdBy: "ADD a", isEmpty: false },
      { createdBy: "ENV B=c", isEmpty: true },
      { createdBy: "", isEmpty: false },
      { createdBy: "", isEmpty: false },
    ]);
    for (const odd of [
      undefined,
      null,
      "history",
      [7],
      [{ created_by: 7 }],
      [{ empty_layer: "yes" }],
      { a: [] },
    ])
      expect(read(config({ history: odd })).history).toEqual([]);
  });

  test("is read whole", () => {
    const parsed = read(
      config({
        variant: "v3",
        created: "2025-05-30T16:20:41Z",
        config: {
          Entrypoint: ["/init"],
          Cmd: ["-x"],
          Env: ["A=b=c"],
          WorkingDir: "/srv",
          User: "1:2",
          ExposedPorts: { "80/tcp": {} },
          Labels: { __proto__x: "1", "a b": "c" },
          StopSignal: "SIGQUIT",
          Volumes: { "/data": {} },
        },
      }),
    );
    expect(formatPlatform(parsed)).toBe("linux/amd64/v3");
    expect(parsed.created).toBe("2025-05-30T16:20:41Z");
    expect<readonly string[]>(parsed.rootfs.diff_ids).toEqual([DIGEST]);
    expect(parsed.config).toEqual({
      Entrypoint: ["/init"],
      Cmd: ["-x"],
      Env: ["A=b=c"],
      WorkingDir: "/srv",
      User: "1:2",
      ExposedPorts: ["80/tcp"],
      Labels: { __proto__x: "1", "a b": "c" },
      StopSignal: "SIGQUIT",
      Volumes: ["/data"],
    });
  });

  test("means the same by null and by nothing", () => {
    const names = [
      "Entrypoint",
      "Cmd",
      "Env",
      "WorkingDir",
      "User",
      "ExposedPorts",
      "Labels",
      "StopSignal",
      "Volumes",
    ];
    const nulls = Object.fromEntries(names.map((name) => [name, null]));
    const absent = read(config()).config;
    expect(read(config({ config: nulls })).config).toEqual(absent);
    expect(read(config({ config: {} })).config).toEqual(absent);
    expect(read(config({ config: null })).config).toEqual(absent);
  });

  test("may be silent about its platform: absent, null and empty mean the same", () => {
    for (const silent of [undefined, null, ""]) {
      expect(read(config({ os: silent })).os).toBeUndefined();
      const { os, architecture, variant } = read(config({ architecture: silent, variant: "v3" }));
      expect([os, architecture, variant]).toEqual(["linux", undefined, undefined]);
    }
    expect(read(config()).warnings).toEqual([]);
  });

  test("whose rootfs has no type is read, with a warning", () => {
    for (const type of [undefined, null, ""]) {
      const { rootfs, warnings } = read(config({ rootfs: { type, diff_ids: [DIGEST] } }));
      expect<readonly string[]>(rootfs.diff_ids).toEqual([DIGEST]);
      expect(warnings).toEqual(['config C: rootfs.type: does not say "layers": it is taken as that']);
    }
  });

  test("keeps a label called __proto__", () => {
    const text = JSON.stringify(config()).replace(/}$/, ',"config":{"Labels":{"__proto__":"x"}}}');
    expect(Object.entries(read(text).config.Labels)).toEqual([["__proto__", "x"]]);
  });

  const bad: readonly [string, unknown, string][] = [
    [
      "whose Cmd is a string",
      config({ config: { Cmd: "/bin/sh" } }),
      'config C: config.Cmd: expected a list, found "/bin/sh"',
    ],
    [
      "whose Env has a number",
      config({ config: { Env: ["A=1", 2] } }),
      "config.Env[1]: expected a string, found 2",
    ],
    ["whose User is a number", config({ config: { User: 0 } }), "config.User: expected a string"],
    [
      "whose Labels are a list",
      config({ config: { Labels: [] } }),
      "config.Labels: expected an object, found a list",
    ],
    [
      "whose Volumes are a list",
      config({ config: { Volumes: ["/x"] } }),
      "config.Volumes: expected an object",
    ],
    ["whose config is a list", config({ config: [] }), "config: expected an object"],
    ["without rootfs", config({ rootfs: undefined }), "rootfs: expected an object"],
    [
      "whose rootfs is of another type",
      config({ rootfs: { type: "base" } }),
      'rootfs.type: expected "layers"',
    ],
    ["with a bad diff_id", config({ rootfs: { type: "layers", diff_ids: ["x"] } }), "rootfs.diff_ids[0]"],
    ["whose os is a number", config({ os: 1 }), "os: expected a string"],
    ["whose architecture is a list", config({ architecture: [] }), "architecture: expected a string"],
  ];
  for (const [what, value, fragment] of bad) {
    test(`${what} is refused`, () => expectError(() => read(value), "E_BAD_MANIFEST", fragment));
  }

  test("of more than 8 MiB is refused", () =>
    expectError(() => read(" ".repeat((8 << 20) + 1)), "E_BAD_MANIFEST", "8388609 bytes"));
});
