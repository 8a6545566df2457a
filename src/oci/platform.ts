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

/** What a document says of a platform, normalised alike; what it leaves out, or leaves empty, is undefined. */
export interface StatedPlatform {
  readonly os?: string | undefined;
  readonly architecture?: string | undefined;
  readonly variant?: string | undefined;
}

/** A platform as it is asked for. */
export interface WantedPlatform extends Platform {
  /** The user has named it; else it is only that of the machine. */
  readonly named?: boolean | undefined;
  /** The only image there is will do, whatever its platform. A named one is what it is then taken for. */
  readonly any?: boolean | undefined;
}

/** Variants from the greatest to the least; a CPU of one runs those after it. The base has no variant. */
const VARIANTS: Readonly<Record<string, readonly (string | undefined)[]>> = {
  amd64: ["v4", "v3", "v2", undefined],
  arm: ["v8", "v7", "v6", "v5"],
};

/** Why there may be nothing that a platform could be chosen of. */
export const ONLY_LINUX = "only linux images can be converted";

const NAME = /^[A-Za-z0-9_.-]+\/[A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+)?$/;

/** Whether an image for the platform can be converted, whatever its architecture. */
export function isConvertible({ os }: Pick<Platform, "os">): boolean {
  return os === "linux";
}

/** Whether a user can name the platform so that it is taken: what documents say may be anything. */
export function isNameable(platform: Platform): boolean {
  return isConvertible(platform) && NAME.test(formatPlatform(platform)) && !hasWrongVariant(platform);
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

/** What GOARCH can be where Linux is. */
const ARCHITECTURES: readonly string[] = [
  ...["386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle"],
  ...["ppc64", "ppc64le", "riscv64", "s390x"],
];

/** Architectures as Docker Hub's repositories, `uname -m`, Debian and Node have them, where documents do not. */
const SPOKEN: Readonly<Record<string, string>> = {
  x64: "amd64",
  x86: "386",
  i686: "386",
  arm32v5: "arm/v5",
  arm32v6: "arm/v6",
  arm32v7: "arm/v7",
  arm64v8: "arm64",
  armv6l: "arm/v6",
  armv7: "arm/v7",
  armv7l: "arm/v7",
  ppc64el: "ppc64le",
};

/** What the variants of an architecture are called; others may have any. */
const VARIANT_NAMES: Readonly<Record<string, { readonly form: RegExp; readonly hint: string }>> = {
  amd64: { form: /^v[1-4]$/, hint: "amd64 has the variants v1 to v4" },
  arm: { form: /^v[5-8]$/, hint: "arm has the variants v5 to v8" },
  arm64: {
    form: /^v[89](\.\d+)?$/,
    hint: "arm64 has the variants v8 and v9; that of 32 bits is linux/arm, as linux/arm/v7",
  },
};

const FORMS = "name a platform as linux/amd64 or linux/arm/v7";

/**
 * The platform a user names: `linux/ARCHITECTURE[/VARIANT]`, or without linux.
 * Throws E_USAGE for another form, for variants that there are not, and for another os: only Linux boots from an ext4
 * root filesystem.
 */
export function parsePlatform(text: string): Platform {
  const [os, architecture, variant] = wordsOf(text);
  const platform = normalisePlatform({ os, architecture, variant });
  if (!isConvertible(platform)) {
    throw new Docker2vmError("E_USAGE", `platform ${quote(text)}: ${ONLY_LINUX}`, { hint: FORMS });
  }
  if (hasWrongVariant(platform)) {
    throw new Docker2vmError("E_USAGE", `${quote(text)} is no platform: there is no such variant`, {
      hint: VARIANT_NAMES[platform.architecture]?.hint,
    });
  }
  return platform;
}

function hasWrongVariant({ architecture, variant }: Platform): boolean {
  return variant !== undefined && VARIANT_NAMES[architecture]?.form.test(variant) === false;
}

/** With linux before an architecture that stands alone, and that by the name that documents have for it. */
function wordsOf(text: string): readonly [os: string, architecture: string, variant?: string | undefined] {
  const words = text
    .split("/")
    .map((word) => new Map(Object.entries(SPOKEN)).get(word.toLowerCase()) ?? word);
  const whole = isArchitecture(words[0]) ? ["linux", ...words].join("/") : words.join("/");
  if (!NAME.test(whole)) {
    throw new Docker2vmError("E_USAGE", `${quote(text)} is not a platform`, { hint: FORMS });
  }
  const [os = "", architecture = "", variant] = whole.split("/");
  return [os, architecture, variant];
}

function isArchitecture(word = ""): boolean {
  const { architecture } = normalisePlatform({ os: "linux", architecture: word.replace(/\/.*/, "") });
  return ARCHITECTURES.includes(architecture);
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
export function readPlatform(value: JsonValue): StatedPlatform {
  const [os, architecture, variant] = ["os", "architecture", "variant"].map(
    (name) => value.field(name).optionalString() || undefined,
  );
  if (os !== undefined && architecture !== undefined) return normalisePlatform({ os, architecture, variant });
  // Whatever stands for the other half is only there to be taken off again.
  const { os: normalOs, ...rest } = normalisePlatform({
    os: os ?? "",
    architecture: architecture ?? "",
    variant,
  });
  return { ...(os === undefined ? {} : { os: normalOs }), ...(architecture === undefined ? {} : rest) };
}

function normalisePlatform(platform: Platform): Platform {
  const os = platform.os.toLowerCase();
  const [architecture, variant] = normaliseArchitecture(
    platform.architecture.toLowerCase(),
    (platform.variant ?? "").toLowerCase(),
  );
  return variant === "" ? { os, architecture } : { os, architecture, variant };
}

export function formatPlatform(platform: StatedPlatform): string {
  const { os = "(no os)", architecture = "(no architecture)", variant } = platform;
  return variant === undefined ? `${os}/${architecture}` : `${os}/${architecture}/${variant}`;
}

/** Whether os and architecture are both stated. */
export function isWhole(platform: StatedPlatform): platform is Platform {
  return platform.os !== undefined && platform.architecture !== undefined;
}

/** What one document says and, where that is silent, another. A variant goes with its architecture. */
export function fillIn(stated: StatedPlatform, from: StatedPlatform): StatedPlatform {
  const { architecture, variant } = stated.architecture === undefined ? from : stated;
  return { os: stated.os ?? from.os, architecture, ...(variant === undefined ? {} : { variant }) };
}

/** Whether nothing that both state differs, whatever the variants. */
export function agree(a: StatedPlatform, b: StatedPlatform): boolean {
  return same(a.os, b.os) && same(a.architecture, b.architecture);
}

function same(a: string | undefined, b: string | undefined): boolean {
  return a === undefined || b === undefined || a === b;
}

/** Whether os and architecture are the same, whatever the variants. */
export function sameArchitecture(a: Platform, b: Platform): boolean {
  return a.os === b.os && a.architecture === b.architecture;
}

/** Behind every variant. */
const UNSTATED = 1000;

/**
 * How well an offered platform serves the one asked for: 0 is exact, more is a lesser variant, undefined is not
 * at all. What is not stated may be anything, and comes last. Another architecture never serves, not even one the CPU could run.
 */
export function matchRank(asked: Platform, offered: StatedPlatform): number | undefined {
  if (!isWhole(offered)) return agree(asked, offered) ? UNSTATED : undefined;
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
