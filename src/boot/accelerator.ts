/** Whether this machine's processor can run another machine. */
import { access, constants, readFile } from "node:fs/promises";
import type { Architecture } from "../launch/facts.ts";

/** "kvm": at the processor's own speed; "tcg": emulated. */
export interface Accelerator {
  readonly name: "kvm" | "tcg";
  /** Why, as a clause. */
  readonly reason: string;
}

const HOSTS: Readonly<Partial<Record<string, Architecture>>> = { x64: "amd64", arm64: "arm64" };
/** Intel's and AMD's; without either /dev/kvm may be there, and does not boot an ordinary kernel. */
const VIRTUALIZATION = /^flags\s*:.*\b(?:vmx|svm)\b/m;

export async function chooseAccelerator(architecture: Architecture): Promise<Accelerator> {
  if (HOSTS[process.arch] !== architecture) {
    return { name: "tcg", reason: `this machine's processor is not one of ${architecture}` };
  }
  try {
    await access("/dev/kvm", constants.R_OK | constants.W_OK);
  } catch {
    return { name: "tcg", reason: "/dev/kvm is not there, or not for this user" };
  }
  if (architecture === "amd64" && !VIRTUALIZATION.test(await readFile("/proc/cpuinfo", "latin1"))) {
    return { name: "tcg", reason: "this machine's processor has neither VT-x nor AMD-V" };
  }
  return { name: "kvm", reason: "/dev/kvm works" };
}
