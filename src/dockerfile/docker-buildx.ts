import type { BuildRequest } from "./build-request.ts";
import { type Builder, optional, repeated } from "./builder.ts";
import { type Probe, unusable } from "./probe.ts";

/**
 * buildx with the builder that the user has chosen for it. All drivers but one write an OCI archive to their output;
 * the driver "docker" builds into the daemon's own image store, with the daemon's cache and local images, and the
 * image is saved from there.
 */
export const probeDockerBuildx: Probe = async (tools) => {
  const docker = await tools.find("docker");
  if (docker === undefined) return unusable("docker is not on the PATH");
  const inspected = await tools.ask([docker, "buildx", "inspect"]);
  const driver = /^Driver:\s*(\S+)/m.exec(inspected.stdout)?.[1];
  if (inspected.status !== 0 || driver === undefined) {
    return unusable(`docker buildx does not work: ${inspected.complaint}`);
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
