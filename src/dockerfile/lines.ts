import { stripVTControlCharacters } from "node:util";

const LONGEST = 400;
/** A line that does not end is cut here, so that it can be told. */
const LONGEST_PENDING = 1 << 16;

/** One stream of what a program writes, split into lines. */
export class LineSplitter {
  readonly #decoder = new TextDecoder();
  #pending = "";

  /** The lines that are now whole, as they came, each with its line feed; "" where there is none. */
  push(bytes: Uint8Array): string {
    const text = this.#pending + this.#decoder.decode(bytes, { stream: true });
    const end = text.length > LONGEST_PENDING ? text.length : text.lastIndexOf("\n") + 1;
    this.#pending = text.slice(end);
    return withLineFeed(text.slice(0, end));
  }

  /** What was left without a line feed, with one. */
  end(): string {
    const text = this.#pending + this.#decoder.decode();
    this.#pending = "";
    return withLineFeed(text);
  }
}

function withLineFeed(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}

/** The last lines that say something, fit for a message: no escape sequences, no control characters. */
export class LastLines {
  readonly #count: number;
  readonly #lines: string[] = [];

  constructor(count: number) {
    this.#count = count;
  }

  add(text: string): void {
    for (const line of text.split("\n")) {
      const shown = readable(line);
      if (shown !== "") this.#lines.push(shown);
    }
    this.#lines.splice(0, this.#lines.length - this.#count);
  }

  get lines(): readonly string[] {
    return [...this.#lines];
  }
}

/** Of a line that was written over itself, the last state. */
function readable(line: string): string {
  const states = stripVTControlCharacters(line)
    .split("\r")
    .filter((state) => state.trim() !== "");
  const shown = (states.at(-1) ?? "")
    .replaceAll("\t", " ")
    .replace(/\p{Cc}/gu, "\ufffd")
    .trimEnd();
  return shown.length > LONGEST ? `${shown.slice(0, LONGEST)}…` : shown;
}
