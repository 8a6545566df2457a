import { Docker2vmError } from "../errors.ts";
import type { Environment, ProfileSettings } from "./options.ts";

/** What is put in beside the image's own files, every value checked. */
export interface ProfileRequest {
  readonly name: "baseline" | "gondolin";
  readonly mode: "rootfs" | "assets";
  readonly guestAssets: string | undefined;
  readonly environment: Environment;
}

/** Throws E_USAGE for what no image could make right. */
export function profileRequest(settings: ProfileSettings = {}): ProfileRequest {
  const { name = "baseline", mode = "rootfs", guestAssets, environment = {} } = settings;
  if (name === "baseline" && (mode !== "rootfs" || guestAssets !== undefined)) {
    const what = mode === "rootfs" ? "guest assets have" : "the mode assets has";
    throw new Docker2vmError("E_USAGE", `${what} no meaning with the profile baseline`, {
      hint: "choose the profile that they are for: --profile gondolin",
    });
  }
  return { name, mode, guestAssets, environment };
}
