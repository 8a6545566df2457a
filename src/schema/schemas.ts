import { join } from "node:path";
import { type Schema, schemaOf } from "./derive.ts";
import { withProgram } from "./program.ts";

/** The schemas of all documents by the names of their files: "meta.json". Throws for a type that JSON has no form for. */
export function schemas(repository: string): Promise<ReadonlyMap<string, Schema>> {
  const entry = join(repository, "src/schema/documents.ts");
  return withProgram(join(repository, "tsconfig.json"), entry, async (program) => {
    const found = new Map<string, Schema>();
    for (const name of program.exports.keys()) {
      found.set(`${name.toLowerCase()}.json`, await schemaOf(program, name));
    }
    return found;
  });
}
