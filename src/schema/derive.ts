/** JSON Schemas (draft 2020-12) of what JSON.stringify makes of values of a type. */
import {
  type Checker,
  type Symbol as Declared,
  ElementFlags,
  SymbolFlags,
  type Type,
  TypeFlags,
  type TypeReference,
} from "typescript/unstable/async";
import type { Program } from "./program.ts";

/** A schema, as far as they are written here. */
export type Schema = Readonly<Record<string, unknown>>;

export const DIALECT = "https://json-schema.org/draft/2020-12/schema";

/** Types that no compiler could say more of than that they are texts. */
const TEXTS: Readonly<Record<string, Schema>> = {
  Digest: { type: "string", pattern: "^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$" },
};

/**
 * The schema of a type that the program exports under a name. Types that have names are defined once, with their comments.
 * Objects may have more members than are listed: who reads them should pass over what is new. Throws for what JSON
 * has no form for.
 */
export async function schemaOf({ checker, exports }: Program, name: string): Promise<Schema> {
  const declared = exports.get(name);
  if (declared === undefined) throw new Error(`there is no type ${name}`);
  const derivation = new Derivation(checker);
  const type = await checker.getDeclaredTypeOfSymbol(declared);
  const root = await derivation.inline(type);
  const description = await derivation.commentOf(declared);
  const $defs = derivation.definitions();
  return { $schema: DIALECT, title: `docker2vm ${name}`, ...description, ...root, ...$defs };
}

class Derivation {
  readonly #checker: Checker;
  readonly #definitions = new Map<string, { readonly type: number; schema: Schema }>();

  constructor(checker: Checker) {
    this.#checker = checker;
  }

  definitions(): Schema {
    const sorted = [...this.#definitions].sort(([a], [b]) => (a < b ? -1 : 1));
    return sorted.length === 0
      ? {}
      : { $defs: Object.fromEntries(sorted.map(([name, { schema }]) => [name, schema])) };
  }

  async commentOf(declared: Declared): Promise<Schema> {
    const text = await this.#checker.getDocumentationCommentOfSymbol(declared);
    return text === "" ? {} : { description: text.replaceAll(/\s+/g, " ").trim() };
  }

  /** A type, by reference if it has a name. */
  async #schema(type: Type): Promise<Schema> {
    const named = await this.#nameOf(type);
    if (named === undefined) return this.inline(type);
    const reference = { $ref: `#/$defs/${named.name}` };
    const known = this.#definitions.get(named.name);
    if (known !== undefined) {
      if (known.type !== type.id) throw new Error(`two types are called ${named.name}`);
      return reference;
    }
    const definition = { type: type.id, schema: {} };
    this.#definitions.set(named.name, definition);
    definition.schema = { ...(await this.commentOf(named)), ...(await this.inline(type)) };
    return reference;
  }

  /** The symbol of an alias or an interface of this program's. */
  async #nameOf(type: Type): Promise<Declared | undefined> {
    if ((await type.getAliasTypeArguments()).length > 0) return undefined;
    const alias = await type.getAliasSymbol();
    if (alias !== undefined) return alias;
    const symbol = type.isObjectType() ? await type.getSymbol() : undefined;
    const isOwn = symbol?.declarations.some(({ path }) => !path.includes("/node_modules/")) ?? false;
    return isOwn && symbol !== undefined && (symbol.flags & SymbolFlags.Interface) !== 0 ? symbol : undefined;
  }

  async inline(type: Type): Promise<Schema> {
    const alias = await type.getAliasSymbol();
    const text = alias && TEXTS[alias.name];
    if (text !== undefined) return text;
    if (type.isLiteralType()) return { const: type.value };
    if (type.isTemplateLiteralType() || (type.flags & TypeFlags.String) !== 0) return { type: "string" };
    if ((type.flags & TypeFlags.Number) !== 0) return { type: "number" };
    if ((type.flags & TypeFlags.Boolean) !== 0) return { type: "boolean" };
    if ((type.flags & TypeFlags.Null) !== 0) return { type: "null" };
    if ((type.flags & TypeFlags.Unknown) !== 0) return {};
    if (type.isUnionType()) return this.#union(await type.getTypes());
    if (type.isIntersectionType() || type.isObjectType()) return this.#object(type);
    throw new Error(`${await this.#checker.typeToString(type)} has no form in JSON`);
  }

  async #union(types: readonly Type[]): Promise<Schema> {
    const present = types.filter(({ flags }) => (flags & TypeFlags.Undefined) === 0);
    const schemas: Schema[] = [];
    for (const type of present) schemas.push(await this.#schema(type));
    const literals = schemas.filter((schema) => "const" in schema).map((schema) => schema["const"]);
    const isBoolean = literals.includes(true) && literals.includes(false);
    const words = isBoolean ? literals.filter((each) => typeof each !== "boolean") : literals;
    const parts = [
      ...(words.length === 0 ? [] : [words.length === 1 ? { const: words[0] } : { enum: words }]),
      ...(isBoolean ? [{ type: "boolean" }] : []),
      ...schemas.filter((schema) => !("const" in schema)),
    ];
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { anyOf: parts };
  }

  /** Of members that all have to be there, and then, perhaps, of any number of one kind. */
  async #tuple(type: TypeReference): Promise<Schema> {
    const target = await type.getTarget();
    const flags = target.isTupleType() ? target.elementFlags : [];
    const rest = flags.indexOf(ElementFlags.Rest);
    const fixed = rest === -1 ? flags : flags.slice(0, -1);
    if (fixed.some((flag) => flag !== ElementFlags.Required))
      throw new Error(`${await this.#checker.typeToString(type)} has no form here`);
    const members: Schema[] = [];
    for (const member of await this.#checker.getTypeArguments(type)) members.push(await this.#schema(member));
    const prefixItems = members.slice(0, fixed.length);
    const items = members[fixed.length] ?? false;
    return { type: "array", prefixItems, items, minItems: prefixItems.length };
  }

  async #object(type: Type): Promise<Schema> {
    if (await this.#checker.isArrayType(type)) {
      const [item] = type.isTypeReference() ? await this.#checker.getTypeArguments(type) : [];
      return { type: "array", items: item === undefined ? {} : await this.#schema(item) };
    }
    if (type.isTypeReference() && (await this.#checker.isTupleType(type))) return this.#tuple(type);
    const properties: Record<string, Schema> = {};
    const required: string[] = [];
    for (const member of await this.#checker.getPropertiesOfType(type)) {
      const found = await this.#checker.getTypeOfSymbol(member);
      if (found === undefined) throw new Error(`${member.name} has no type`);
      properties[member.name] = { ...(await this.commentOf(member)), ...(await this.#schema(found)) };
      if (!(await isLeftOut(member, found))) required.push(member.name);
    }
    const [index] = await this.#checker.getIndexInfosOfType(type);
    return {
      type: "object",
      ...(Object.keys(properties).length === 0 ? {} : { properties }),
      ...(required.length === 0 ? {} : { required: required.sort() }),
      ...(index === undefined ? {} : { additionalProperties: await this.#schema(index.valueType) }),
    };
  }
}

/** Whether JSON may lack it: what is undefined is left out. */
async function isLeftOut(member: Declared, type: Type): Promise<boolean> {
  if ((member.flags & SymbolFlags.Optional) !== 0 || (type.flags & TypeFlags.Undefined) !== 0) return true;
  if (!type.isUnionType()) return false;
  return (await type.getTypes()).some(({ flags }) => (flags & TypeFlags.Undefined) !== 0);
}
