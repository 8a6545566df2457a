/** Header fields of a response, names in lower case. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Every value of a field, in order. */
export function headerValues(headers: Headers, name: string): readonly string[] {
  const value = headers[name];
  if (value === undefined) return [];
  return typeof value === "string" ? [value] : value;
}

/** The first value of a field. */
export function header(headers: Headers, name: string): string | undefined {
  return headerValues(headers, name)[0];
}

/** The Content-Length, undefined if there is none that is a number. */
export function contentLength(headers: Headers): number | undefined {
  const text = header(headers, "content-length");
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** The media type of a body, without its parameters. */
export function contentType(headers: Headers): string | undefined {
  return header(headers, "content-type")?.split(";")[0]?.trim().toLowerCase();
}
