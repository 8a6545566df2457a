/** The runtime specification's own JSON schema (1.0.2 with what was meant for 1.1), by another's validator. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../support/oracles.ts";
import { RUNTIME_SCHEMAS } from "../support/programs.ts";

/** Documents for one process: command lines have an end. */
const AT_ONCE = 1000;

/** Of each document whether it holds by the schema. */
export function holdBySchema(documents: readonly unknown[]): readonly boolean[] {
  const folder = mkdtempSync(join(tmpdir(), "schema-"));
  try {
    const holding = new Set<number>();
    for (let start = 0; start < documents.length; start += AT_ONCE) {
      const some = documents.slice(start, start + AT_ONCE);
      for (const [at, document] of some.entries()) {
        writeFileSync(join(folder, String(start + at)), JSON.stringify(document));
      }
      const instances = some.flatMap((_, at) => ["-i", String(start + at)]);
      const schema = join(RUNTIME_SCHEMAS, "config-schema.json");
      const args = ["--output", "pretty", "--base-uri", `file://${RUNTIME_SCHEMAS}/`, ...instances, schema];
      // Debian's own, not one that a version manager has put before it.
      const { stdout, stderr } = run("/usr/bin/jsonschema", args, { cwd: folder });
      for (const [, at] of stdout.matchAll(/^===\[SUCCESS\]===\((\d+)\)===$/gm)) holding.add(Number(at));
      const judged = [...`${stdout}\n${stderr}`.matchAll(/^===\[\w+\]===\((\d+)\)===$/gm)].length;
      if (judged < some.length)
        throw new Error(`${judged} of ${some.length} were judged: ${stderr.slice(0, 2000)}`);
    }
    return documents.map((_, at) => holding.has(at));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
