/** The workload's process, from its start to its end, and the orphans of others. */
#pragma once
#include "settings.h"

/** How the workload ended. */
struct outcome {
  /** 0 to 255; 128 and the number of the signal. */
  int status;
  /** It called reboot(2), which in a PID namespace of its own ends only that, to restart. */
  bool restart;
};

/** Before anything is started: every signal waits, and Ctrl-Alt-Del is one of them. */
void hold_signals(void);

/** As they were before that, for another program that takes the process over. */
void release_signals(void);

/** Runs the workload to its end and leaves no other process. */
struct outcome supervise(const struct settings *settings);
