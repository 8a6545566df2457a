/** What files are, by their names: for colours. */
export const CATEGORIES = [
  "programs",
  "libraries",
  "scripts",
  "documents",
  "data",
  "media",
  "others",
] as const;
export type Category = (typeof CATEGORIES)[number];

/** What a category is called. */
export const CATEGORY_TITLES: Readonly<Record<Category, string>> = {
  programs: "Programs",
  libraries: "Libraries and modules",
  scripts: "Sources and scripts",
  documents: "Documents and translations",
  data: "Archives and data",
  media: "Pictures, fonts, sound",
  others: "Others",
};

const ENDINGS: Partial<Record<Category, string>> = {
  libraries: "so a o ko dll dylib node rlib jar wasm",
  scripts:
    "py pyc pyi pyx js mjs cjs ts tsx jsx map rb pl pm php lua tcl sh bash el elc c cc cpp h hh hpp go rs java class cs swift scm awk css scss",
  documents: "md txt rst htm html xhtml pdf ps tex info mo po pot doc docx odt csv changelog",
  data: "gz xz bz2 zst lz4 zip tgz tar whl apk deb rpm db sqlite sqlite3 dat bin json jsonl yaml yml xml toml pem crt npz npy parquet onnx safetensors pt gguf mdb hwdb pak cache idx pack",
  media:
    "png jpg jpeg gif svg svgz ico webp bmp ttf otf woff woff2 pfa pfb pcf mp3 mp4 ogg wav flac webm icc",
};

const BY_ENDING: ReadonlyMap<string, Category> = new Map(
  Object.entries(ENDINGS).flatMap(([category, endings]) =>
    endings.split(" ").map((ending) => [ending, category as Category] as const),
  ),
);
/** Around what a file is. */
const PACKED: ReadonlySet<string> = new Set(["gz", "xz", "bz2", "zst"]);
const MANUAL = /^[1-9][a-z]{0,4}$/;
const PROSE = /^(?:copyright|license|licence|copying|readme|changelog|news|authors)\b/i;

/** Of a file's name and whether somebody may execute it. */
export function categoryOf(name: string, isExecutable: boolean): Category {
  const category = name.includes(".so.") ? "libraries" : byEnding(name);
  // Programs have versions in their names, which look like a manual's section.
  if (category !== undefined && !(isExecutable && category === "documents")) return category;
  if (isExecutable) return "programs";
  return PROSE.test(name) ? "documents" : "others";
}

function byEnding(name: string): Category | undefined {
  const dot = name.lastIndexOf(".");
  if (dot <= 0) return undefined;
  const ending = name.slice(dot + 1);
  const category = BY_ENDING.get(ending) ?? (MANUAL.test(ending) ? "documents" : undefined);
  return PACKED.has(ending) ? (byEnding(name.slice(0, dot)) ?? category) : category;
}
