/** Manual pages in the macros of man(7), as groff and mandoc read them. */

/** Bytes of a line. */
const LINE = 80;

/** Text in which nothing is a request or an escape. */
export function escaped(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll(/[^\x20-\x7e\n]/gu, (character) => `\\[u${hex(character)}]`)
    .replaceAll(/^(?=[.'])/gm, "\\&");
}

/** The same in lines that end between words: longer ones are bad style. */
export function filled(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last === undefined || escaped(`${last} ${word}`).length > LINE) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return escaped(lines.join("\n"));
}

function hex(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
}

export function bold(text: string): string {
  return `\\fB${escaped(text)}\\fR`;
}

export function italic(text: string): string {
  return `\\fI${escaped(text)}\\fR`;
}

export function heading(
  title: string,
  { name, version, date }: { name: string; version: string; date: string },
): string {
  return `.TH ${title.toUpperCase()} 1 "${date}" "${escaped(`${name} ${version}`)}" "User commands"\n`;
}

export function section(title: string, body: string): string {
  return body === "" ? "" : `.SH ${title}\n${body}`;
}

export function subsection(title: string, body: string): string {
  return `.SS "${escaped(title)}"\n${body}`;
}

/** A paragraph; the first of a section needs no more than its text. */
export function paragraphs(texts: readonly string[]): string {
  return texts.map((text) => `${filled(text)}\n`).join(".PP\n");
}

/** Terms, which are roff already, with what they mean, which is text. */
export function definitions(rows: readonly (readonly [term: string, text: string])[]): string {
  return rows.map(([term, text]) => `.TP\n${term}\n${filled(text)}\n`).join("");
}

/** Lines as they are typed. */
export function verbatim(text: string): string {
  return `.RS 4\n.nf\n${escaped(text)}\n.fi\n.RE\n`;
}
