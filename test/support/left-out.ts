import { describeLack, type Lack, remedyFor } from "./programs.ts";

interface Wanting {
  readonly lack: Lack;
  times: number;
}

/** What a run leaves out because the machine lacks something: gathered by the tests, told once they have all run. */
export class LeftOut {
  readonly #wantings = new Map<string, Wanting>();
  readonly #images = new Set<string>();
  #tests = 0;
  #judgements = 0;

  /** A test is skipped for these. */
  test(lacks: readonly Lack[]): void {
    this.#tests += 1;
    for (const lack of lacks) this.#count(lack);
  }

  /** A test runs, but this is not there to judge what it made. */
  judgement(lack: Lack): void {
    this.#judgements += 1;
    this.#count(lack);
  }

  /** An image is not there: the tests with it do not even begin. */
  image(what: string): void {
    this.#images.add(what);
  }

  /** All of that, and how to have it run; undefined where nothing was left out. */
  tell(): string | undefined {
    const lines = [...this.#images].map((what) => `left out: the tests with ${what}`);
    if (this.#wantings.size > 0) {
      const wantings = [...this.#wantings.values()].sort((a, b) => b.times - a.times);
      const judgements = this.#judgements === 0 ? "" : ` and ${this.#judgements} judgements in others`;
      lines.push(
        `left out: ${this.#tests} tests${judgements}, for this machine lacks`,
        ...wantings.map(({ lack, times }) => `  ${describeLack(lack)}: ${times}`),
        `to have them run: ${remedyFor(wantings.map(({ lack }) => lack)).join("; ")}`,
      );
    }
    return lines.length === 0 ? undefined : lines.join("\n");
  }

  #count(lack: Lack): void {
    const wanting = this.#wantings.get(lack.name) ?? { lack, times: 0 };
    wanting.times += 1;
    this.#wantings.set(lack.name, wanting);
  }
}

/** Of this run. */
export const leftOut = new LeftOut();
