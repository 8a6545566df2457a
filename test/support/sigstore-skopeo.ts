import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cachedFolder } from "./cache.ts";
import { runOk } from "./oracles.ts";

const SUITE = "trixie";
const MIRROR = "http://deb.debian.org/debian";
/** Signatures go where cosign puts them. */
const ATTACHMENTS = "default-docker:\n  use-sigstore-attachments: true\n";
const POLICY = { default: [{ type: "insecureAcceptAnything" }] };

/** Where it sees the folder that it works in. */
export const SIGNING = "/signing";

/**
 * skopeo of Debian 13, in the root of one: that of Debian 12 is built without sigstore. Run with its arguments in
 * `folder`, which it sees as SIGNING. Needs mmdebstrap, chroot, unshare and mount.
 */
export function sigstoreSkopeo(folder: string, args: readonly string[]): string {
  const root = skopeoRoot();
  // The folder is mounted in a namespace of the command's own, which takes it away again.
  const script = 'mount --bind "$1" "$2$3" && root=$2 && shift 3 && exec chroot "$root" skopeo "$@"';
  return runOk("unshare", ["--mount", "sh", "-ec", script, "sh", folder, root, SIGNING, ...args]);
}

function skopeoRoot(): string {
  return cachedFolder(`skopeo-${SUITE}-2`, (root) => {
    runOk("mmdebstrap", ["--quiet", "--variant=extract", "--include=skopeo", SUITE, root, MIRROR]);
    // Packages that are only extracted have no links into /usr yet; the loader is looked for in one.
    for (const name of ["bin", "lib", "lib64"]) symlinkSync(`usr/${name}`, join(root, name));
    mkdirSync(join(root, SIGNING));
    mkdirSync(join(root, "etc/containers/registries.d"), { recursive: true });
    writeFileSync(join(root, "etc/containers/registries.d/default.yaml"), ATTACHMENTS);
    writeFileSync(join(root, "etc/hosts"), "127.0.0.1 localhost\n");
    writeFileSync(join(root, "etc/containers/policy.json"), JSON.stringify(POLICY));
  });
}
