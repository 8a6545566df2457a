import { homeFolder, workingFolder } from "../machine.ts";
import type { Injection, Profile } from "../profile/profile.ts";
import type { ResolvedImage } from "../source/source.ts";
import type { Timestamp } from "../tree/inode.ts";
import type { StreamedImage } from "./content-flow.ts";
import type { Conversion } from "./request.ts";

/** Finds and checks what the profile needs from this machine; undefined where nothing is to be added. */
export async function openProfile({ profile, platform }: Conversion): Promise<Profile | undefined> {
  if (profile.name === "baseline") return undefined;
  // Loaded only here: most conversions add nothing.
  if (profile.name === "init") {
    const { openInitProfile } = await import("../profile/init/init.ts");
    return openInitProfile({ platform, workload: profile.workload, ip: profile.ip });
  }
  if (profile.name === "systemd") {
    const { openSystemdProfile } = await import("../profile/systemd/systemd.ts");
    const { workload, keepRunning } = profile;
    return openSystemdProfile({ platform, workload, keepRunning });
  }
  if (profile.name === "cloud-init") {
    const { workload, seedImage } = profile;
    const { openCloudInitProfile } = await import("../profile/cloud-init/cloud-init.ts");
    return openCloudInitProfile({ platform, workload, seedImage });
  }
  const { mode, guestAssets, environment } = profile;
  const { openGondolinProfile } = await import("../profile/gondolin/gondolin.ts");
  return await openGondolinProfile({
    mode,
    platform,
    environment,
    cwd: workingFolder(),
    home: homeFolder(environment),
    ...(guestAssets === undefined ? {} : { guestAssets }),
  });
}

interface InjectionContext {
  readonly image: ResolvedImage;
  /** Of what has no time of its own. */
  readonly time: Timestamp;
  readonly request: Conversion;
}

/** Has the profile, if there is one, add to the tree. */
export async function inject(
  profile: Profile | undefined,
  { root, contents }: Pick<StreamedImage, "root" | "contents">,
  { image, time, request }: InjectionContext,
): Promise<Injection | undefined> {
  if (profile === undefined) return undefined;
  const injection = await profile.inject({
    root,
    contents,
    runtime: image.config.config,
    platform: image.platform,
    time,
    warn: (message) => request.report({ type: "warning", message }),
  });
  contents.flush();
  return injection;
}
