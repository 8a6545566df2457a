/** The kernel command line: its words, as the kernel itself parts them (lib/cmdline.c), and what they ask for. */
#pragma once
#include "settings.h"

/** How the machine ends. */
enum machine_end { END_POWER_OFF, END_RESTART };

struct command_line {
  /** Every word in front of " -- ". */
  struct words words;
  /** Every word behind it. */
  struct words arguments;
};

void read_command_line(struct command_line *line);

/** The value of NAME=VALUE, the last one given; "" of NAME alone; NULL where it is not there. */
const char *parameter(const struct command_line *line, const char *name);

/** Whether / is to be read-only: the last of "ro" and "rw" counts. */
bool is_read_only(const struct command_line *line);

/** What the command line says goes before what the configuration says. */
void override_settings(struct settings *settings, const struct command_line *line);

/**
 * ovms.end=poweroff|reboot. Without it a restart where the command line has reboot=k or reboot=t, or where an x86
 * machine has no ACPI: there powering off only stops the processor, and the machine stays for ever.
 */
enum machine_end end_asked_for(const struct command_line *line);
