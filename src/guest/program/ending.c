#include "ending.h"
#include <asm/termbits.h>
#include <linux/reboot.h>
#include "files.h"
#include "mounts.h"
#include "report.h"
#include "root.h"
#include "system.h"

/** Beside the configuration: a reader of the image finds it when the machine is off. */
#define STATUS_PATH "/etc/ovms/exit-status"
/** Where QEMU's isa-debug-exit is unless told otherwise. */
#define USUAL_PORT 0xf4

/** struct termios of the kernel (asm-generic/termbits.h), and more. */
#define TERMIOS_BYTES 128

static char terminal[TERMIOS_BYTES];
static bool has_terminal;
static enum machine_end end = END_POWER_OFF;
/** Of isa-debug-exit; 0: none. */
static uint64_t port;

void plan_ending(const struct command_line *line) {
  end = end_asked_for(line);
  const char *number = parameter(line, "docker2vm.qemu-exit");
  if (number == NULL) return;
  if (*number == '\0') {
    port = USUAL_PORT;
  } else if (!parse_number(number, &port) || port > UINT16_MAX) {
    say("docker2vm.qemu-exit=", number, " is no port; it is 0xf4 where QEMU is not told otherwise", NULL);
    port = 0;
  }
}

void remember_console(void) { has_terminal = system_call(ioctl, 1, TCGETS, terminal) == 0; }

/** The workload had the same open file: it may wait for nobody, be stopped by Ctrl-S, or be in another mode. */
static void restore_console(void) {
  for (int descriptor = 1; descriptor < 3; descriptor++) {
    long flags = system_call(fcntl, descriptor, F_GETFL, 0);
    if (flags >= 0) system_call(fcntl, descriptor, F_SETFL, flags & ~O_NONBLOCK);
  }
  if (!has_terminal) return;
  system_call(ioctl, 1, TCXONC, TCOON);
  system_call(ioctl, 1, TCSETS, terminal);
}

void forget_status(void) { system_call(unlinkat, AT_FDCWD, STATUS_PATH, 0); }

static void tell_status(int status) {
  char number[NUMBER_BYTES];
  const char *text = number_text((uint64_t)status, number);
  const char *line = joined("\novms-exit: ", text, "\n");
  system_call(write, 1, line, length(line));
  // Until it has left the serial port (tcdrain): switching off would cut it off.
  system_call(ioctl, 1, TCSBRK, 1);
}

static void keep_status(int status) {
  char number[NUMBER_BYTES];
  const char *text = joined(number_text((uint64_t)status, number), "\n", "");
  // Whatever the workload has put there.
  forget_status();
  long result = write_file(STATUS_PATH, text, length(text));
  if (result == 0 || result == -EROFS || result == -ENOENT) return;
  say(STATUS_PATH " cannot be written", error_text(result), "; the console has the status", NULL);
}

void leave_status(int status) {
  keep_status(status);
  tell_status(status);
}

/** QEMU ends at once, with status * 2 + 1. */
static void end_qemu(int status) {
  if (port == 0) return;
#if defined(__x86_64__)
  if (system_call(ioperm, port, 1, 1) < 0) return;
  __asm__ volatile("outb %0, %1" : : "a"((uint8_t)status), "d"((uint16_t)port));
#else
  (void)status;
#endif
}

static void switch_off(enum machine_end how) {
  uint32_t command = how == END_RESTART ? LINUX_REBOOT_CMD_RESTART : LINUX_REBOOT_CMD_POWER_OFF;
  system_call(reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, command, NULL);
}

static void switch_off_somehow(int status) {
  end_qemu(status);
  switch_off(end);
  switch_off(end == END_RESTART ? END_POWER_OFF : END_RESTART);
  // Not the first process of a machine, so there is somebody to tell.
  exit_process(status);
}

void end_machine(int status) {
  // What fails from here on must not begin again here.
  end_failures_by(switch_off_somehow);
  restore_console();
  keep_status(status);
  unmount_others();
  close_root();
  tell_status(status);
  switch_off_somehow(status);
  exit_process(status);
}

void restart_machine(int status) {
  end = END_RESTART;
  // That would end QEMU.
  port = 0;
  end_machine(status);
}
