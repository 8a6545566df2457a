/** What platform an image is taken to be for: by its config, by the index that lists it, by what is asked for. */
import { Docker2vmError } from "../errors.ts";
import {
  agree,
  fillIn,
  formatPlatform,
  isConvertible,
  isNameable,
  ONLY_LINUX,
  type Platform,
  type StatedPlatform,
  sameArchitecture,
  type WantedPlatform,
} from "./platform.ts";

export interface SettledPlatform {
  readonly platform: Platform;
  /** Where it is not what the documents say. */
  readonly warnings: readonly string[];
}

/** What is said of an image that has been chosen. */
export interface Statements {
  readonly config: StatedPlatform;
  /** Of the index that lists it, if one does. */
  readonly listed: StatedPlatform | undefined;
}

/**
 * The config decides; where it is silent, the index does, and where both are, what is asked for. Only where the user has
 * named a platform and the index lists the image for it, the index is believed against the config, as by Docker. The
 * config's variant is not held against it: many configs of arm images lack it or name another one. Where any platform
 * will do, it is nothing but what the user has named, or else what the documents say.
 *
 * Throws E_PLATFORM_NOT_FOUND unless the image is for the platform; `where` names it in messages.
 */
export function settlePlatform(
  { config, listed = {} }: Statements,
  wanted: WantedPlatform,
  where: string,
): SettledPlatform {
  const stated = fillIn(config, listed);
  const own = complete(stated, wanted);
  const asListed = complete(fillIn(listed, config), wanted);
  const platform = choose(own, asListed, wanted, where);
  const warnings = silences(stated, platform, where);
  if (!agree(config, listed) || !sameArchitecture(own, platform)) {
    const index = agree(config, listed) ? "" : `, the index ${formatPlatform(listed)}`;
    const taken = `it is taken as ${formatPlatform(platform)}`;
    warnings.push(`${where}: its config says ${formatPlatform(config)}${index}: ${taken}`);
  }
  return { platform, warnings };
}

function choose(own: Platform, asListed: Platform, wanted: WantedPlatform, where: string): Platform {
  const { any = false, named = false, ...platform } = wanted;
  if (any) return named ? platform : own;
  if (sameArchitecture(own, platform)) return own;
  if (!sameArchitecture(asListed, platform)) throw isForAnother(own, platform, where);
  if (!named) throw isListedForThis(own, platform, where);
  return asListed;
}

/** What no document says: an image made from nothing may have no os, and is Linux's then. */
function complete(stated: StatedPlatform, wanted: Platform): Platform {
  const { os = "linux", architecture, variant } = fillIn(stated, { ...wanted, os: undefined });
  return {
    os,
    architecture: architecture ?? wanted.architecture,
    ...(variant === undefined ? {} : { variant }),
  };
}

function silences({ os, architecture }: StatedPlatform, platform: Platform, where: string): string[] {
  const missing = [
    ...(os === undefined ? ["operating system"] : []),
    ...(architecture === undefined ? ["architecture"] : []),
  ];
  if (missing.length === 0) return [];
  return [`${where}: names no ${missing.join(" and no ")}: it is taken as ${formatPlatform(platform)}`];
}

function isListedForThis(own: Platform, wanted: Platform, where: string): Docker2vmError {
  const platform = formatPlatform(wanted);
  return new Docker2vmError(
    "E_PLATFORM_NOT_FOUND",
    `${where}: is listed for ${platform}, but its config says ${formatPlatform(own)}`,
    { hint: `--platform ${platform} takes it all the same` },
  );
}

function isForAnother(own: Platform, wanted: Platform, where: string): Docker2vmError {
  const offered = formatPlatform(own);
  const asked = formatPlatform(wanted);
  return new Docker2vmError(
    "E_PLATFORM_NOT_FOUND",
    `${where}: the image is for ${offered}, not for ${asked}`,
    {
      hint: isNameable(own)
        ? `convert it with --platform ${offered}, or fetch it for ${asked}`
        : takeAnyway(isConvertible(own)),
    },
  );
}

/** What to do about an image that no platform can be named for. */
export function takeAnyway(isLinux: boolean): string {
  return isLinux
    ? "--any-platform takes it, whatever its platform is called"
    : `${ONLY_LINUX}; if its files are linux's all the same, --any-platform takes it`;
}
