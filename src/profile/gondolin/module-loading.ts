/**
 * Loading kernel modules from the root filesystem. The initramfs of Gondolin's own images has few of them, and the
 * image's own modprobe, if there is one, may not read compressed modules: so the base's is brought along, with its
 * own loader and libraries, where nothing else looks.
 */
import { basename } from "node:path/posix";
import { type Additions, sourceOf } from "../additions.ts";
import type { BaseFilesystem } from "./base-filesystem.ts";
import { OWN_FOLDER } from "./contract.ts";
import { readElf } from "./elf.ts";
import { librariesOf } from "./libraries.ts";

/** kmod and busybox know by this name what to do. */
const MODPROBE = `${OWN_FOLDER}/modprobe/modprobe`;
const LIBRARIES = `${OWN_FOLDER}/modprobe/lib`;

/**
 * Adds the program. Returns the command that runs it, or undefined if the base has none: then its kernel has all it
 * needs.
 */
export async function addModprobe(base: BaseFilesystem, additions: Additions): Promise<string | undefined> {
  const path = base.findCommand("modprobe");
  const program = path === undefined ? undefined : base.findFile(path);
  if (program === undefined) return undefined;
  const elf = readElf(base.read(program.file), program.path);
  const source = base.source(program.file);
  await additions.put(MODPROBE, { type: "file", executable: true, source });
  if (elf.interpreter === undefined) return MODPROBE;
  for (const { path: at, file } of librariesOf(base, elf, program.path)) {
    const copy = { type: "file", executable: true, source: base.source(file) } as const;
    await additions.put(`${LIBRARIES}/${basename(at)}`, copy);
  }
  return `${LIBRARIES}/${basename(elf.interpreter)} --library-path ${LIBRARIES} ${MODPROBE}`;
}

/** Adds a script at `path` that loads the modules and then is the program `next`. */
export async function addLoadingScript(
  path: string,
  next: string,
  modprobe: string,
  modules: readonly string[],
  additions: Additions,
): Promise<void> {
  // No redirections: there is no /dev/null yet, and to a file of that name it would be written.
  const script = `#!/bin/sh
for module in ${modules.join(" ")}; do
  ${modprobe} -q "$module"
done
exec ${next} "$@"
`;
  await additions.put(path, {
    type: "file",
    executable: true,
    source: sourceOf(Buffer.from(script, "latin1")),
  });
}
