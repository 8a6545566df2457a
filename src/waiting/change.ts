/** What some wait for and others tell: that something is not as it was. */
export class Change {
  #tell: () => void = () => undefined;
  #told: Promise<void> = Promise.resolve();

  constructor() {
    this.tell();
  }

  /** Wakes all who wait. */
  tell(): void {
    this.#tell();
    this.#told = new Promise((resolve) => {
      this.#tell = resolve;
    });
  }

  /** Resolves when it is told next. Throws the signal's reason as soon as that is aborted. */
  async next(signal?: AbortSignal): Promise<void> {
    if (signal === undefined) return this.#told;
    let stop = (): void => undefined;
    const aborted = new Promise<void>((resolve) => {
      stop = resolve;
      signal.addEventListener("abort", stop);
    });
    try {
      await Promise.race([this.#told, aborted]);
    } finally {
      signal.removeEventListener("abort", stop);
    }
    signal.throwIfAborted();
  }

  /** False if it is not told within so many milliseconds. */
  async within(milliseconds: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const waited = new Promise<boolean>((resolve) => {
      timer = setTimeout(resolve, milliseconds, false);
    });
    const told = this.#told.then(() => true);
    try {
      return await Promise.race([told, waited]);
    } finally {
      clearTimeout(timer);
    }
  }
}
