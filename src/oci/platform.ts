/**
 * Platforms as image indexes and configs name them (OCI image spec image-index.md, "platform"), normalised and
 * matched by the rules of containerd's platforms package.
 */
import { endianness } from "node:os";
import { Docker2vmError } from "../errors.ts";
import type { JsonValue } from "./json.ts";
import { quote } from "./quote.ts";

/** Normalised: lower case, one name for each architecture, no variant where it is the architecture's base. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
}

/** Variants from the greatest to the least; a CPU of one runs those after it. The base has no variant. */
const VARIANTS: Readonly<Record<string, readonly (string | undefined)[]>> = {
  amd64: ["v4", "v3", "v2", undefined],
  arm: ["v8", "v7", "v6", "v5"],
};

/** Why there may be nothing that a platform could be chosen of. */
export const ONLY_LINUX = "only linux images can be converted";

/** Whether an image for the platform can be converted, whatever its architecture. */
export function isConvertible({ os }: Pick<Platform, "os">): boolean {
  return os === "linux";
}

const NODE_ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: "amd64",
  ia32: "386",
  arm64: "arm64",
  arm: "arm",
  ppc64: endianness() === "LE" ? "ppc64le" : "ppc64",
  s390x: "s390x",
  riscv64: "riscv64",
  loong64: "loong64",
};

/**
 * The platform a user names: `linux/ARCHITECTURE[/VARIANT]`.
 * Throws E_USAGE for another form, and for another os: only Linux boots from an ext4 root filesystem.
 */
export function parsePlatform(text: string): Platform {
  const hint = "name a platform as linux/amd64 or linux/arm/v7";
  if (!/^[A-Za-z0-9_.-]+\/[A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+)?$/.test(text)) {
    throw new Docker2vmError("E_USAGE", `${quote(text)} is not a platform`, { hint });
  }
  const [os = "", architecture = "", variant] = text.split("/");
  const platform = normalisePlatform({ os, architecture, variant });
  if (!isConvertible(platform)) {
    throw new Docker2vmError("E_USAGE", `platform ${quote(text)}: ${ONLY_LINUX}`, { hint });
  }
  return platform;
}

/** Linux on the machine's own architecture, given as Node names it (`process.arch`). Throws E_USAGE if unknown. */
export function hostPlatform(arch: string): Platform {
  const architecture = NODE_ARCHITECTURES[arch];
  if (architecture === undefined) {
    throw new Docker2vmError(
      "E_USAGE",
      `no platform is known for this machine's architecture, ${quote(arch)}`,
      {
        hint: "name one: --platform linux/amd64",
      },
    );
  }
  return normalisePlatform({ os: "linux", architecture });
}

/** The `platform` of a descriptor, or the platform fields of a config. */
export function readPlatform(value: JsonValue): Platform {
  return normalisePlatform({
    os: value.field("os").string(),
    architecture: value.field("architecture").string(),
    variant: value.field("variant").optionalString(),
  });
}

function normalisePlatform(platform: Platform): Platform {
  const os = platform.os.toLowerCase();
  const [architecture, variant] = normaliseArchitecture(
    platform.architecture.toLowerCase(),
    (platform.variant ?? "").toLowerCase(),
  );
  return variant === "" ? { os, architecture } : { os, architecture, variant };
}

export function formatPlatform(platform: Platform): string {
  const { os, architecture, variant } = platform;
  return variant === undefined ? `${os}/${architecture}` : `${os}/${architecture}/${variant}`;
}

/** Whether os and architecture are the same, whatever the variants. */
export function sameArchitecture(a: Platform, b: Platform): boolean {
  return a.os === b.os && a.architecture === b.architecture;
}

/**
 * How well an offered platform serves the one asked for: 0 is exact, more is a lesser variant, undefined is not
 * at all. Another architecture never serves, not even one the CPU could run.
 */
export function matchRank(asked: Platform, offered: Platform): number | undefined {
  if (!sameArchitecture(asked, offered)) return undefined;
  const rank = servingVariants(asked).indexOf(offered.variant);
  return rank === -1 ? undefined : rank;
}

function servingVariants({ architecture, variant }: Platform): readonly (string | undefined)[] {
  const ladder = VARIANTS[architecture];
  const start = ladder?.indexOf(variant) ?? -1;
  if (ladder !== undefined && start !== -1) return ladder.slice(start);
  // Every later arm64 (v8.1, v9) runs what was built for v8, the base.
  return architecture === "arm64" ? [variant, undefined] : [variant];
}

function normaliseArchitecture(architecture: string, variant: string): [string, string] {
  switch (architecture) {
    case "i386":
      return ["386", ""];
    case "x86_64":
    case "x86-64":
    case "amd64":
      return ["amd64", variant === "v1" ? "" : variant];
    case "aarch64":
    case "arm64":
      return ["arm64", /^v?8(?:\.0)?$/.test(variant) ? "" : variant];
    case "armhf":
      return ["arm", "v7"];
    case "armel":
      return ["arm", "v6"];
    case "arm":
      return ["arm", variant === "" ? "v7" : variant.replace(/^(?=[5-8]$)/, "v")];
    default:
      return [architecture, variant];
  }
}
