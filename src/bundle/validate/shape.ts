/** What a value of a document may be, in terms of a table: enough of JSON Schema for the runtime specification's. */
import { quote } from "../../oci/quote.ts";
import { below, type Report } from "./finding.ts";
import { isOlder, type Version } from "./version.ts";

export type Shape = TextShape | IntegerShape | BooleanShape | ListShape | MapShape | ObjectShape;

interface TextShape {
  readonly kind: "string";
  /** The only ones there are. */
  readonly values?: readonly string[];
  readonly pattern?: RegExp;
}

interface IntegerShape {
  readonly kind: "integer";
  readonly least: number;
  readonly most: number;
}

interface BooleanShape {
  readonly kind: "boolean";
}

interface ListShape {
  readonly kind: "array";
  readonly of: Shape;
  readonly least?: number;
}

/** An object whose fields have names of the user's. */
interface MapShape {
  readonly kind: "map";
  readonly of: Shape;
}

/** An object whose fields have names of the specification's. Others are nobody's concern ("extensibility"). */
interface ObjectShape {
  readonly kind: "object";
  /** The part of the specification that has it. */
  readonly section: string;
  readonly fields: Readonly<Record<string, Field>>;
}

export interface Field {
  readonly shape: Shape;
  readonly required?: boolean;
  /** The first version of the specification that has it, if that is not 1.0. */
  readonly since?: Version;
}

export const TEXT: Shape = { kind: "string" };
export const FLAG: Shape = { kind: "boolean" };
export const TEXTS: Shape = { kind: "array", of: TEXT };
/** Of numbers that doubles round, the bounds are rounded, too. */
export const INT32: Shape = { kind: "integer", least: -(2 ** 31), most: 2 ** 31 - 1 };
export const INT64: Shape = { kind: "integer", least: -(2 ** 63), most: 2 ** 63 };
export const UINT16: Shape = { kind: "integer", least: 0, most: 2 ** 16 - 1 };
export const UINT32: Shape = { kind: "integer", least: 0, most: 2 ** 32 - 1 };
export const UINT64: Shape = { kind: "integer", least: 0, most: 2 ** 64 };

export function oneOf(...values: readonly string[]): Shape {
  return { kind: "string", values };
}

export function listOf(of: Shape, least = 0): Shape {
  return { kind: "array", of, least };
}

export function mapOf(of: Shape): Shape {
  return { kind: "map", of };
}

type Fields = Readonly<Record<string, Shape | Field>>;

/** @param fields of the object; those in `required` must be there */
export function objectOf(section: string, fields: Fields, required: readonly string[] = []): Shape {
  const whole = Object.entries(fields).map(([name, field]): [string, Field] => [
    name,
    { ...("kind" in field ? { shape: field } : field), required: required.includes(name) },
  ]);
  return { kind: "object", section, fields: Object.fromEntries(whole) };
}

/** A field of newer versions. */
export function since(version: Version, shape: Shape): Field {
  return { shape, since: version };
}

/** A document and what it is checked for. */
export interface Checking {
  /** Of the specification, as the document says; undefined where it says nothing of use. */
  readonly version: Version | undefined;
  readonly report: Report;
}

/** Reports everything in `value` that is not of the shape. @param spec what says that it has to be */
export function checkShape(
  shape: Shape,
  value: unknown,
  path: string,
  spec: string,
  checking: Checking,
): void {
  const wrong = wrongWith(shape, value);
  if (wrong !== undefined) {
    checking.report("error", path, wrong, spec);
    return;
  }
  if (shape.kind === "array") {
    for (const [at, item] of (value as unknown[]).entries()) {
      checkShape(shape.of, item, below(path, at), spec, checking);
    }
  } else if (shape.kind === "map") {
    for (const [name, item] of Object.entries(value as object)) {
      checkShape(shape.of, item, below(path, name), spec, checking);
    }
  } else if (shape.kind === "object") {
    checkFields(shape, value as Readonly<Record<string, unknown>>, path, checking);
  }
}

function checkFields(
  { section, fields }: ObjectShape,
  value: Readonly<Record<string, unknown>>,
  path: string,
  checking: Checking,
): void {
  const { version, report } = checking;
  for (const [name, { shape, required = false, since: first }] of Object.entries(fields)) {
    const spec = `${section}: ${name} (${nameOf(shape)}, ${required ? "REQUIRED" : "OPTIONAL"})`;
    if (!Object.hasOwn(value, name)) {
      if (required) report("error", path, `has no ${name}`, spec);
      continue;
    }
    const at = below(path, name);
    if (first !== undefined && version !== undefined && isOlder(version, first)) {
      report(
        "warning",
        at,
        `is of version ${first.join(".")}, and ociVersion is older: it may count for nothing`,
        spec,
      );
    }
    checkShape(shape, value[name], at, spec, checking);
  }
}

/** As a clause, what keeps the value itself from being of the shape. */
function wrongWith(shape: Shape, value: unknown): string | undefined {
  if (shape.kind === "string" && typeof value === "string") return wrongText(shape, value);
  if (shape.kind === "integer" && Number.isInteger(value)) return wrongNumber(shape, Number(value));
  if (shape.kind === "boolean" && typeof value === "boolean") return undefined;
  if (shape.kind === "array" && Array.isArray(value)) {
    return value.length < (shape.least ?? 0) ? "is empty" : undefined;
  }
  const isObject = kindOf(value) === "object";
  if (isObject && (shape.kind === "map" || shape.kind === "object")) return undefined;
  return `is ${kindOf(value)}, not ${nameOf(shape)}`;
}

function wrongText({ values, pattern }: TextShape, text: string): string | undefined {
  if (values?.includes(text) === false) return `${quote(text)} is none of ${values.join(", ")}`;
  return pattern?.test(text) === false ? `${quote(text)} is not of the form ${pattern.source}` : undefined;
}

function wrongNumber({ least, most }: IntegerShape, number: number): string | undefined {
  return number >= least && number <= most ? undefined : `${number} is not from ${least} to ${most}`;
}

function nameOf(shape: Shape): string {
  if (shape.kind === "array") return `array of ${nameOf(shape.of)}s`;
  if (shape.kind === "map") return `object of ${nameOf(shape.of)}s`;
  return shape.kind;
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value === "number" && !Number.isInteger(value) ? "fraction" : typeof value;
}
