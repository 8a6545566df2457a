import type { Category } from "./category.ts";

/** A colour on light ground and on dark: either bears the text of its ground with a contrast of 7 and more. */
export interface Colour {
  readonly light: string;
  readonly dark: string;
}

/** What became of a file or folder. */
export const CHANGES = ["added", "grown", "changed", "same", "shrunk", "removed"] as const;
export type Change = (typeof CHANGES)[number];

export const CHANGE_TITLES: Readonly<Record<Change, string>> = {
  added: "Added",
  grown: "Larger",
  changed: "Other contents, same size",
  same: "The same",
  shrunk: "Smaller",
  removed: "Removed",
};

/** The ground, the text on it, and lines. */
export const GROUND = {
  page: { light: "#ffffff", dark: "#14171b" },
  text: { light: "#1a1e23", dark: "#eceff2" },
  quiet: { light: "#565f69", dark: "#a5afba" },
  line: { light: "#d9dee4", dark: "#333a43" },
  raised: { light: "#f4f6f8", dark: "#1c2127" },
} as const satisfies Record<string, Colour>;

export const CATEGORY_COLOURS: Readonly<Record<Category, Colour>> = {
  programs: { light: "#b7d3f2", dark: "#22476f" },
  libraries: { light: "#b4e0d2", dark: "#1b5447" },
  scripts: { light: "#d5c9f0", dark: "#493a76" },
  documents: { light: "#eedfae", dark: "#5a4b18" },
  data: { light: "#f3c9c2", dark: "#6b332b" },
  media: { light: "#f1c8e2", dark: "#652d53" },
  others: { light: "#dce0e5", dark: "#3c434c" },
};

export const CHANGE_COLOURS: Readonly<Record<Change, Colour>> = {
  added: { light: "#f4b37a", dark: "#8a4a10" },
  grown: { light: "#f8d9b8", dark: "#5f3a17" },
  changed: { light: "#eee5b5", dark: "#544a16" },
  same: { light: "#e3e7eb", dark: "#2f353d" },
  shrunk: { light: "#c9def4", dark: "#1f3f63" },
  removed: { light: "#8fbbe8", dark: "#1d5490" },
};
