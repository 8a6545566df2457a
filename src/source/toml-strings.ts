/**
 * Settings that are texts, in a TOML file, by `section.key`; of a list, its texts. Nothing else of TOML is understood, and
 * what else there is, is passed over: containerd's and Podman's settings are theirs to check.
 */
export function readTomlStrings(text: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  let section = "";
  let open: { key: string; values: string[] } | undefined;
  for (const raw of text.split("\n")) {
    const line = withoutComment(raw).trim();
    const next = sectionOf(line);
    const [, key = "", value = ""] = /^([\w."-]+)\s*=\s*(.*)$/.exec(line) ?? [];
    if (open !== undefined) open.values.push(...stringsIn(line));
    else if (next !== undefined) section = next;
    else if (key !== "") {
      const values = stringsIn(value);
      found.set(`${section}${key}`, values);
      if (value.startsWith("[") && !value.endsWith("]")) open = { key, values };
    }
    if (open !== undefined && line.endsWith("]")) open = undefined;
  }
  return found;
}

/** What comes before the keys that follow; those in a list of tables are no setting's own. Undefined for other lines. */
function sectionOf(line: string): string | undefined {
  const [, begin, name = ""] = /^(\[\[?)([^[\]]+)\]\]?$/.exec(line) ?? [];
  if (begin === undefined) return undefined;
  return `${name.trim()}${begin === "[" ? "" : "[]"}.`;
}

const STRING = /"((?:[^"\\]|\\.)*)"|'([^']*)'/g;

function stringsIn(text: string): string[] {
  return [...text.matchAll(STRING)].map(([, basic, literal = ""]) =>
    basic === undefined ? literal : basic.replace(/\\(["\\])/g, "$1"),
  );
}

/** A # within quotes begins none. */
function withoutComment(line: string): string {
  return /^(?:[^"'#]|"(?:[^"\\]|\\.)*"|'[^']*')*/.exec(line)?.[0] ?? line;
}
