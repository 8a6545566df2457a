/** What manual pages tell of the program as a whole: exit codes, variables of the environment, files. */
import { ERROR_CODES, EXIT } from "../../errors.ts";
import type { BatchEvent } from "../batch/batch.ts";
import type { BuilderEvent } from "../dockerfile-command.ts";
import type { ReportedEvent } from "../progress/state.ts";

/** By the names of the one table of exit codes. */
const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: "Done.",
  internal: "diff found something; else a mistake in docker2vm itself.",
  usage: "The command line is wrong.",
  notFound: "No such image, tag, digest or path, or not for this platform.",
  denied: "The registry denies access.",
  network: "Network, timeout or rate limit: trying again later may help.",
  integrity: "A digest, size, diff_id or signature does not hold.",
  badImage: "The image, or the filesystem that is read, is broken or of an unsupported kind.",
  output:
    "Output: it exists already, the disk is full, the size is too small, or reading or writing failed; or the image is beyond a limit.",
  invalid: "verify or bundle validate found something.",
  build: "The Dockerfile could not be built, or there is nothing to build it with.",
  machine: "boot: no workload has ended. All failures of that command have this code.",
  interrupted: "Stopped by Ctrl-C.",
  terminated: "Stopped by SIGTERM or a hang-up.",
};

/** By the types of events, as `--progress json` writes them. */
const EVENT_MEANINGS: Readonly<Record<PrintedEvent["type"], string>> = {
  spooling: "An archive that cannot be read by position is being kept on disk: bytes so far.",
  builder: "A Dockerfile: who builds it.",
  resolved:
    "Which image it is: its digest, platform and layers; without the first two where the files alone tell.",
  reused: "The result is an earlier one, from where it says; no layer is read.",
  layer: "Bytes of a layer that are in, of those that are stored; 0 is the lowest layer.",
  "layer-done": "Every check of the layer held.",
  files: "Of a source without layers: files that have come, and bytes of their contents.",
  filesystem: "All contents are in; bytes of the filesystem around them that are written.",
  download: "Bytes of a layer that have come from a registry or, if cached, are here already.",
  retry: "A request is made again after so many milliseconds, or a body continued at an offset.",
  "rate-limit": "What a registry tells of its limits, as it tells it.",
  warning: "A sentence for the user.",
  pieces: "push, pull: the pieces that files go in; a piece's index counts in this list.",
  piece: "push, pull: bytes of a piece that have gone or come.",
  "piece-done": "push, pull: the piece is there, and was checked.",
  item: "batch: what has become of an item of the list, counted from 0.",
};

type PrintedEvent = ReportedEvent | BuilderEvent | BatchEvent;

/** In the order in which they may come. */
export function eventRows(): readonly Row[] {
  return Object.entries(EVENT_MEANINGS);
}

/** The codes of errors that end a command with an exit code. */
export function codesOf(exitCode: string): readonly string[] {
  return Object.entries(ERROR_CODES)
    .filter(([, exit]) => String(exit) === exitCode)
    .map(([code]) => code);
}

/** A name with what it means. */
export type Row = readonly [name: string, meaning: string];

/** In the order of the codes. */
export function exitRows(): readonly Row[] {
  return Object.entries(EXIT_MEANINGS).map(([name, text]) => [String(EXIT[name as keyof typeof EXIT]), text]);
}

/** Variables that the program reads, each where it is said. */
export const ENVIRONMENT: readonly Row[] = [
  ["SOURCE_DATE_EPOCH", "Seconds since 1970: the filesystem's own times."],
  ["XDG_CACHE_HOME", "Where the cache lies, in docker2vm; by default ~/.cache."],
  ["HOME", "The user's folder."],
  ["TMPDIR", "Where an archive is kept that has to be kept while it is looked at."],
  ["PATH", "Where builders, credential helpers and other programs are looked for."],
  ["NO_COLOR", "If it is not empty, there are no colours."],
  ["TERM", "If it is dumb, there are no colours and no bars."],
  ["HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY", "The proxy for registries, and the hosts that need none."],
  ["DOCKER_AUTH_CONFIG", "Credentials for registries, as Docker's config.json has them."],
  ["REGISTRY_AUTH_FILE, DOCKER_CONFIG", "Where credentials are looked for, as Podman and Docker do."],
  ["XDG_CONFIG_HOME, XDG_RUNTIME_DIR", "Folders of Podman's credentials, in containers."],
  ["COSIGN_PASSWORD", "The password of a private key that is encrypted."],
  ["DOCKER_HOST, DOCKER_CONTEXT", "Of docker-daemon: sources, the engine that is asked."],
  ["DOCKER_TLS_VERIFY, DOCKER_CERT_PATH", "How that is spoken to over TLS, as Docker's command does."],
  [
    "XDG_DATA_HOME, CONTAINERS_STORAGE_CONF",
    "Where containers-storage: sources are looked for, as Podman does.",
  ],
  ["CONTAINERD_NAMESPACE", "Of containerd: sources, the namespace; by default default."],
  ["BUILDAH_ISOLATION, BUILDAH_LAYERS, STORAGE_DRIVER", "Of dockerfile with buildah: as buildah has them."],
  [
    "GONDOLIN_GUEST_DIR, GONDOLIN_IMAGE_STORE, GONDOLIN_DEFAULT_IMAGE",
    "Where the profile gondolin finds a guest's assets, as Gondolin does.",
  ],
];

export const FILES: readonly Row[] = [
  ["DIR/rootfs.ext4 (.erofs, .xfs)", "The image of the filesystem."],
  ["DIR/meta.json", "What it was made of, and how it is to be run."],
  ["~/.cache/docker2vm", "What was pulled, by digest: docker2vm cache lists and prunes it."],
  ["~/.docker/config.json", "Credentials for registries, Docker's; its credential helpers are asked."],
  ["~/.config/containers/auth.json", "The same, Podman's."],
];
