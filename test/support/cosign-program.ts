import { join } from "node:path";
import { cachedFolder } from "./cache.ts";
import { debianSources, unpack, withOwnApt } from "./gondolin/debian.ts";
import { runOk } from "./oracles.ts";

/** Where Debian has the cosign that signs with bundles. */
const SUITE = "sid";

/**
 * cosign itself, of Debian unstable, unpacked but not installed: of version 3. Undefined, and said so, where it
 * cannot be had: that suite moves on. Needs apt-get and dpkg-deb.
 */
export function cosignProgram(): ((folder: string, args: readonly string[]) => string) | undefined {
  try {
    const root = cachedFolder("cosign-3", (folder) => {
      const [, mirror = ""] = debianSources()[0]?.split(" ") ?? [];
      withOwnApt([`deb ${mirror} ${SUITE} main`], {}, (options) => unpack(folder, ["cosign=3.*"], options));
    });
    const program = join(root, "usr/bin/cosign");
    return (folder, args) =>
      runOk(program, args, {
        cwd: folder,
        env: { HOME: folder, COSIGN_PASSWORD: "quiet", TUF_ROOT: join(folder, "tuf") },
      });
  } catch (error) {
    console.error(
      `skipped: what needs cosign 3, which ${SUITE} does not give: ${String(error).slice(0, 500)}`,
    );
    return undefined;
  }
}
