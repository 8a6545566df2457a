/** What the program is made of that others wrote, and on what terms. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { Docker2vmError } from "../errors.ts";
import { REPOSITORY } from "./place.ts";
import type { Lock } from "./repository.ts";
import { runProgram } from "./run-program.ts";

const LICENCE_FILE = /^(licen[cs]e|copying|notice)/i;
const RULE = "-".repeat(80);

interface Dependency {
  /** Of its folder: "node_modules/…". */
  readonly path: string;
  readonly name: string;
  readonly version: string;
  readonly licence: string;
}

/** What users get with the program, by name. Throws E_INTERNAL for one without a licence. */
function dependenciesOf(lock: Lock): readonly Dependency[] {
  return Object.entries(lock.packages)
    .filter(([path, { dev }]) => path !== "" && dev !== true)
    .map(([path, { version, license }]) => {
      const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
      if (license === undefined)
        throw new Docker2vmError("E_INTERNAL", `${name} says nothing of its licence`);
      return { path, name, version, licence: license };
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** A list of all dependencies with their licences, and then these licences' texts, which have to go with the program. */
export function dependencyList(lock: Lock, bun: string): string {
  const dependencies = dependenciesOf(lock);
  const rows = dependencies.map(({ name, version, licence }) => `${name} ${version}: ${licence}`);
  const texts = dependencies.map(
    ({ name, version, path }) => `${RULE}\n${name} ${version}\n\n${licenceTexts(path).join("\n\n")}\n`,
  );
  return [
    `What docker2vm ${manifest.version} is made of, and the licences.\n\n`,
    `${rows.join("\n")}\n\n`,
    `The executables are made with Bun ${bun}: MIT. What Bun itself is made of, JavaScriptCore (LGPL-2.1) among it, is\n`,
    "listed at https://bun.com/docs/project/licensing, with where its sources are.\n\n",
    ...texts,
  ].join("");
}

function licenceTexts(path: string): readonly string[] {
  const folder = join(REPOSITORY, path);
  const names = readdirSync(folder).filter((name) => LICENCE_FILE.test(name));
  return names.sort().map((name) => readFileSync(join(folder, name), "utf8").trim());
}

/** npm's CycloneDX document, as far as it is read here. */
interface Bom {
  serialNumber?: string;
  metadata: { timestamp: string; component: { "bom-ref": string; name: string; type: string } };
  components: object[];
  dependencies: { ref: string; dependsOn: string[] }[];
}

/**
 * The software bill of materials in CycloneDX 1.5 by npm, of what package-lock.json says, with Bun added. npm's own has
 * another number and time in each run, and the name of the folder that it runs in. Throws E_BUILD_FAILED.
 */
export function billOfMaterials(bun: string, seconds: number): string {
  const text = runProgram(
    "npm",
    ["sbom", "--sbom-format=cyclonedx", "--sbom-type=application", "--omit=dev", "--package-lock-only"],
    (reason) => new Docker2vmError("E_BUILD_FAILED", `npm makes no bill of materials: ${reason}`),
  );
  const { serialNumber: _, ...bom }: Bom = JSON.parse(text);
  const { component } = bom.metadata;
  const runtime = `bun@${bun}`;
  const metadata = {
    ...bom.metadata,
    timestamp: new Date(seconds * 1000).toISOString(),
    component: { ...component, name: manifest.name },
  };
  const components = [...bom.components, runtimeComponent(runtime, bun)];
  const dependencies = bom.dependencies.map((each) =>
    each.ref === component["bom-ref"] ? { ...each, dependsOn: [...each.dependsOn, runtime] } : each,
  );
  const whole = {
    ...bom,
    metadata,
    components,
    dependencies: [...dependencies, { ref: runtime, dependsOn: [] }],
  };
  return `${JSON.stringify(whole, null, 2)}\n`;
}

function runtimeComponent(ref: string, version: string): object {
  return {
    "bom-ref": ref,
    type: "platform",
    name: "bun",
    version,
    scope: "optional",
    description: "Runs the program in the executables and in the container image",
    purl: `pkg:npm/bun@${version}`,
    licenses: [{ license: { id: "MIT" } }],
  };
}
