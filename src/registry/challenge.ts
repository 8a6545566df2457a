/** WWW-Authenticate: RFC 9110 sections 11.3 and 11.6.1, and the parameters of distribution's token specification. */

export type Challenge =
  | {
      readonly scheme: "bearer";
      readonly realm: string;
      readonly service: string | undefined;
      readonly scope: string | undefined;
    }
  | { readonly scheme: "basic" };

const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const PARAMETER = /\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))\s*/y;
/** What a scheme without parameters may carry instead (Negotiate does). */
const TOKEN68 = /\s+[A-Za-z0-9._~+/-]+=*\s*(?=,|$)/y;

/**
 * The challenge to answer among those of all the header's values: Bearer rather than Basic, whatever their order.
 * Undefined if there is none this program can answer.
 */
export function chooseChallenge(values: readonly string[]): Challenge | undefined {
  const found = values.flatMap(parseChallenges);
  return found.find(({ scheme }) => scheme === "bearer") ?? found[0];
}

function parseChallenges(value: string): Challenge[] {
  const challenges: Challenge[] = [];
  const reader = new Reader(value);
  while (reader.skip(/[\s,]*/y)) {
    const scheme = reader.take(TOKEN)?.[0]?.toLowerCase();
    if (scheme === undefined) break;
    const parameters = readParameters(reader);
    const realm = parameters.get("realm");
    if (scheme === "basic") challenges.push({ scheme });
    else if (scheme === "bearer" && realm !== undefined) {
      challenges.push({ scheme, realm, service: parameters.get("service"), scope: parameters.get("scope") });
    }
  }
  return challenges;
}

/** Up to the next scheme, which is a word that no equals sign follows. */
function readParameters(reader: Reader): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  if (reader.take(TOKEN68) !== undefined) return parameters;
  do {
    const [, name, quoted, bare] = reader.take(PARAMETER) ?? [];
    if (name === undefined) break;
    parameters.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, "$1") ?? bare ?? "");
  } while (reader.take(/,(?=\s*[!#$%&'*+.^_`|~0-9A-Za-z-]+\s*=)/y) !== undefined);
  return parameters;
}

class Reader {
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** What a sticky pattern matches here, passed over. */
  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#position;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#position = pattern.lastIndex;
    return match;
  }

  /** Passes over a pattern; false at the end of the text. */
  skip(pattern: RegExp): boolean {
    this.take(pattern);
    return this.#position < this.#text.length;
  }
}
