/** What callers hand in, where types keep others out, but not of JavaScript: looked at before anything is done with it. */
import { Docker2vmError } from "./errors.ts";

interface Shape {
  /** As in "is 5, and no text". */
  readonly called: string;
  is(value: unknown): boolean;
  /** What to write instead. */
  example(name: string): string;
}

const SHAPES = {
  text: {
    called: "text",
    is: (value) => typeof value === "string",
    example: (name) => `give it in quotes: ${name}: "…"`,
  },
  object: {
    called: "object",
    is: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
    example: (name) => `give its settings by name: ${name}: { … }`,
  },
  list: { called: "list", is: Array.isArray, example: (name) => `give all of them in one: ${name}: [ … ]` },
  texts: {
    called: "list of texts",
    is: (value) => Array.isArray(value) && value.every((each) => typeof each === "string"),
    example: (name) => `give all of them in one: ${name}: ["…"]`,
  },
  binary: {
    called: "Uint8Array",
    is: (value) => value instanceof Uint8Array,
    example: (name) => `give its bytes: ${name}: await readFile("…")`,
  },
  function: {
    called: "function",
    is: (value) => typeof value === "function",
    example: (name) => `give one: ${name}: () => { … }`,
  },
  signal: {
    called: "AbortSignal",
    is: (value) => typeof value === "object" && value !== null && "aborted" in value && "reason" in value,
    example: (name) => `give that of an AbortController: ${name}: controller.signal`,
  },
  bytes: {
    called: "number of bytes",
    is: (value) => typeof value === "number" && value >= 0,
    example: (name) => `give a number that is not negative: ${name}: 5 * 2 ** 30`,
  },
  time: {
    called: "time",
    is: (value) => value instanceof Date && !Number.isNaN(value.getTime()),
    example: (name) => `give a Date that is one: ${name}: new Date("2025-12-31")`,
  },
} satisfies Readonly<Record<string, Shape>>;

/** Options by their names, and what each is to be. */
export type Shapes<T> = { readonly [name in keyof T]?: keyof typeof SHAPES };

/**
 * The options as they are. Throws E_USAGE where they are no object, where one that is needed is not there, and where one is
 * not what it is to be.
 */
export function given<T extends object>(options: T, needed: Shapes<T>, others: Shapes<T> = {}): T {
  if (!SHAPES.object.is(options)) {
    const what =
      options === undefined ? "no options given" : `the options are ${told(options)}, and no object`;
    throw new Docker2vmError("E_USAGE", what, { hint: "give them by name: { … }" });
  }
  const shapes: Readonly<Record<string, keyof typeof SHAPES | undefined>> = { ...others, ...needed };
  for (const [name, shape = "object"] of Object.entries(shapes)) {
    const value: unknown = Reflect.get(options, name);
    const { called, is, example }: Shape = SHAPES[shape];
    if (is(value) || (value === undefined && !Object.hasOwn(needed, name))) continue;
    const what =
      value === undefined ? `no ${name} given` : `the option ${name} is ${told(value)}, and no ${called}`;
    throw new Docker2vmError("E_USAGE", what, { hint: example(name) });
  }
  return options;
}

/** What a value is, for a message. */
export function told(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return "a list";
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "an invalid Date" : "a Date";
  if (typeof value === "object" && value !== null) return "an object";
  return typeof value === "function" ? "a function" : String(value);
}
