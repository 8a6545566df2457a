/** /etc/environment, for sessions that the image's own programs open: pam_env(8), and shells that read it in. */

/** What pam_env takes for a name. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const PLAIN = /^[\w%+,./:@=-]*$/;
/** Between single quotes all readers leave these alone; older ones take a # for a comment all the same. */
const QUOTABLE = /^[^'#\p{Cc}]*$/u;
/** Of older ones; what is beyond is another line to them. */
const LINE_BYTES = 1000;

export interface EnvironmentFile {
  readonly bytes: Uint8Array;
  /** Names of variables that the file cannot hold. */
  readonly leftOut: readonly string[];
}

/** @param env `NAME=VALUE` each */
export function environmentFile(env: readonly string[]): EnvironmentFile {
  const lines: string[] = [];
  const leftOut: string[] = [];
  for (const entry of env) {
    const end = entry.indexOf("=");
    const line = lineOf(entry.slice(0, end), entry.slice(end + 1));
    if (line === undefined) leftOut.push(entry.slice(0, end));
    else lines.push(line);
  }
  return { bytes: Buffer.from(lines.map((line) => `${line}\n`).join("")), leftOut };
}

function lineOf(name: string, value: string): string | undefined {
  if (!NAME.test(name) || !QUOTABLE.test(value)) return undefined;
  const line = PLAIN.test(value) ? `${name}=${value}` : `${name}='${value}'`;
  return Buffer.byteLength(line) > LINE_BYTES ? undefined : line;
}
