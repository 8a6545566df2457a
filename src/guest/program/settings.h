/** What is to be run and how, as the configuration and after it the kernel command line have it. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "text.h"

#define CONFIGURATION_PATH "/etc/ovms/config"

/** How / is to be once the machine is up. */
enum root_mode {
  /** Writable where the filesystem can be. */
  ROOT_WRITABLE,
  /** As the kernel mounted it. */
  ROOT_AS_MOUNTED,
  /** Changes go to memory, or to another disk. */
  ROOT_OVERLAY,
};

/** For prlimit: resource, soft, hard. */
struct limit {
  uint64_t resource;
  uint64_t soft;
  uint64_t hard;
};

#define LIMITS 16

struct settings {
  struct words entrypoint;
  /** The image's Cmd, or what takes its place. */
  struct words cmd;
  /** NAME=VALUE each; a later one of a name goes before an earlier one. */
  struct words environment;
  const char *working_directory;
  /** USER[:GROUP], names or numbers. */
  const char *user;
  const char *hostname;
  uint64_t stop_signal;
  /** From the stop signal to SIGKILL. */
  uint64_t stop_seconds;
  struct limit limits[LIMITS];
  size_t limit_count;
  enum root_mode root;
  /** With ROOT_OVERLAY: the disk that takes the changes; NULL is memory. */
  const char *overlay_disk;
  /** As the kernel's ip= (network.h); NULL for the loopback alone. */
  const char *network;
  /** Whether /run and /tmp are to be in memory. */
  bool scratch_folders;
  /** Whether the workload is to be an ordinary process below this one, which then reaps its orphans. */
  bool reaps_orphans;
  /** A shell in place of the workload. */
  bool debug;
};

/** Every default, and over it the configuration. Fails where that is not there or is not whole. */
void read_settings(struct settings *settings);

/** "on" or "off"; false for anything else. */
bool set_scratch_folders(struct settings *settings, const char *text);

/** "rw", "ro", "overlay" or "overlay:/dev/DISK"; false for anything else. */
bool set_root_mode(struct settings *settings, const char *text);
