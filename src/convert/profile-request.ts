import { Docker2vmError } from "../errors.ts";
import type { FilesystemName } from "../filesystem/kind/kind.ts";
import { given } from "../given.ts";
import { networkWord } from "../profile/init/network.ts";
import { checkOverrides, type WorkloadOverrides } from "../profile/init/overrides.ts";
import type { ProfileName } from "../profile/profile.ts";
import type { Environment, ProfileSettings } from "./options.ts";

/** What is put in beside the image's own files, every value checked. */
export interface ProfileRequest {
  readonly name: ProfileName;
  readonly mode: "rootfs" | "assets";
  readonly guestAssets: string | undefined;
  readonly environment: Environment;
  readonly workload: WorkloadOverrides;
  readonly seedImage: boolean;
  readonly keepRunning: boolean;
  /** As the kernel's `ip=`. */
  readonly ip: string | undefined;
}

const PROFILES: readonly string[] = ["baseline", "gondolin", "init", "ovms", "systemd", "cloud-init"];
const RUN_A_WORKLOAD: readonly ProfileName[] = ["init", "systemd", "cloud-init"];

/** Types keep others out, but not of JavaScript. */
function checkChoice(what: string, choice: string, choices: readonly string[]): void {
  if (choices.includes(choice)) return;
  throw new Docker2vmError("E_USAGE", `${JSON.stringify(choice)} is no ${what}`, {
    hint: `choose one of ${choices.join(", ")}`,
  });
}

/** Throws E_USAGE for what is none of the choices. */
export function checkChoices(what: string, chosen: readonly string[], choices: readonly string[]): void {
  for (const each of chosen) checkChoice(what, each, choices);
}

/** Throws E_USAGE for what no image could make right. */
export function profileRequest(settings: ProfileSettings = {}): ProfileRequest {
  given(settings, {}, { guestAssets: "text", environment: "object", workload: "object", ip: "text" });
  const { name: asked = "baseline", mode = "rootfs", guestAssets, environment = {}, workload } = settings;
  const { seedImage = false, keepRunning = false, ip } = settings;
  checkChoice("profile", asked, PROFILES);
  checkChoice("mode", mode, ["rootfs", "assets"]);
  const name = asked === "ovms" ? "init" : asked;
  if (name !== "gondolin" && (mode !== "rootfs" || guestAssets !== undefined)) {
    throw misplaced(mode === "rootfs" ? "guest assets have" : "the mode assets has", name, "gondolin");
  }
  if (!RUN_A_WORKLOAD.includes(name) && workload !== undefined) {
    throw misplaced(
      "what is to be run, and how (an entrypoint, a command, variables, …), has",
      name,
      RUN_A_WORKLOAD.join(" or "),
    );
  }
  if (name !== "cloud-init" && seedImage) throw misplaced("a seed image has", name, "cloud-init");
  if (name !== "systemd" && keepRunning) {
    throw misplaced("a machine that goes on without its workload has", name, "systemd");
  }
  if (name !== "init" && ip !== undefined) throw misplaced("the machine's address has", name, "init");
  const overrides = checkOverrides(workload ?? {}, environment);
  return {
    name,
    mode,
    guestAssets,
    environment,
    workload: overrides,
    seedImage,
    keepRunning,
    ip: ip === undefined ? undefined : networkWord(ip),
  };
}

function misplaced(what: string, profile: string, rightOne: string): Docker2vmError {
  return new Docker2vmError("E_USAGE", `${what} no meaning with the profile ${profile}`, {
    hint: `leave it out, or convert with --profile ${rightOne}`,
  });
}

/** Throws E_USAGE for what makes files beside the image, where there is no folder for them. */
export function checkImageAlone(
  { mode, seedImage }: ProfileRequest,
  writableDisk?: object | undefined,
): void {
  if (mode === "assets") throw needsFolder("the mode assets makes files", "choose the mode rootfs");
  if (seedImage) throw needsFolder("a seed image is a file", "have the seed put into the image");
  if (writableDisk !== undefined)
    throw needsFolder("a writable disk is a file", "leave the writable disk out");
}

function needsFolder(what: string, otherwise: string): Docker2vmError {
  return new Docker2vmError("E_USAGE", `${what} beside the image, and needs a folder`, {
    hint: `convert into a folder, or ${otherwise}`,
  });
}

/** What its initramfs mounts as ext4. */
const GONDOLIN_ROOTS: readonly FilesystemName[] = ["ext4", "ext3", "ext2"];

/** Throws E_USAGE for a kind of filesystem that the profile's guest does not boot from. */
export function checkRoot({ name: profile }: ProfileRequest, fs: FilesystemName): void {
  if (profile !== "gondolin" || GONDOLIN_ROOTS.includes(fs)) return;
  throw new Docker2vmError("E_USAGE", `a Gondolin guest does not boot from ${fs}`, {
    hint: `its initramfs mounts the root filesystem as ext4: choose --fs ${GONDOLIN_ROOTS.join(" or ")}`,
  });
}
