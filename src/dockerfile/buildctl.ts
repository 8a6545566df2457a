import { basename, dirname } from "node:path";
import type { Environment } from "../convert/options.ts";
import { repeated } from "./builder.ts";
import { notInstalled, notWorking, type Probe } from "./probe.ts";

const START_BUILDKITD = "start buildkitd and say where it is in BUILDKIT_HOST";

/** BuildKit's own client; BUILDKIT_HOST in the environment says where buildkitd is. */
export const probeBuildctl: Probe = async (tools) => {
  const buildctl = await tools.find("buildctl");
  if (buildctl === undefined) {
    return notInstalled("buildctl", `install BuildKit's buildctl, and ${START_BUILDKITD}`);
  }
  const workers = await tools.ask([buildctl, "debug", "workers"]);
  if (workers.status !== 0) {
    return notWorking(`buildctl does not reach buildkitd: ${workers.complaint}`, START_BUILDKITD);
  }
  return {
    name: "buildctl",
    plan: (request) => {
      const { file, context, platform, target, buildArgs, secrets, noCache } = request;
      const options = [
        `filename=${basename(file)}`,
        `platform=${platform}`,
        ...(target === undefined ? [] : [`target=${target}`]),
        ...buildArgs.flatMap((text) => valued(text, tools.environment)).map((text) => `build-arg:${text}`),
      ];
      return {
        image: {
          from: "output",
          command: [
            buildctl,
            "build",
            "--frontend",
            "dockerfile.v0",
            "--local",
            `context=${context}`,
            "--local",
            `dockerfile=${dirname(file)}`,
            ...repeated("--opt", options),
            ...repeated("--secret", secrets),
            ...(noCache ? ["--no-cache"] : []),
            "--output",
            "type=oci",
          ],
        },
      };
    },
  };
};

/** buildctl alone does not look for values in the environment. A name without one is left out, as docker does. */
function valued(text: string, environment: Environment): string[] {
  if (text.includes("=")) return [text];
  const value = environment[text];
  return value === undefined ? [] : [`${text}=${value}`];
}
