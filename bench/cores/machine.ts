/** Cores and threads in a time of their own: what runs when, where each piece of work is known beforehand. */

interface Work {
  readonly seconds: number;
  readonly done: () => void;
}

/** Does one piece of work after the other, whenever a core is free. */
export interface Thread {
  readonly waiting: Work[];
  isBusy: boolean;
}

interface Event {
  readonly at: number;
  readonly happen: () => void;
}

/** Cores that whoever has waited longest gets next. Pieces of work are not interrupted, so they should be short. */
export class Machine {
  /** Seconds. */
  now = 0;
  /** Seconds of all cores that something was done. */
  spent = 0;
  #free: number;
  readonly #runnable: Thread[] = [];
  readonly #events = new EventQueue();

  constructor(cores: number) {
    this.#free = cores;
  }

  thread(): Thread {
    return { waiting: [], isBusy: false };
  }

  /** Has a thread do something when it has done what it was given before. */
  run(thread: Thread, seconds: number, done: () => void = () => undefined): void {
    thread.waiting.push({ seconds, done });
    this.#wake(thread);
  }

  /** What takes no core: the disk's. */
  later(seconds: number, happen: () => void): void {
    this.#events.add({ at: this.now + seconds, happen });
  }

  /** Until nothing is left to do. */
  finish(): void {
    for (let event = this.#events.next(); event !== undefined; event = this.#events.next()) {
      this.now = event.at;
      event.happen();
    }
  }

  #wake(thread: Thread): void {
    if (thread.isBusy || thread.waiting.length === 0) return;
    thread.isBusy = true;
    this.#runnable.push(thread);
    this.#dispatch();
  }

  #dispatch(): void {
    while (this.#free > 0) {
      const thread = this.#runnable.shift();
      const work = thread?.waiting.shift();
      if (thread === undefined || work === undefined) return;
      this.#free--;
      this.spent += work.seconds;
      this.later(work.seconds, () => {
        this.#free++;
        thread.isBusy = false;
        work.done();
        this.#wake(thread);
        this.#dispatch();
      });
    }
  }
}

/** The earliest first, of equal ones the one that was added first: a heap. */
class EventQueue {
  readonly #heap: (Event & { readonly order: number })[] = [];
  #added = 0;

  add(event: Event): void {
    const heap = this.#heap;
    heap.push({ ...event, order: this.#added++ });
    for (let at = heap.length - 1; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!this.#swapIfBefore(at, parent)) return;
      at = parent;
    }
  }

  next(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    heap[0] = last;
    for (let at = 0; ; ) {
      const left = 2 * at + 1;
      const child = this.#isBefore(left + 1, left) ? left + 1 : left;
      if (!this.#swapIfBefore(child, at)) return first;
      at = child;
    }
  }

  #isBefore(one: number, other: number): boolean {
    const a = this.#heap[one];
    const b = this.#heap[other];
    if (a === undefined || b === undefined) return false;
    return a.at < b.at || (a.at === b.at && a.order < b.order);
  }

  #swapIfBefore(one: number, other: number): boolean {
    if (!this.#isBefore(one, other)) return false;
    const a = this.#heap[one];
    const b = this.#heap[other];
    if (a === undefined || b === undefined) return false;
    this.#heap[one] = b;
    this.#heap[other] = a;
    return true;
  }
}
