import { describe, expect, test } from "bun:test";
import { EventEmitter } from "node:events";
import { listenForInterrupts, type SignalName } from "../../src/cli/interrupts.ts";
import { Docker2vmError } from "../../src/errors.ts";

class FakeProcess extends EventEmitter {
  readonly exits: number[] = [];
  exit(code: number): void {
    this.exits.push(code);
  }
}

describe("a signal", () => {
  const cases: [name: SignalName, code: string, exit: number][] = [
    ["SIGINT", "E_INTERRUPTED", 130],
    ["SIGTERM", "E_TERMINATED", 143],
    ["SIGHUP", "E_TERMINATED", 143],
  ];
  for (const [name, code, exit] of cases) {
    test(`${name} aborts with ${code}; a second one exits with ${exit} at once`, () => {
      const source = new FakeProcess();
      const { signal } = listenForInterrupts(source);
      expect(signal.aborted).toBe(false);
      source.emit(name);
      expect(signal.reason).toBeInstanceOf(Docker2vmError);
      expect(signal.reason).toMatchObject({ code, message: `stopped by ${name}` });
      expect(source.exits).toEqual([]);
      source.emit(name);
      expect(source.exits).toEqual([exit]);
    });
  }

  test("is nobody's business any more after dispose", () => {
    const source = new FakeProcess();
    listenForInterrupts(source).dispose();
    expect(source.eventNames()).toEqual([]);
  });
});
