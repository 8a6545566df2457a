/** What ovms-init does around the end of a workload that is a service of systemd's. */
import { expect } from "bun:test";
import { fakeMachines } from "./booting.ts";

const { native } = fakeMachines();

/** The first process is a shell in systemd's place, and the mark that a stop leaves is in /run. */
const SYSTEMD =
  'trap \'echo power off\' 38; trap \'echo reboot\' 39; mkdir "$R/run" "$R/sys/firmware" "$R/sys/firmware/acpi"';
const STOPPING = 'chroot "$R" /sbin/ovms-init --stopping';

native("the status is told and kept, and the machine ends unless the service was stopped", (boot) => {
  const table: [before: string, commandLine: string, status: number, ended: string][] = [
    ["export EXIT_CODE=exited EXIT_STATUS=7", "", 7, "power off\n"],
    ["export EXIT_CODE=killed EXIT_STATUS=SEGV", "reboot=k", 139, "reboot\n"],
    ["export EXIT_CODE=killed EXIT_STATUS=RTMIN+3", "", 165, "power off\n"],
    ["true", "", 125, "power off\n"],
    [`${STOPPING}; export EXIT_CODE=exited EXIT_STATUS=0`, "", 0, ""],
    [`export EXIT_CODE=exited EXIT_STATUS=3; ${STOPPING}`, "", 3, "power off\n"],
  ];
  for (const [before, commandLine, status, ended] of table) {
    const end = boot({
      args: ["--ended"],
      before: `${SYSTEMD}; ${before}`,
      commandLine,
      after: "cat etc/ovms/exit-status; ls run",
    });
    // The marker is cut off where it is the last that is said.
    const told = end.status === undefined ? end.stdout : `\novms-exit: ${end.status}\n`;
    expect([before, end.stderr, told]).toEqual([before, "", `\novms-exit: ${status}\n${ended}`]);
    expect(end.after).toBe(`${status}\n`);
  }
});
