/** Warning headers: OCI distribution spec, "Warnings"; RFC 7234 section 5.5. */

/** The text of `299 - "text"`; undefined for other codes and agents, and for text that would drive a terminal. */
export function parseWarning(value: string): string | undefined {
  const [, quoted] = /^299 - "((?:[^"\\]|\\.)*)"$/.exec(value.trim()) ?? [];
  const text = quoted?.replace(/\\(.)/g, "$1");
  return text === undefined || [...text].some(isControl) ? undefined : text;
}

function isControl(character: string): boolean {
  const code = character.charCodeAt(0);
  return code < 0x20 || (code >= 0x7f && code <= 0x9f);
}
