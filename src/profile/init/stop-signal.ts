/** The numbers that signals have on x86 and on arm64 (asm-generic/signal.h, asm/signal.h): the same. */
const NUMBERS: Readonly<Record<string, number>> = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ILL: 4,
  TRAP: 5,
  ABRT: 6,
  IOT: 6,
  BUS: 7,
  FPE: 8,
  KILL: 9,
  USR1: 10,
  SEGV: 11,
  USR2: 12,
  PIPE: 13,
  ALRM: 14,
  TERM: 15,
  STKFLT: 16,
  CHLD: 17,
  CLD: 17,
  CONT: 18,
  STOP: 19,
  TSTP: 20,
  TTIN: 21,
  TTOU: 22,
  URG: 23,
  XCPU: 24,
  XFSZ: 25,
  VTALRM: 26,
  PROF: 27,
  WINCH: 28,
  IO: 29,
  POLL: 29,
  PWR: 30,
  SYS: 31,
};

/** The first that programs have for themselves, as C libraries number them, and the last there is. */
const RTMIN = 34;
const RTMAX = 64;

export const SIGTERM = 15;

/**
 * The number of an image's StopSignal as Docker reads it (github.com/moby/sys/signal): a name in any case, with or
 * without SIG, RTMIN+N and RTMAX-N among them, or a number. Empty is SIGTERM; undefined is none of these.
 */
export function stopSignalNumber(text: string): number | undefined {
  if (text === "") return SIGTERM;
  const number = /^\d{1,9}$/.test(text) ? Number(text) : named(text.toUpperCase().replace(/^SIG/, ""));
  return number !== undefined && number >= 1 && number <= RTMAX ? number : undefined;
}

function named(name: string): number | undefined {
  if (Object.hasOwn(NUMBERS, name)) return NUMBERS[name];
  const [, base, offset = "0"] = /^(RTMIN(?=\+|$)|RTMAX(?=-|$))(?:[+-](\d{1,2}))?$/.exec(name) ?? [];
  if (base === undefined) return undefined;
  const number = base === "RTMIN" ? RTMIN + Number(offset) : RTMAX - Number(offset);
  return number >= RTMIN ? number : undefined;
}
