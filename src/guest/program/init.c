/**
 * /sbin/ovms-init: the first program of a machine that was a container image, and with --workload what starts its
 * workload in a machine that has an init of its own, and sees to its end there. Called exec-as it serves other launchers.
 */
#include "command-line.h"
#include "ending.h"
#include "exec-as.h"
#include "files.h"
#include "host-files.h"
#include "initramfs.h"
#include "mounts.h"
#include "network.h"
#include "report.h"
#include "root.h"
#include "scratch-folders.h"
#include "service.h"
#include "settings.h"
#include "supervise.h"
#include "system.h"
#include "workload.h"

#define USAGE \
  "this is a machine's first program (init=/sbin/ovms-init); elsewhere: ovms-init --workload [ARGUMENT]..."

/** Docker gives these to a container that is not on the host's network: web servers need no root. */
static const struct {
  const char *path;
  const char *value;
} SYSCTLS[] = {
    {"/proc/sys/net/ipv4/ip_unprivileged_port_start", "0"},
    {"/proc/sys/net/ipv4/ping_group_range", "0 2147483647"},
};

static void set_sysctls(void) {
  for (size_t i = 0; i < sizeof SYSCTLS / sizeof SYSCTLS[0]; i++) {
    // A kernel without networking has none of them.
    if (!is_there(SYSCTLS[i].path)) continue;
    write_file(SYSCTLS[i].path, SYSCTLS[i].value, length(SYSCTLS[i].value));
  }
}

/** The console, where it is not what this program was started with; a machine without any has /dev/null. */
static void open_streams(void) {
  long console = system_call(openat, AT_FDCWD, "/dev/console", O_RDWR | O_NOCTTY, 0);
  for (int descriptor = 0; console >= 0 && descriptor < 3; descriptor++) {
    if (console != descriptor) system_call(dup3, console, descriptor, 0);
  }
  if (console > 2) system_call(close, console);
  long spare;
  do {
    spare = system_call(openat, AT_FDCWD, "/dev/null", O_RDWR, 0);
  } while (spare >= 0 && spare < 2);
  if (spare > 2) system_call(close, spare);
}

/** Without it a mistake here would be a kernel's panic. */
static void on_fault(int signal) {
  char number[NUMBER_BYTES];
  fail("a mistake in ovms-init itself, signal ", number_text((uint64_t)signal, number), "; please report it",
       NULL);
}

/** struct sigaction of the kernel, which the headers leave to libraries: the same on all that have SA_RESTORER. */
struct signal_action {
  void (*handler)(int signal);
  unsigned long flags;
  /** What a handler returns to: these return nowhere. */
  void (*restorer)(void);
  uint64_t mask;
};

static void never(void) { exit_process(STATUS_FAILED); }

static void tell_own_faults(void) {
  struct signal_action action = {.handler = on_fault, .flags = SA_RESTORER, .restorer = never};
  static const int FAULTS[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};
  for (size_t i = 0; i < sizeof FAULTS / sizeof FAULTS[0]; i++) {
    system_call(rt_sigaction, FAULTS[i], &action, NULL, sizeof action.mask);
  }
}

static _Noreturn void run_machine(char **environment) {
  tell_own_faults();
  hold_signals();
  end_failures_by(end_machine);
  mount_first();
  open_streams();
  remember_console();
  struct command_line line;
  read_command_line(&line);
  plan_ending(&line);
  if (is_initramfs()) leave_initramfs(&line, environment);
  struct settings settings;
  read_settings(&settings);
  override_settings(&settings, &line);
  settle_root(&settings);
  mount_all();
  if (settings.scratch_folders) mount_scratch_folders();
  forget_status();
  set_sysctls();
  struct network network;
  set_up_network(settings.network, &network);
  bool named = parameter(&line, "docker2vm.hostname") != NULL;
  if (network.hostname != NULL && !named) settings.hostname = network.hostname;
  name_machine(settings.hostname);
  lay_over_host_files(settings.hostname, &network);
  struct outcome outcome = supervise(&settings);
  if (outcome.restart) restart_machine(outcome.status);
  end_machine(outcome.status);
}

static _Noreturn void run_workload(long count, char **arguments) {
  struct settings settings;
  read_settings(&settings);
  if (count > 0) settings.cmd = (struct words){0};
  for (long i = 0; i < count; i++) add_word(&settings.cmd, arguments[i]);
  become_workload(&settings);
}

/** Whether the program was called by this name, in whatever folder. */
static bool is_called(const char *path, const char *name) {
  const char *last = path;
  for (; *path != '\0'; path++) {
    if (*path == '/') last = path + 1;
  }
  return same(last, name);
}

/** `stack` is what the kernel starts a program with: argc, argv, envp. */
_Noreturn void start(long *stack) {
  long count = stack[0];
  char **arguments = (char **)(stack + 1);
  if (count > 0 && is_called(arguments[0], EXEC_AS_NAME)) exec_as(arguments + 1, arguments + count + 1);
  if (system_call(getpid, 0) == 1) run_machine(arguments + count + 1);
  if (count > 1 && same(arguments[1], "--workload")) run_workload(count - 2, arguments + 2);
  if (count > 1 && same(arguments[1], "--stopping")) note_stop(arguments + count + 1);
  if (count > 1 && same(arguments[1], "--ended")) end_service(arguments + count + 1);
  fail(USAGE, NULL);
}

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n  xor %ebp, %ebp\n  mov %rsp, %rdi\n  and $-16, %rsp\n  call start\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n_start:\n  mov x29, xzr\n  mov x0, sp\n  bl start\n");
#endif
