#include "supervise.h"
#include <linux/ioctl.h>
#include <linux/reboot.h>
#include <linux/sched.h>
#include <linux/time_types.h>
#include <linux/wait.h>
#include "report.h"
#include "system.h"
#include "workload.h"

#define CLOCK_MONOTONIC 1
#define BIT(signal) (UINT64_C(1) << ((signal)-1))
/** Raised by what a process itself does: never to be held back. */
#define OWN_FAULTS \
  (BIT(SIGSEGV) | BIT(SIGBUS) | BIT(SIGILL) | BIT(SIGFPE) | BIT(SIGTRAP) | BIT(SIGSYS) | BIT(SIGABRT))
#define HELD (~OWN_FAULTS)
/** Somebody wants the machine to end: Ctrl-Alt-Del is SIGINT to the first process (reboot(2)). */
#define STOPPING (BIT(SIGINT) | BIT(SIGTERM) | BIT(SIGPWR))
/** What the kernel has to say to this process alone. */
#define NOT_FORWARDED (BIT(SIGCHLD) | BIT(SIGTTIN) | BIT(SIGTTOU) | BIT(SIGPIPE))

void hold_signals(void) {
  uint64_t held = HELD;
  system_call(rt_sigprocmask, SIG_BLOCK, &held, NULL, sizeof held);
  system_call(reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_CAD_OFF, NULL);
}

void release_signals(void) {
  uint64_t none = 0;
  system_call(rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof none);
  system_call(reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_CAD_ON, NULL);
}

static uint64_t now_seconds(void) {
  struct __kernel_timespec time = {0};
  system_call(clock_gettime, CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec;
}

/** fork(2). The arguments whose order differs between machines are zero. */
static long fork_child(unsigned long namespaces) {
  return system_call(clone, namespaces | SIGCHLD, 0, 0, 0, 0);
}

/** The child has namespaces of its own where it is to, and the kernel has them. */
static long start_child(const struct settings *settings, bool *own_namespace) {
  long child = settings->reaps_orphans ? -EINVAL : fork_child(CLONE_NEWPID | CLONE_NEWNS);
  *own_namespace = child >= 0;
  if (child == -EINVAL || child == -EPERM || child == -ENOSPC) child = fork_child(0);
  if (child < 0) {
    fail("no process can be started", error_text(child), "; give the machine more memory", NULL);
  }
  return child;
}

/** What processes see in /proc is what the one saw that mounted it. */
static void mount_own_proc(void) {
  system_call(mount, NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
  system_call(umount2, "/proc", MNT_DETACH);
  long result = system_call(mount, "proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
  if (result == 0) return;
  fail("the workload's own /proc cannot be mounted", error_text(result), "; boot another kernel", NULL);
}

/**
 * The terminal's session is this program's, which outlives the workload: when a session's leader ends, the kernel hangs
 * the terminal up, and what was said last and is not sent yet is lost (disassociate_ctty, tty_ldisc_hangup).
 */
static void hold_terminal(void) {
  system_call(setsid, 0);
  system_call(ioctl, 0, TIOCSCTTY, 0);
}

/** What is typed is the workload's. SIGTTOU, which a group in the background would get for asking, is held back. */
static void take_terminal(void) {
  system_call(setpgid, 0, 0);
  int group = (int)system_call(getpid, 0);
  system_call(ioctl, 0, TIOCSPGRP, &group);
}

static _Noreturn void be_child(const struct settings *settings, bool own_namespace) {
  end_failures_by(exit_process);
  if (own_namespace) mount_own_proc();
  take_terminal();
  uint64_t none = 0;
  system_call(rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof none);
  become_workload(settings);
}

struct reaped {
  /** Whether the workload was among them. */
  bool main;
  int main_status;
  /** Every process of this machine is a child in the end; kernel threads never are. */
  bool none_left;
};

/** Takes every child that has ended. */
static struct reaped reap(long main) {
  struct reaped reaped = {0};
  for (;;) {
    int status = 0;
    long child = system_call(wait4, -1, &status, WNOHANG, NULL);
    if (child == -EINTR) continue;
    if (child <= 0) {
      reaped.none_left = child == -ECHILD;
      return reaped;
    }
    if (child != main) continue;
    reaped.main = true;
    reaped.main_status = status;
  }
}

/** Waits for a signal; where there is a deadline to be kept, a second at most. */
static long next_signal(bool deadline) {
  uint64_t held = HELD;
  struct __kernel_timespec second = {.tv_sec = 1};
  return system_call(rt_sigtimedwait, &held, NULL, deadline ? &second : NULL, sizeof held);
}

static int wait_for(long main, const struct settings *settings) {
  uint64_t deadline = 0;
  for (;;) {
    struct reaped reaped = reap(main);
    if (reaped.main) return reaped.main_status;
    if (deadline != 0 && now_seconds() >= deadline) system_call(kill, main, SIGKILL);
    long signal = next_signal(deadline != 0);
    if (signal <= 0) continue;
    if ((STOPPING & BIT(signal)) != 0) {
      system_call(kill, main, settings->stop_signal);
      if (deadline == 0) deadline = now_seconds() + settings->stop_seconds;
    } else if ((NOT_FORWARDED & BIT(signal)) == 0) {
      system_call(kill, main, signal);
    }
  }
}

/** Ends whatever is left: what the workload started goes with its namespace, so mostly nothing is. */
static void end_others(uint64_t seconds) {
  uint64_t deadline = 0;
  while (!reap(-1).none_left) {
    if (deadline == 0) {
      deadline = now_seconds() + seconds;
      system_call(kill, -1, SIGTERM);
      system_call(kill, -1, SIGCONT);
    }
    if (now_seconds() >= deadline) system_call(kill, -1, SIGKILL);
    next_signal(true);
  }
}

/** reboot(2) in a namespace: the signal says which (kernel/pid_namespace.c); no other way leads to these two there. */
static struct outcome outcome_of(int status, bool own_namespace) {
  int signal = status & 0x7f;
  if (signal == 0) return (struct outcome){.status = (status >> 8) & 0xff};
  bool rebooted = own_namespace && (signal == SIGHUP || signal == SIGINT);
  if (rebooted) return (struct outcome){.restart = signal == SIGHUP};
  return (struct outcome){.status = 128 + signal};
}

struct outcome supervise(const struct settings *settings) {
  hold_terminal();
  bool own_namespace;
  long child = start_child(settings, &own_namespace);
  if (child == 0) be_child(settings, own_namespace);
  int status = wait_for(child, settings);
  end_others(settings->stop_seconds);
  return outcome_of(status, own_namespace);
}
