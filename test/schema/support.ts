/** The published schemas, closed: what they do not list is refused, so that nothing is printed that they do not know. */
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import type { Schema } from "../../src/schema/derive.ts";
import { schemas } from "../../src/schema/schemas.ts";
import { REPOSITORY } from "../support/package.ts";

let published: Promise<ReadonlyMap<string, Schema>> | undefined;
const validators = new Map<string, ValidateFunction>();

/** As they are published, by file. */
export function publishedSchemas(): Promise<ReadonlyMap<string, Schema>> {
  published ??= schemas(REPOSITORY);
  return published;
}

/** What the schema of that file, closed, has against a document; empty if nothing. */
export async function faultsOf(file: string, document: unknown): Promise<readonly string[]> {
  const validate = validators.get(file) ?? (await validatorOf(file));
  validators.set(file, validate);
  // As it is written: what is undefined is not there.
  const isValid = validate(JSON.parse(JSON.stringify(document)));
  const faults = (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath}: ${message} ${JSON.stringify(params)}`,
  );
  return isValid ? [] : faults;
}

async function validatorOf(file: string): Promise<ValidateFunction> {
  const schema = (await publishedSchemas()).get(file);
  if (schema === undefined) throw new Error(`there is no schema ${file}`);
  // A tuple may go on with any number of one kind, which strict mode takes for a mistake.
  return new Ajv2020({ strict: true, strictTuples: false, allowUnionTypes: true, allErrors: true }).compile(
    closed(schema) as object,
  );
}

function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== "object" || value === null) return value;
  const parts = Object.fromEntries(Object.entries(value).map(([name, part]) => [name, closed(part)]));
  const isObject = parts["type"] === "object" && "properties" in parts;
  return isObject && !("additionalProperties" in parts) ? { ...parts, additionalProperties: false } : parts;
}
