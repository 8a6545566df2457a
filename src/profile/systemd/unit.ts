/** What systemd is told of the workload: texts in which nothing of an image's is ever expanded or split. */
import { INIT_PATH } from "../init/guest-files.ts";

export const UNIT_NAME = "ovms.service";

/**
 * A unit (systemd.service(5), systemd.exec(5), systemd.kill(5)) that starts ovms-init, which knows all the rest: of the
 * workload the unit has nothing but the number of its stop signal. Environment= would refuse names with dots and bytes
 * that are not UTF-8, User= ids without an account, and both would be read for `%`, `$`, quotes and line ends.
 *
 * The console, not the journal, because the journal's socket cannot be opened again as /dev/stdout. A broken pipe ends
 * a program in a container, where systemd would have it ignore the signal.
 *
 * With `endsMachine` ovms-init tells the status, and has systemd end the machine unless the service was stopped, as by
 * `systemctl restart`: SuccessAction= and FailureAction= would end it then, too, and always by powering off.
 */
export function unitText(stopSignal: number, endsMachine: boolean): string {
  return `[Unit]
Description=Workload of the container image
Wants=network-online.target
After=network-online.target

[Service]
Type=exec
ExecStart=${INIT_PATH} --workload
${endsMachine ? `ExecStop=${INIT_PATH} --stopping\nExecStopPost=${INIT_PATH} --ended\n` : ""}StandardInput=null
StandardOutput=tty
StandardError=tty
TTYPath=/dev/console
IgnoreSIGPIPE=no
KillMode=mixed
KillSignal=${stopSignal}
TimeoutStopSec=10
TasksMax=infinity
OOMPolicy=continue

[Install]
WantedBy=multi-user.target
`;
}

/** For images that apply presets when they first boot (systemd.preset(5)). */
export const PRESET = `enable ${UNIT_NAME}\n`;

/**
 * What Docker gives a container that is not on the host's network: any user may listen on any port, and ping
 * (sysctl.d(5); a line with a dash may fail). The host name is here, too, because an image may have a file that says
 * another one.
 */
export function sysctlText(hostname: string | undefined): string {
  return `-net.ipv4.ip_unprivileged_port_start = 0
-net.ipv4.ping_group_range = 0 2147483647
${hostname === undefined ? "" : `kernel.hostname = ${hostname}\n`}`;
}
