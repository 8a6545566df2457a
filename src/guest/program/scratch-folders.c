#include "scratch-folders.h"
#include "files.h"
#include "report.h"
#include "system.h"
#include "text.h"

/** Where each is made, and moved from. */
#define PLACE "/dev/.ovms/scratch"
#define LISTING_BYTES 2048
#define DEEPEST 8
#define MOST_ENTRIES 1024

static const struct {
  const char *path;
  /** Where the image has no such folder. */
  uint32_t mode;
} FOLDERS[] = {{"/run", 0755}, {"/tmp", 01777}};

/** struct linux_dirent64 (linux/dirent.h of the kernel itself). */
struct listed {
  uint64_t inode;
  int64_t offset;
  uint16_t size;
  uint8_t type;
  char name[];
};

struct copying {
  size_t entries;
  int depth;
};

static bool copy_folder(long from, long to, struct copying *copying);

static long open_folder(long folder, const char *name) {
  return system_call(openat, folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
}

static bool copy_subfolder(long from, long to, const char *name, struct copying *copying) {
  if (copying->depth >= DEEPEST || system_call(mkdirat, to, name, 0700) < 0) return false;
  long source = open_folder(from, name);
  long target = open_folder(to, name);
  copying->depth++;
  bool copied = source >= 0 && target >= 0 && copy_folder(source, target, copying);
  copying->depth--;
  if (source >= 0) system_call(close, source);
  if (target >= 0) system_call(close, target);
  return copied;
}

static bool copy_entry(long from, long to, const char *name, struct copying *copying) {
  struct stat status;
  if (same(name, ".") || same(name, "..")) return true;
  if (++copying->entries > MOST_ENTRIES) return false;
  if (system_call(newfstatat, from, name, &status, AT_SYMLINK_NOFOLLOW) < 0) return false;
  if ((status.st_mode & S_IFMT) == S_IFDIR) return copy_subfolder(from, to, name, copying);
  if ((status.st_mode & S_IFMT) != S_IFLNK) return false;
  char target[PATH_BYTES];
  long size = system_call(readlinkat, from, name, target, sizeof target - 1);
  if (size < 0) return false;
  target[size] = '\0';
  if (system_call(symlinkat, target, to, name) < 0) return false;
  return system_call(fchownat, to, name, status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW) == 0;
}

/** Owner, mode and what is in it, as far as these are folders and links; false for anything else. */
static bool copy_folder(long from, long to, struct copying *copying) {
  struct stat status;
  if (system_call(fstat, from, &status) < 0) return false;
  if (system_call(fchown, to, status.st_uid, status.st_gid) < 0) return false;
  if (system_call(fchmod, to, status.st_mode & 07777) < 0) return false;
  _Alignas(struct listed) char listing[LISTING_BYTES];
  long size;
  while ((size = system_call(getdents64, from, listing, sizeof listing)) > 0) {
    for (long at = 0; at < size;) {
      struct listed *entry = (struct listed *)(listing + at);
      if (!copy_entry(from, to, entry->name, copying)) return false;
      at += entry->size;
    }
  }
  return size == 0;
}

/** False where the image has more there than can be begun anew. */
static bool copy_to_place(const char *path) {
  struct copying copying = {0};
  long from = open_folder(AT_FDCWD, path);
  long to = open_folder(AT_FDCWD, PLACE);
  bool copied = from >= 0 && to >= 0 && copy_folder(from, to, &copying);
  if (from >= 0) system_call(close, from);
  if (to >= 0) system_call(close, to);
  return copied;
}

static void mount_scratch(const char *path, uint32_t mode) {
  if (system_call(mkdirat, AT_FDCWD, path, mode) == 0) system_call(fchmodat, AT_FDCWD, path, mode);
  // A link leads to a folder that counts for itself, and what is mounted there somebody has wanted.
  struct stat status;
  if (system_call(newfstatat, AT_FDCWD, path, &status, AT_SYMLINK_NOFOLLOW) < 0) return;
  if ((status.st_mode & S_IFMT) != S_IFDIR || is_mount_point(path)) return;
  long result = make_folders(PLACE);
  if (result == 0) result = system_call(mount, "tmpfs", PLACE, "tmpfs", MS_NOSUID | MS_NODEV, NULL);
  if (result < 0) {
    say(path, " stays as the image has it", error_text(result), "; boot a kernel with tmpfs", NULL);
    return;
  }
  if (copy_to_place(path)) result = system_call(mount, PLACE, path, NULL, MS_MOVE, NULL);
  else result = -EEXIST;
  if (result < 0) system_call(umount2, PLACE, MNT_DETACH);
  system_call(unlinkat, AT_FDCWD, PLACE, AT_REMOVEDIR);
}

void mount_scratch_folders(void) {
  for (size_t i = 0; i < sizeof FOLDERS / sizeof FOLDERS[0]; i++) {
    mount_scratch(FOLDERS[i].path, FOLDERS[i].mode);
  }
}
