/** A URL as it may be shown: without user, password, query and fragment, where signatures and tokens are. */
export function showUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}
