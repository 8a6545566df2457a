import { Docker2vmError } from "../errors.ts";
import { probeBuildah } from "./buildah.ts";
import { probeBuildctl } from "./buildctl.ts";
import type { Builder } from "./builder.ts";
import { probeDockerBuildx } from "./docker-buildx.ts";
import { BUILDERS, type BuilderName } from "./options.ts";
import type { Probe, Tools, Unusable } from "./probe.ts";

const PROBES: Readonly<Record<BuilderName, Probe>> = {
  "docker-buildx": probeDockerBuildx,
  buildctl: probeBuildctl,
  buildah: probeBuildah,
};

/** The builder of that name, or the first that works. Throws E_NO_BUILDER with what is wrong with each. */
export async function chooseBuilder(name: BuilderName | undefined, tools: Tools): Promise<Builder> {
  const tried: Unusable[] = [];
  for (const candidate of name === undefined ? BUILDERS : [name]) {
    const found = await PROBES[candidate](tools);
    if (!("unusable" in found)) return found;
    tried.push(found);
  }
  const reasons = tried.map(({ unusable }) => unusable).join("; ");
  throw new Docker2vmError("E_NO_BUILDER", `there is no program to build with: ${reasons}`, {
    hint: [...remedies(tried), ...(name === undefined ? [] : ["choose another --builder"])].join(", or "),
  });
}

/** What is there and does not work is nearest; of what is not, the last needs least. */
function remedies(tried: readonly Unusable[]): ReadonlySet<string> {
  const last = tried.at(-1);
  const ways = [tried.find(({ installed }) => installed) ?? last, last];
  return new Set(ways.flatMap((way) => (way === undefined ? [] : [way.remedy])));
}
