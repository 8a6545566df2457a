import { Docker2vmError } from "../errors.ts";
import { probeBuildah } from "./buildah.ts";
import { probeBuildctl } from "./buildctl.ts";
import type { Builder } from "./builder.ts";
import { probeDockerBuildx } from "./docker-buildx.ts";
import { BUILDERS, type BuilderName } from "./options.ts";
import type { Probe, Tools } from "./probe.ts";

const PROBES: Readonly<Record<BuilderName, Probe>> = {
  "docker-buildx": probeDockerBuildx,
  buildctl: probeBuildctl,
  buildah: probeBuildah,
};

const WAYS: Readonly<Record<BuilderName, string>> = {
  "docker-buildx": "install Docker with its buildx plugin (docker-buildx-plugin) and start the daemon",
  buildctl: "install BuildKit's buildctl, start buildkitd and say where it is in BUILDKIT_HOST",
  buildah: "install the package buildah, which needs no daemon",
};

/** The builder of that name, or the first that works. Throws E_NO_BUILDER with what is wrong with each. */
export async function chooseBuilder(name: BuilderName | undefined, tools: Tools): Promise<Builder> {
  const reasons: string[] = [];
  for (const candidate of name === undefined ? BUILDERS : [name]) {
    const found = await PROBES[candidate](tools);
    if (!("unusable" in found)) return found;
    reasons.push(found.unusable);
  }
  throw new Docker2vmError("E_NO_BUILDER", `there is no program to build with: ${reasons.join("; ")}`, {
    hint: WAYS[name ?? "buildah"],
  });
}
