import type { BuildRequest } from "./build-request.ts";
import { type Builder, optional, repeated } from "./builder.ts";
import { notInstalled, notWorking, type Probe } from "./probe.ts";

/** What docker says without the plugin, in older and in newer versions. */
const UNKNOWN_COMMAND = /is not a docker command|unknown command/;
const INSTALL_BUILDX =
  "install the buildx plugin: the package docker-buildx-plugin from Docker, docker-buildx from Debian or Ubuntu";
const MEND_BUILDX = "make 'docker buildx inspect' work: Docker's daemon must run and be open to this user";

/**
 * buildx with the builder that the user has chosen for it. All drivers but one write an OCI archive to their output;
 * the driver "docker" builds into the daemon's own image store, with the daemon's cache and local images, and the
 * image is saved from there.
 */
export const probeDockerBuildx: Probe = async (tools) => {
  const docker = await tools.find("docker");
  if (docker === undefined) {
    return notInstalled("docker", "install Docker with its buildx plugin and start its daemon");
  }
  const inspected = await tools.ask([docker, "buildx", "inspect"]);
  const driver = /^Driver:\s*(\S+)/m.exec(inspected.stdout)?.[1];
  if (inspected.status !== 0 || driver === undefined) {
    return UNKNOWN_COMMAND.test(inspected.complaint)
      ? notWorking("docker is there, but its buildx plugin is missing", INSTALL_BUILDX)
      : notWorking(`docker buildx does not work: ${inspected.complaint}`, MEND_BUILDX);
  }
  return driver === "docker" ? savingBuilder(docker) : streamingBuilder(docker);
};

function streamingBuilder(docker: string): Builder {
  return {
    name: "docker-buildx",
    plan: (request) => ({
      image: {
        from: "output",
        command: [docker, "buildx", "build", "--output", "type=oci,dest=-", ...buildOptions(request)],
      },
    }),
  };
}

/** The tag makes the image this build's own: removing it takes nothing from an image that was there before. */
function savingBuilder(docker: string): Builder {
  return {
    name: "docker-buildx",
    plan: (request, { unique }) => {
      const tag = `docker2vm-build:${unique}`;
      return {
        build: [docker, "buildx", "build", "--load", "--tag", tag, ...buildOptions(request)],
        image: { from: "output", command: [docker, "save", tag] },
        cleanup: [docker, "image", "rm", tag],
      };
    },
  };
}

/** Attestations would be further manifests beside the image's. */
function buildOptions(request: BuildRequest): string[] {
  return [
    "--provenance=false",
    "--sbom=false",
    "--platform",
    request.platform,
    ...optional("--target", request.target),
    ...repeated("--build-arg", request.buildArgs),
    ...repeated("--secret", request.secrets),
    ...(request.noCache ? ["--no-cache"] : []),
    "--file",
    request.file,
    request.context,
  ];
}
