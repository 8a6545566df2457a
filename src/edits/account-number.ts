import type { Account } from "./edit.ts";

/** What is written in digits is a number, also where somebody has such a name. */
export function accountNumber(account: Account): number | undefined {
  if (typeof account === "number") return account;
  return /^\d+$/.test(account) ? Number(account) : undefined;
}
