/** The end of the machine: its disks, the workload's status, and how a machine is switched off. */
#pragma once
#include "command-line.h"

/** How the machine ends, and where the status is told, by the command line; before that it is powered off. */
void plan_ending(const struct command_line *line);

/** How the terminal is now, which a workload may leave otherwise. */
void remember_console(void);

/** Of an earlier run: a machine that is cut off now must not seem to have ended so. */
void forget_status(void);

/** On the console, and in the image where it can be written to. */
void leave_status(int status);

/** Never returns. The last line on the console is "ovms-exit: STATUS". */
_Noreturn void end_machine(int status);

/** As end_machine, and the machine starts again whatever was planned. */
_Noreturn void restart_machine(int status);
