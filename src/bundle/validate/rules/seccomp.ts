/** Of system calls that are kept from a container: config-linux.md, Seccomp. */
import { below, type Report } from "../finding.ts";
import { fieldOf, itemsOf, numberOf, repeated } from "../reading.ts";

const SECTION = "config-linux.md, Seccomp";
const WITH_ERRNO = ["SCMP_ACT_ERRNO", "SCMP_ACT_TRACE"];

export function checkSeccomp(seccomp: unknown, report: Report): void {
  if (fieldOf(seccomp, "listenerMetadata") !== undefined && fieldOf(seccomp, "listenerPath") === undefined) {
    const spec = `${SECTION}: listenerMetadata: this field MUST NOT be set if listenerPath is not set`;
    report("error", "/linux/seccomp/listenerMetadata", "is without a listenerPath", spec);
  }
  checkErrno(seccomp, "defaultAction", "defaultErrnoRet", "/linux/seccomp", report);
  for (const [at, call] of itemsOf(fieldOf(seccomp, "syscalls"))) {
    const path = below("/linux/seccomp/syscalls", at);
    checkErrno(call, "action", "errnoRet", path, report);
    for (const [place, argument] of itemsOf(fieldOf(call, "args"))) {
      if ((numberOf(fieldOf(argument, "index")) ?? 0) <= 5) continue;
      const where = below(below(below(path, "args"), place), "index");
      report(
        "error",
        where,
        "is above 5",
        `${SECTION}: index: the index for syscall arguments, of which there are six`,
      );
    }
  }
  for (const [at, name] of repeated(itemsOf(fieldOf(seccomp, "architectures")), (each) => each)) {
    report("warning", below("/linux/seccomp/architectures", at), `${name} is there twice`, SECTION);
  }
}

function checkErrno(rule: unknown, action: string, errno: string, path: string, report: Report): void {
  const taken = fieldOf(rule, action);
  if (fieldOf(rule, errno) === undefined || typeof taken !== "string" || WITH_ERRNO.includes(taken)) return;
  const spec = `${SECTION}: ${errno}: when the action doesn't support an errno, the runtime MUST print an error and fail`;
  report("error", below(path, errno), `is nothing that ${taken} could return`, spec);
}
