/** The environment of an image's config, as a script that a guest's shells read. */
import type { ExecutionParameters } from "../../oci/config.ts";
import { quote } from "../../oci/quote.ts";
import { SEARCH_PATH } from "./base-filesystem.ts";

/** What containers have where the image says nothing (runc, Docker). */
const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Assigning to these ends some shell: readonly in bash, checked in dash. Here that would be the machine's end. */
const SHELL_OWN = new Set(["BASHOPTS", "BASH_VERSINFO", "EUID", "OPTIND", "PPID", "SHELLOPTS", "UID"]);

/** Where programs look for certificates. Gondolin's /init sets them when it stands between the guest and its hosts. */
const CERTIFICATES = new Set([
  "SSL_CERT_FILE",
  "CURL_CA_BUNDLE",
  "REQUESTS_CA_BUNDLE",
  "NODE_EXTRA_CA_CERTS",
]);
const GONDOLIN_CERTIFICATE = "/etc/gondolin/mitm/ca.crt";

const HEAD = `# shellcheck shell=sh
# The image's environment. As process 1, /init takes all of it before it starts sandboxd; a login shell takes only
# what it lacks, so that a command keeps what it was given, and PATH, which /etc/profile may have changed.
`;

/** UTF-8. Names that no shell can assign to are left out with a warning. */
export function environmentScript(runtime: ExecutionParameters, warn: (message: string) => void): Uint8Array {
  const variables = new Map<string, string>();
  for (const entry of runtime.Env) {
    const at = entry.indexOf("=");
    const name = at === -1 ? entry : entry.slice(0, at);
    const value = at === -1 ? undefined : entry.slice(at + 1);
    const why = reasonToLeaveOut(name, value);
    if (why === undefined && value !== undefined) variables.set(name, value);
    else warn(`the image's environment variable ${quote(name)} is not set in the guest's shells: ${why}`);
  }
  variables.set("PATH", completePath(variables.get("PATH") || DEFAULT_PATH));
  const names = [...variables.keys()].sort();
  const lines = names.map((name) => `${assignment(name, variables.get(name) ?? "")}\n`);
  return Buffer.from(HEAD + lines.join(""));
}

function reasonToLeaveOut(name: string, value: string | undefined): string | undefined {
  if (value === undefined) return "it has no value";
  if (!IDENTIFIER.test(name)) return "no shell can set a variable of that name";
  if (SHELL_OWN.has(name)) return "the shell keeps it for itself";
  return value.includes("\0") ? "its value has a NUL byte" : undefined;
}

/** The image's PATH and behind it what Gondolin's own commands are looked for in. */
function completePath(path: string): string {
  const folders = path.split(":");
  return [...folders, ...SEARCH_PATH.filter((folder) => !folders.includes(folder))].join(":");
}

function assignment(name: string, value: string): string {
  const line = `export ${name}=${singleQuoted(value)}`;
  if (name === "PATH") return line;
  const kept = `[ "$$" != 1 ] && [ "\${${name}+set}" ] || ${line}`;
  return CERTIFICATES.has(name) ? `[ -r ${GONDOLIN_CERTIFICATE} ] || ${kept}` : kept;
}

/** Nothing means anything between single quotes but the single quote. */
function singleQuoted(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`;
}
