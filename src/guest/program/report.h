/** What is told on the console, one line each, and the end after a failure. */
#pragma once
#include <stddef.h>

/** Docker's own statuses: what ends with them is not the workload. */
enum { STATUS_FAILED = 125, STATUS_REFUSED = 126, STATUS_MISSING = 127 };

/** A line of the texts, of which NULL is the last: "docker2vm: …". */
void say(const char *first, ...);

/** Says it and ends with STATUS_FAILED. The texts say what is wrong, where, and what to do. */
_Noreturn void fail(const char *first, ...);

/** As fail, with another status. */
_Noreturn void fail_with(int status, const char *first, ...);

/** ": No such file or directory" for a system call's result. */
const char *error_text(long result);

/** How a failure ends: this process, unless told otherwise. */
void end_failures_by(void (*end)(int status));
