/** What a machine says, looked through for the words of its end. */

/** As ovms-init says it (`guest/program/ending.c`), on a line of its own. */
const STATUS = /^ovms-exit: (\d{1,3})$/;
const PANIC = /Kernel panic - not syncing: (.*)$/;
/** No line that is looked for is longer. */
const LONGEST = 512;
const NEWLINE = 0x0a;

export class ConsoleReader {
  /** The last status that was told: a workload may say the same words before. */
  status: number | undefined;
  /** Why the kernel gave up, if it did. */
  panic: string | undefined;
  #line = "";

  push(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length; ) {
      const end = bytes.indexOf(NEWLINE, from);
      const part = bytes.subarray(from, end === -1 ? undefined : end);
      if (this.#line.length < LONGEST)
        this.#line += Buffer.from(part.subarray(0, LONGEST)).toString("latin1");
      if (end === -1) return;
      this.#read(this.#line.replace(/\r+$/, ""));
      this.#line = "";
      from = end + 1;
    }
  }

  #read(line: string): void {
    const status = STATUS.exec(line)?.[1];
    if (status !== undefined && Number(status) <= 255) this.status = Number(status);
    this.panic ??= PANIC.exec(line)?.[1];
  }
}
