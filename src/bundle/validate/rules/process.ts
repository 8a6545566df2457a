/** Of what is run: config.md, Process. */
import { quote } from "../../../oci/quote.ts";
import { below, type Report } from "../finding.ts";
import { entriesOf, type Fields, fieldOf, itemsOf, numberOf, repeated, textOf, textsOf } from "../reading.ts";
import { CAPABILITY_NAMES, RLIMIT_TYPES } from "./names.ts";

const SECTION = "config.md, Process";
const LINUX = "config.md, Linux Process";
const POSIX = "config.md, POSIX process";
/** The largest id that runc takes. */
const MAX_ID = 2 ** 31 - 1;

export function checkProcess({ process }: Fields, report: Report): void {
  if (process === undefined) {
    report("error", "/process", "is missing", `${SECTION}: this property is REQUIRED when start is called`);
    return;
  }
  checkCommand(process, report);
  checkEnvironment(fieldOf(process, "env"), report);
  checkUser(fieldOf(process, "user"), report);
  checkCapabilities(fieldOf(process, "capabilities"), report);
  checkRlimits(fieldOf(process, "rlimits"), report);
  checkRanges(process, report);
}

function checkCommand(process: unknown, report: Report): void {
  const args = fieldOf(process, "args");
  if (args === undefined || (Array.isArray(args) && args.length === 0)) {
    const spec = `${SECTION}: at least one entry is REQUIRED`;
    report("error", "/process/args", args === undefined ? "is missing" : "is empty", spec);
  }
  for (const [at, word] of textsOf(args)) {
    const path = below("/process/args", at);
    if (at === 0 && word === "")
      report("error", path, "is empty", `${SECTION}: that entry is used as execvp's file`);
    if (word.includes("\0")) report("error", path, "has a NUL byte", `${SECTION}: args are execvp's argv`);
  }
  const cwd = textOf(fieldOf(process, "cwd"));
  if (cwd?.startsWith("/") === false) {
    report(
      "error",
      "/process/cwd",
      `${quote(cwd)} is relative`,
      `${SECTION}: this value MUST be an absolute path`,
    );
  } else if (cwd?.includes("\0"))
    report("error", "/process/cwd", "has a NUL byte", `${SECTION}: cwd is a path`);
  if (fieldOf(process, "consoleSize") !== undefined && fieldOf(process, "terminal") !== true) {
    const spec = `${SECTION}: runtimes MUST ignore consoleSize if terminal is false or unset`;
    report("warning", "/process/consoleSize", "counts for nothing without a terminal", spec);
  }
}

function checkEnvironment(env: unknown, report: Report): void {
  const spec = `${SECTION}: env (array of strings) with the semantics of environ: NAME=VALUE`;
  const entries = textsOf(env);
  for (const [at, entry] of entries) {
    const path = below("/process/env", at);
    if (entry.indexOf("=") <= 0) report("error", path, `${quote(entry)} is no NAME=VALUE`, spec);
    if (entry.includes("\0")) report("error", path, "has a NUL byte", spec);
  }
  for (const [at, entry] of repeated(entries, (text) => text.split("=", 1)[0])) {
    report("warning", below("/process/env", at), `${quote(entry)} sets what is set before`, spec);
  }
}

function checkUser(user: unknown, report: Report): void {
  const section = "config.md, POSIX-platform User";
  if (user === undefined) return;
  for (const name of ["uid", "gid"]) {
    const id = fieldOf(user, name);
    if (id === undefined) {
      report(
        "warning",
        below("/process/user", name),
        "is missing, and 0 then",
        `${section}: ${name} (int, REQUIRED)`,
      );
    }
    checkId(id, below("/process/user", name), report);
  }
  for (const [at, id] of itemsOf(fieldOf(user, "additionalGids"))) {
    checkId(id, below("/process/user/additionalGids", at), report);
  }
  if ((numberOf(fieldOf(user, "umask")) ?? 0) > 0o777) {
    report("error", "/process/user/umask", "has more than permissions", `${section}: umask is umask(2)'s`);
  }
}

function checkId(id: unknown, path: string, report: Report): void {
  if ((numberOf(id) ?? 0) <= MAX_ID) return;
  report("error", path, `${id} is more than ${MAX_ID}`, "runc takes ids up to 2^31-1");
}

function checkCapabilities(capabilities: unknown, report: Report): void {
  for (const [set, names] of entriesOf(capabilities)) {
    for (const [at, name] of textsOf(names)) {
      if (CAPABILITY_NAMES.has(name)) continue;
      const spec = `${LINUX}: valid values are defined in the capabilities(7) man page, such as CAP_CHOWN`;
      const path = below(below("/process/capabilities", set), at);
      report("warning", path, `${quote(name)} is no capability: runtimes leave it out`, spec);
    }
  }
  const permitted = new Set(textsOf(fieldOf(capabilities, "permitted")).map(([, name]) => name));
  for (const [at, name] of textsOf(fieldOf(capabilities, "effective"))) {
    if (permitted.has(name)) continue;
    const path = below("/process/capabilities/effective", at);
    report(
      "error",
      path,
      `${quote(name)} is not among the permitted`,
      "capset(2): effective is a subset of permitted",
    );
  }
}

function checkRlimits(rlimits: unknown, report: Report): void {
  const limits = itemsOf(rlimits);
  for (const [at, limit] of limits) {
    const path = below("/process/rlimits", at);
    const type = textOf(fieldOf(limit, "type"));
    if (type !== undefined && !RLIMIT_TYPES.has(type)) {
      const spec = `${POSIX}: the runtime MUST generate an error for any values which cannot be mapped to a relevant kernel interface`;
      report("error", below(path, "type"), `${quote(type)} is no limit of getrlimit(2)`, spec);
    }
    const [soft = 0, hard = 0] = ["soft", "hard"].map((name) => numberOf(fieldOf(limit, name)));
    if (soft > hard) {
      report(
        "error",
        path,
        `soft ${soft} is above hard ${hard}`,
        `${POSIX}: hard is the ceiling for the soft limit`,
      );
    }
  }
  for (const [at, limit] of repeated(limits, (each) => fieldOf(each, "type"))) {
    const spec = `${POSIX}: if rlimits contains duplicated entries with same type, the runtime MUST generate an error`;
    report("error", below("/process/rlimits", at), `${fieldOf(limit, "type")} is there twice`, spec);
  }
}

function checkRanges(process: unknown, report: Report): void {
  const score = numberOf(fieldOf(process, "oomScoreAdj")) ?? 0;
  if (score < -1000 || score > 1000) {
    const spec = `${LINUX}: the runtime MUST set oom_score_adj to the given value; proc(5): -1000 to 1000`;
    report("error", "/process/oomScoreAdj", `${score} is not from -1000 to 1000`, spec);
  }
  const priority = numberOf(fieldOf(fieldOf(process, "ioPriority"), "priority")) ?? 0;
  if (priority < 0 || priority > 7) {
    const spec = `${LINUX}: an integer ranging from 0 (highest) to 7 (lowest)`;
    report("error", "/process/ioPriority/priority", `${priority} is not from 0 to 7`, spec);
  }
}
