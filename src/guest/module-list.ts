/** What `ovms-init` reads as an initramfs's first program: which modules it is to load before it mounts the root. */

/** An initramfs with this file and ovms-init as its /init loads them, and goes over to the disk of root=. */
export const MODULE_LIST_PATH = "/etc/ovms/modules";

/** The file: a path on a line, in the order in which the modules need one another; behind a blank, parameters. */
export function moduleList(modules: readonly string[]): Uint8Array {
  return Buffer.from(modules.map((line) => `${line}\n`).join(""), "latin1");
}
