/** The environment of an image's config, as a script that a guest's shells read. */
import { quote } from "../../oci/quote.ts";
import { DEFAULT_PATH, type ImageVariables } from "../image-variables.ts";
import { quoted } from "../shell-words.ts";
import { SEARCH_PATH } from "./base-filesystem.ts";

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Assigning to these ends some shell: readonly in bash, checked in dash. Here that would be the machine's end. */
const SHELL_OWN = new Set(["BASHOPTS", "BASH_VERSINFO", "EUID", "OPTIND", "PPID", "SHELLOPTS", "UID"]);

/**
 * Where programs look for certificates. Gondolin's /init sets them when it stands between the guest and its hosts:
 * then no others are of use.
 */
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

/** Names that no shell can assign to are left out with a warning. */
export function environmentScript(image: ImageVariables, warn: (message: string) => void): Uint8Array {
  const variables = new Map<string, string>();
  for (const [name, value] of image) {
    const why = reasonToLeaveOut(name);
    if (why === undefined) {
      variables.set(name, value);
      continue;
    }
    const shown = quote(Buffer.from(name, "latin1").toString());
    warn(`the image's variable ${shown} reaches its workload, but no other command in the guest: ${why}`);
  }
  variables.set("PATH", guestPath(image));
  const lines = [...variables].sort(([a], [b]) => (a < b ? -1 : 1)).map(assignment);
  return Buffer.from(HEAD + lines.join(""), "latin1");
}

/** The search path in the guest: the image's and behind it what Gondolin's own commands are looked for in. */
export function guestPath(image: ImageVariables): string {
  const folders = (image.get("PATH") || DEFAULT_PATH).split(":");
  return [...folders, ...SEARCH_PATH.filter((folder) => !folders.includes(folder))].join(":");
}

function reasonToLeaveOut(name: string): string | undefined {
  if (!IDENTIFIER.test(name)) return "no shell can set a variable of that name";
  return SHELL_OWN.has(name) ? "the shell keeps it for itself" : undefined;
}

function assignment([name, value]: readonly [string, string]): string {
  const line = `export ${name}=${quoted(value)}\n`;
  if (name === "PATH") return line;
  const kept = `[ "$$" != 1 ] && [ "\${${name}+set}" ] || ${line}`;
  return CERTIFICATES.has(name) ? `[ -r ${GONDOLIN_CERTIFICATE} ] || ${kept}` : kept;
}
