import { expect, test } from "bun:test";
import { stopSignalNumber } from "../../../src/profile/init/stop-signal.ts";
import { runOk, testWith } from "../../support/oracles.ts";

testWith(["bash"], "a signal has the number that this machine has for it, in every spelling", () => {
  const list = runOk("bash", ["-c", 'for n in $(seq 1 64); do echo "$n $(kill -l $n 2>/dev/null)"; done']);
  // bash knows no name for 32 and 33: C libraries keep them.
  const numbered = [...list.matchAll(/^(\d+) ([A-Z].*)$/gm)].map(
    ([, n, name = ""]) => [name, Number(n)] as const,
  );
  expect(numbered.length).toBe(62);
  for (const [name, number] of numbered) {
    for (const text of [name, `SIG${name}`, name.toLowerCase(), `sig${name.toLowerCase()}`, `${number}`]) {
      expect([text, stopSignalNumber(text)]).toEqual([text, number]);
    }
  }
});

test("none is SIGTERM, and what is no signal is none", () => {
  expect(stopSignalNumber("")).toBe(15);
  const none = [
    "0",
    "65",
    "-1",
    "1.5",
    "TERM ",
    "SIG",
    "SIGSIGTERM",
    "RTMIN-1",
    "RTMAX+1",
    "RTMIN+",
    "RTMAX-31",
    "toString",
  ];
  for (const text of none) expect([text, stopSignalNumber(text)]).toEqual([text, undefined]);
});
