import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ALL_OPTIONS } from "../../src/cli/commands.ts";

const SRC = join(import.meta.dir, "../../src");
/** A name, or the beginning of one whose end is put in: `--max-${limit}`. */
const OPTION = /(?<![\w-])--([a-z][a-z\d]*(?:-[a-z\d]+)*(?:-(?=\$\{))?)/g;
/** Where the command lines of other programs are put together: a text that begins with an option is an argument. */
const BUILDERS =
  /^(?:dockerfile\/(?:buildah|buildctl|docker-buildx)|bundle\/add-missing|kernel\/xz|launch\/(?:cloud-hypervisor|crosvm|firecracker|libvirt)|profile\/cloud-init\/service-seed)\.ts$/;
/** Options of other programs that messages or scripts name: the program stands before them. */
const OF_OTHERS: Readonly<Record<string, RegExp>> = {
  "all-platforms": /ctr images pull/,
  arch: /gondolin image pull/,
  "decryption-key": /skopeo copy/,
  "dest-compress-format": /skopeo copy/,
  "library-path": /elf\.interpreter/,
  sparse: /tar's option/,
  workload: /ExecStart/,
};

function isOption(name: string): boolean {
  const names = Object.keys(ALL_OPTIONS);
  return name.endsWith("-") ? names.some((each) => each.startsWith(name)) : names.includes(name);
}

/** The texts between quotes, without comments. */
function literalsOf(file: string): readonly string[] {
  const code = readFileSync(join(SRC, file), "utf8").replace(/^\s*(?:\/\*\*?[\s\S]*?\*\/|\/\/.*)$/gm, "");
  return code.match(/"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g) ?? [];
}

test("every option that a text names is one that there is", () => {
  // In a style sheet two dashes begin a property; what makes a release has options of its own, and is in no package.
  const files = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter(
    (path) => path.endsWith(".ts") && !/^(?:report\/page\/built|release)\//.test(path),
  );
  const named = files.flatMap((file) =>
    literalsOf(file)
      .filter((literal) => !(BUILDERS.test(file) && /^.--/.test(literal)))
      .flatMap((literal) => [...literal.matchAll(OPTION)].map(([, name = ""]) => ({ file, name, literal }))),
  );
  const unknown = named.filter(({ name, literal }) => !isOption(name) && !OF_OTHERS[name]?.test(literal));
  expect(unknown).toEqual([]);
  // That it finds any is not self-evident.
  expect(named.length).toBeGreaterThan(50);
});
