/** `npm run schema`, a part of the build: writes the schemas of all documents into dist/schema. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { schemas } from "./schemas.ts";

const repository = fileURLToPath(new URL("../..", import.meta.url));
const folder = join(repository, "dist/schema");

mkdirSync(folder, { recursive: true });
for (const [name, schema] of await schemas(repository)) {
  writeFileSync(join(folder, name), `${JSON.stringify(schema, null, 2)}\n`);
}
