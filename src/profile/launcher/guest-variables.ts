/** The bundles that init's own is made from, and what it names where nothing intercepts the guest's HTTPS. */
const SYSTEM_BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/ssl/cert.pem",
  "/etc/pki/tls/certs/ca-bundle.crt",
];

/**
 * Variables that a guest's kernel or init gives itself, with the values (patterns of a shell's `case`) by which they
 * are told from a caller's: init/main.c for HOME and TERM, the root filesystem's init of Gondolin for the others.
 * An empty HOME is none to runc, too.
 *
 * Not among them are those that say whom to trust when HTTPS is intercepted (SSL_CERT_FILE and others, below
 * /run/gondolin and /etc/gondolin): the workload needs them even where the image names other authorities, which have
 * signed nothing that it will meet.
 */
export const GUESTS_OWN: Readonly<Record<string, string>> = {
  HOME: "'' | / | /root",
  TERM: "linux",
  TMPDIR: "/tmp",
  XDG_CACHE_HOME: "/tmp/.cache",
  XDG_CONFIG_HOME: "/tmp/.config",
  XDG_DATA_HOME: "/tmp/.local/share",
  UV_CACHE_DIR: "/tmp/.cache/uv",
  UV_SYSTEM_CERTS: "true",
  SSL_CERT_FILE: SYSTEM_BUNDLES.join(" | "),
};

/** The search path that such an init sets. */
export const GUESTS_PATH = "/usr/sbin:/usr/bin:/sbin:/bin";

/** Search paths that nobody has asked for: init's, and what busybox and mksh export of themselves if there is none. */
export const OTHERS_PATHS = [GUESTS_PATH, "/sbin:/usr/sbin:/bin:/usr/bin", "/usr/bin:/bin"];
