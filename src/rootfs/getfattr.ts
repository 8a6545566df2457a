/** What getfattr(1) says: of each file a heading and a line for each attribute, files apart by an empty line. */

type Attributes = readonly (readonly [name: string, value: string])[];

/** By the path as it was walked, "." the folder itself; all bytes, one character each. `text`: of getfattr -e base64. */
export function parseGetfattr(text: string): ReadonlyMap<string, Attributes> {
  const found = new Map<string, Attributes>();
  for (const block of text.split("\n\n")) {
    const [head = "", ...lines] = block.split("\n").filter((line) => line !== "");
    if (lines.length === 0) continue;
    found.set(unescaped(head.replace(/^# file: /, "")), lines.map(attributeOf));
  }
  return found;
}

/** `name=0sBASE64`, without "=" where the value is empty. */
function attributeOf(line: string): readonly [string, string] {
  const end = line.indexOf("=");
  if (end < 0) return [unescaped(line), ""];
  const value = line.slice(end + 1).replace(/^0s/, "");
  return [unescaped(line.slice(0, end)), Buffer.from(value, "base64").toString("latin1")];
}

function unescaped(name: string): string {
  return name.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));
}
