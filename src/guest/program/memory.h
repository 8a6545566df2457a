/** Memory that is never given back: all of it goes when the workload takes the process over, or with the machine. */
#pragma once
#include <stddef.h>

/** Zeroed, aligned for anything. */
void *allocate(size_t size);

void *memcpy(void *restrict to, const void *restrict from, size_t count);
void *memset(void *at, int value, size_t count);
