/** Workloads that whoever reads more into a text than it says would misread. */
import fc from "fast-check";
import type { ExecutionParameters } from "../../src/oci/config.ts";

/** What systemd, shells, YAML and JSON have a meaning for. */
const PIECES = [
  ...[
    "%",
    "%n",
    "%%",
    "$",
    "$HOME",
    "$\u007bX}",
    "$$",
    "`",
    "'",
    '"',
    "\\",
    "\\n",
    "\n",
    "\r\n",
    "\t",
    " ",
    "=",
    ";",
  ],
  ...[
    "#",
    "#cloud-config",
    "\n[Service]\nExecStart=/x\n",
    "\nUser=nobody",
    ": ",
    "- ",
    "|",
    ">",
    "&a",
    "*a",
    "!!binary x",
  ],
  ...[
    "{{ v }}",
    "## template: jinja\n",
    "null",
    "true",
    "0755",
    "~",
    "---",
    "...",
    "\u00fc",
    "\u2028",
    "\ufeff",
    "\u{1f600}",
  ],
  ...["\u0001", "\u0085", "\u007f", "a", ".", "-", "/", "..", ":", "EOF", "Content-Type: multipart/mixed"],
];

export const hostileText = fc
  .array(fc.constantFrom(...PIECES), { maxLength: 8 })
  .map((parts) => parts.join(""));

const hostileName = hostileText.map((text) => text.replaceAll("=", "") || "A");
const SIGNALS = ["", "SIGTERM", "SIGRTMIN+3", "9", "64", "sigquit", "WINCH", "32", "RTMAX-1"];

/** Without a user who is not there, or a signal that is none: of those there are warnings. */
export const hostileRuntime: fc.Arbitrary<ExecutionParameters> = fc.record({
  Entrypoint: fc.array(hostileText, { minLength: 1, maxLength: 4 }),
  Cmd: fc.array(hostileText, { maxLength: 4 }),
  Env: fc.array(
    fc.tuple(hostileName, hostileText).map(([name, value]) => `${name}=${value}`),
    { maxLength: 5 },
  ),
  WorkingDir: hostileText,
  User: fc.constantFrom("", "0", "65534", "4242:4343"),
  ExposedPorts: fc.array(hostileText, { maxLength: 2 }),
  Labels: fc.dictionary(hostileText, hostileText, { maxKeys: 2 }),
  StopSignal: fc.constantFrom(...SIGNALS),
  Volumes: fc.array(
    hostileText.map((text) => `/v${text}`),
    { maxLength: 2 },
  ),
});
