/** Files and folders, by their paths. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct bytes {
  /** A NUL stands behind the last. */
  char *data;
  size_t size;
};

/** A negative errno, or 0. What is larger than 64 MiB is -EFBIG; a pipe that nobody writes to is empty. */
long read_file(const char *path, struct bytes *contents);

/** Writes a file of these bytes anew, made with mode 0644 where it is not there. A negative errno, or 0. */
long write_file(const char *path, const char *bytes, size_t size);

/** Makes a folder and those above it, each 0755. A negative errno; 0 also where it is there. */
long make_folders(const char *path);

/** Follows symlinks. */
bool is_there(const char *path);
bool is_folder(const char *path);

/** Whether something is mounted right here. */
bool is_mount_point(const char *path);
