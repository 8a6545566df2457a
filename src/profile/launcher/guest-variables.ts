import type { ImageEnvironment } from "./environment.ts";

/**
 * Variables that a guest's kernel or init gives itself, with the values (patterns of a shell's `case`) by which they
 * are told from a caller's: init/main.c for HOME and TERM, the root filesystem's init of Gondolin for the others.
 * An empty HOME is none to runc, too.
 */
const GUESTS_OWN: Readonly<Record<string, string>> = {
  HOME: "'' | / | /root",
  TERM: "linux",
  TMPDIR: "/tmp",
  XDG_CACHE_HOME: "/tmp/.cache",
  XDG_CONFIG_HOME: "/tmp/.config",
  XDG_DATA_HOME: "/tmp/.local/share",
  UV_CACHE_DIR: "/tmp/.cache/uv",
  UV_SYSTEM_CERTS: "true",
};

/** The search path that such an init sets. */
export const GUESTS_PATH = "/usr/sbin:/usr/bin:/sbin:/bin";

/** Search paths that nobody has asked for: init's, and what busybox and mksh export of themselves if there is none. */
export const OTHERS_PATHS = [GUESTS_PATH, "/sbin:/usr/sbin:/bin:/usr/bin", "/usr/bin:/bin"];

/**
 * Where init says whom to trust. A workload needs them: the guest's HTTPS is intercepted, and nothing else tells
 * programs of the certificate authority.
 */
const TRUST = ["SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"];

/** The bundles that init's own is made from: to an image that names one of them, init's holds all that it wants. */
const SYSTEM_BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/ssl/cert.pem",
  "/etc/pki/tls/certs/ca-bundle.crt",
];

/** For each variable that is not to reach the workload with a value of the guest's own: the pattern of such values. */
export function guestsOwn({ variables }: ImageEnvironment): [name: string, pattern: string][] {
  const trust = TRUST.filter((name) => {
    const wanted = variables.get(name);
    return wanted !== undefined && !SYSTEM_BUNDLES.includes(wanted);
  });
  const init = ["/run/gondolin/*", "/etc/gondolin/*", ...SYSTEM_BUNDLES].join(" | ");
  return [...Object.entries(GUESTS_OWN), ...trust.map((name): [string, string] => [name, init])];
}
