import { join } from "node:path";
import type { Environment } from "../convert/options.ts";
import { Docker2vmError } from "../errors.ts";
import type { BuildRequest } from "./build-request.ts";
import { type Builder, type Command, optional, repeated } from "./builder.ts";
import { notInstalled, notWorking, type Probe } from "./probe.ts";

/**
 * buildah, with or without root. It cannot write an archive to a pipe that is a socket, as pipes between processes are
 * here. The archive is docker's because its layers are not compressed, for the moment that it lives.
 * Without a cache of steps it writes the image straight there, and nothing gets into the user's storage. With one the
 * last step is cached as all others are, by an image without a name, and copied from there: writing it elsewhere fails
 * where nothing has changed, and removing it would take the cache of all steps along ("rmi" removes the nameless images
 * below).
 */
export const probeBuildah: Probe = async (tools) => {
  const buildah = await tools.find("buildah");
  if (buildah === undefined) {
    return notInstalled("buildah", "install the package buildah, which needs no daemon");
  }
  const usual = await tools.ask([buildah, "info"]);
  if (usual.status === 0) return buildahBuilder([buildah], tools.environment);
  // The overlay driver does not work everywhere, such as on top of a container's own overlay; vfs does.
  const plain: Command = [buildah, "--storage-driver", "vfs"];
  const works =
    tools.environment["STORAGE_DRIVER"] === undefined && (await tools.ask([...plain, "info"])).status === 0;
  return works
    ? buildahBuilder(plain, tools.environment)
    : notWorking(`buildah does not work: ${usual.complaint}`, "set buildah up until 'buildah info' works");
};

function buildahBuilder(buildah: Command, environment: Environment): Builder {
  return {
    name: "buildah",
    plan: (request, { scratchFolder }) => {
      const path = archivePath(scratchFolder);
      const archive = `docker-archive:${path}`;
      const idFile = join(scratchFolder, "image-id");
      const cached = keepsSteps(request, environment);
      return {
        build: [
          ...buildah,
          "build",
          // chroot needs neither an OCI runtime nor a network set up, and works without root.
          ...(environment["BUILDAH_ISOLATION"] ? [] : ["--isolation", "chroot"]),
          // A failed build would leave its containers.
          "--force-rm",
          ...(cached ? ["--layers", "--iidfile", idFile] : ["--layers=false", "--tag", archive]),
          ...(request.noCache ? ["--no-cache"] : []),
          "--platform",
          request.platform,
          ...optional("--target", request.target),
          ...repeated("--build-arg", request.buildArgs),
          ...repeated("--secret", request.secrets),
          "--file",
          csvField(request.file),
          request.context,
        ],
        ...(cached ? { fetch: { idFile, command: (id) => [...buildah, "push", id, archive] } } : {}),
        image: { from: "file", path },
        containers: {
          list: [...buildah, "containers", "--quiet", "--notruncate"],
          remove: [...buildah, "rm"],
        },
      };
    },
  };
}

/** buildah takes a list of Dockerfiles, as a line of CSV (RFC 4180). */
function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** As Docker does, but where the user has told buildah otherwise. */
function keepsSteps(request: BuildRequest, environment: Environment): boolean {
  return !request.noCache && !/^(false|0|f)$/i.test(environment["BUILDAH_LAYERS"] ?? "");
}

function archivePath(scratchFolder: string): string {
  const path = join(scratchFolder, "built.tar");
  if (!path.includes(":")) return path;
  throw new Docker2vmError(
    "E_USAGE",
    `buildah cannot write below a folder with a colon in its name: ${scratchFolder}`,
    { hint: "choose another --out, or another --builder" },
  );
}
