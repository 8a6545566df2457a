#include "files.h"
#include "memory.h"
#include "system.h"
#include "text.h"

#define LARGEST ((size_t)64 << 20)
#define FIRST_ROOM 4096

long read_file(const char *path, struct bytes *contents) {
  long file = system_call(openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
  if (file < 0) return file;
  size_t room = FIRST_ROOM;
  char *data = allocate(room);
  size_t size = 0;
  long got;
  while ((got = system_call(read, file, data + size, room - size - 1)) > 0) {
    size += (size_t)got;
    if (size + 1 < room) continue;
    if (room >= LARGEST) {
      got = -EFBIG;
      break;
    }
    char *larger = allocate(room * 2);
    memcpy(larger, data, size);
    data = larger;
    room *= 2;
  }
  system_call(close, file);
  if (got < 0) return got;
  data[size] = '\0';
  *contents = (struct bytes){.data = data, .size = size};
  return 0;
}

long write_file(const char *path, const char *bytes, size_t size) {
  long file = system_call(openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return file;
  long written = 0;
  for (size_t done = 0; done < size && written >= 0; done += (size_t)written) {
    written = system_call(write, file, bytes + done, size - done);
  }
  system_call(close, file);
  return written < 0 ? written : 0;
}

long make_folders(const char *path) {
  char part[PATH_BYTES];
  size_t size = length(path);
  if (size >= PATH_BYTES) return -ENAMETOOLONG;
  memcpy(part, path, size + 1);
  long made = 0;
  for (size_t i = 1; i <= size; i++) {
    if (part[i] != '/' && part[i] != '\0') continue;
    part[i] = '\0';
    made = system_call(mkdirat, AT_FDCWD, part, 0755);
    part[i] = i < size ? '/' : '\0';
  }
  if (is_folder(path)) return 0;
  return made == -EEXIST || made == 0 ? -ENOTDIR : made;
}

static bool status_of(const char *path, struct stat *status) {
  return system_call(newfstatat, AT_FDCWD, path, status, 0) == 0;
}

bool is_there(const char *path) {
  struct stat status;
  return status_of(path, &status);
}

bool is_folder(const char *path) {
  struct stat status;
  return status_of(path, &status) && (status.st_mode & S_IFMT) == S_IFDIR;
}

bool is_mount_point(const char *path) {
  struct stat here;
  struct stat above;
  return status_of(path, &here) && status_of(joined(path, "/..", ""), &above) && here.st_dev != above.st_dev;
}
