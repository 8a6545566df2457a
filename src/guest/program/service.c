#include "service.h"
#include "command-line.h"
#include "ending.h"
#include "environment.h"
#include "files.h"
#include "report.h"
#include "system.h"
#include "text.h"

/** In memory: the next boot knows nothing of it. */
#define STOPPED "/run/ovms-stopped"

/** systemd(1): SIGRTMIN+4 and SIGRTMIN+5, counted as libraries count them, which keep two for themselves. */
#define FIRST_REAL_TIME 34
#define START_POWER_OFF (FIRST_REAL_TIME + 4)
#define START_REBOOT (FIRST_REAL_TIME + 5)

/** By their numbers (asm/signal.h), as systemd writes them. */
static const char *const SIGNALS[] = {
    "",     "HUP",  "INT",    "QUIT", "ILL",  "TRAP", "ABRT", "BUS",  "FPE",    "KILL", "USR1",
    "SEGV", "USR2", "PIPE",   "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN",
    "TTOU", "URG",  "XCPU",   "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR",  "SYS",
};

static void words_of(char **items, struct words *words) {
  *words = (struct words){0};
  for (; *items != NULL; items++) add_word(words, *items);
}

static uint64_t signal_number(const char *name) {
  for (size_t i = 1; i < sizeof SIGNALS / sizeof SIGNALS[0]; i++) {
    if (same(name, SIGNALS[i])) return i;
  }
  const char *real_time = after("RTMIN", name);
  uint64_t number = 0;
  if (real_time == NULL) return parse_number(name, &number) ? number : 0;
  return FIRST_REAL_TIME + (*real_time == '+' && parse_number(real_time + 1, &number) ? number : 0);
}

/** A service that never came to its program has neither. */
static int status_of(const struct words *environment) {
  const char *code = variable(environment, "EXIT_CODE");
  const char *status = variable(environment, "EXIT_STATUS");
  uint64_t number;
  if (code == NULL || status == NULL) return STATUS_FAILED;
  if (!same(code, "exited")) return (int)(128 + signal_number(status));
  return parse_number(status, &number) ? (int)number : STATUS_FAILED;
}

void note_stop(char **environment) {
  struct words variables;
  words_of(environment, &variables);
  // Where it has ended by itself, that is known here.
  if (variable(&variables, "EXIT_CODE") == NULL) write_file(STOPPED, "", 0);
  exit_process(0);
}

void end_service(char **environment) {
  struct words variables;
  words_of(environment, &variables);
  leave_status(status_of(&variables));
  // Stopped, perhaps to be started again, or because the machine ends anyway.
  if (system_call(unlinkat, AT_FDCWD, STOPPED, 0) == 0) exit_process(0);
  struct command_line line;
  read_command_line(&line);
  bool restart = end_asked_for(&line) == END_RESTART;
  long result = system_call(kill, 1, restart ? START_REBOOT : START_POWER_OFF);
  if (result < 0) fail("systemd cannot be told to end the machine", error_text(result), NULL);
  exit_process(0);
}
