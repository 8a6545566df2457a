/**
 * System calls, without a library: all that is between this program and the kernel. Numbers, flags and structures are
 * the kernel's own headers'. Every call returns what the kernel does: a negative errno where it fails.
 */
#pragma once
#include <asm/errno.h>
#include <asm/fcntl.h>
#include <asm/ioctls.h>
#include <asm/signal.h>
#include <asm/stat.h>
#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/stat.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The kernel's own headers leave it out (linux/fs.h of the kernel itself). */
#define MNT_DETACH 2

/** The largest part of a path that is made here; the kernel takes no more (linux/limits.h). */
#define PATH_BYTES 4096

#if defined(__x86_64__)

static inline long raw_call(long number, long a, long b, long c, long d, long e, long f) {
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

#elif defined(__aarch64__)

static inline long raw_call(long number, long a, long b, long c, long d, long e, long f) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc 0"
                   : "+r"(x0)
                   : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                   : "memory", "cc");
  return x0;
}

#endif

/** system_call(mkdirat, AT_FDCWD, path, 0755): a call by its name, with up to six arguments. */
#define system_call(name, ...) PADDED_CALL(__NR_##name, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define PADDED_CALL(number, a, b, c, d, e, f, ...) \
  raw_call(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

/** Ends this process alone. */
static inline _Noreturn void exit_process(int status) {
  for (;;) system_call(exit_group, status);
}
