/** `linux.seccomp`: config-linux.md, Seccomp. */
import { listOf, objectOf, oneOf, since, TEXT, UINT32, UINT64 } from "./shape.ts";
import type { Version } from "./version.ts";

const V1_1: Version = [1, 1, 0];
const SECTION = "config-linux.md, Seccomp";

const ACTION = oneOf(
  "SCMP_ACT_KILL",
  "SCMP_ACT_KILL_PROCESS",
  "SCMP_ACT_KILL_THREAD",
  "SCMP_ACT_TRAP",
  "SCMP_ACT_ERRNO",
  "SCMP_ACT_TRACE",
  "SCMP_ACT_ALLOW",
  "SCMP_ACT_LOG",
  "SCMP_ACT_NOTIFY",
);

const ARCHITECTURES = [
  "X86",
  "X86_64",
  "X32",
  "ARM",
  "AARCH64",
  "LOONGARCH64",
  "M68K",
  "MIPS",
  "MIPS64",
  "MIPS64N32",
  "MIPSEL",
  "MIPSEL64",
  "MIPSEL64N32",
  "PPC",
  "PPC64",
  "PPC64LE",
  "S390",
  "S390X",
  "SH",
  "SHEB",
  "PARISC",
  "PARISC64",
  "RISCV64",
].map((name) => `SCMP_ARCH_${name}`);

const ARGUMENT = objectOf(
  SECTION,
  {
    index: UINT32,
    value: UINT64,
    valueTwo: UINT64,
    op: oneOf(...["NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"].map((name) => `SCMP_CMP_${name}`)),
  },
  ["index", "value", "op"],
);

const SYSCALL = objectOf(
  SECTION,
  { names: listOf(TEXT, 1), action: ACTION, errnoRet: UINT32, args: listOf(ARGUMENT) },
  ["names", "action"],
);

export const SECCOMP = objectOf(
  SECTION,
  {
    defaultAction: ACTION,
    defaultErrnoRet: since(V1_1, UINT32),
    architectures: listOf(oneOf(...ARCHITECTURES)),
    flags: listOf(
      oneOf(
        ...["TSYNC", "LOG", "SPEC_ALLOW", "WAIT_KILLABLE_RECV"].map((name) => `SECCOMP_FILTER_FLAG_${name}`),
      ),
    ),
    listenerPath: since(V1_1, TEXT),
    listenerMetadata: since(V1_1, TEXT),
    syscalls: listOf(SYSCALL),
  },
  ["defaultAction"],
);
