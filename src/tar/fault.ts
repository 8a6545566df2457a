/** What is wrong with an archive, before it is known which archive, entry and byte it is about. */
export class TarFault extends Error {
  override readonly name = "TarFault";
}

const SHOWN = 200;

/** A path for a message: as text where it is text, control characters escaped, long ones cut. */
export function quotePath(path: string): string {
  const text = Buffer.from(path, "latin1").toString("utf8");
  return JSON.stringify(text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}…`);
}
