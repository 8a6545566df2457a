/** What cloud-init has to do for a service of systemd's. */
import { volumeFolders } from "../init/conveniences.ts";
import type { GuestFile } from "../init/guest-files.ts";
import { asBytes, quotedAll } from "../shell-words.ts";
import type { ServicePlan } from "../systemd/service.ts";
import { UNIT_NAME } from "../systemd/unit.ts";
import type { SeedContents } from "./seed.ts";

const FOLDERS_PATH = "/etc/ovms/make-folders";

/**
 * `--no-block`, because the boot waits for the last of these commands, and the service for the boot. Settings of the
 * kernel's were made before there was a file that says them.
 */
const START = [
  ["systemctl", "daemon-reload"],
  ["systemctl", "restart", "systemd-sysctl.service"],
  ["systemctl", "enable", "--now", "--no-block", UNIT_NAME],
];

/** Nothing where there is no service. Volumes are made by a script, for their names may be any. */
export function serviceSeed({ files, workload }: ServicePlan): Pick<SeedContents, "files" | "commands"> {
  if (files.length === 0) return { files, commands: [] };
  const folders = volumeFolders(workload);
  if (folders.length === 0) return { files, commands: START };
  const script = `mkdir -p -- ${quotedAll(folders.map(asBytes))}\n`;
  const bytes = Buffer.from(script, "latin1");
  const maker: GuestFile = { path: FOLDERS_PATH, executable: false, bytes };
  return { files: [...files, maker], commands: [["sh", FOLDERS_PATH], ...START] };
}
