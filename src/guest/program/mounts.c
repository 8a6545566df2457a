#include "mounts.h"
#include "files.h"
#include "report.h"
#include "system.h"
#include "text.h"

struct mount_point {
  const char *type;
  const char *target;
  unsigned long flags;
  const char *options;
  /** Whether a kernel that knows no such filesystem goes without. */
  bool optional;
};

/** Options as runc gives them (libcontainer/specconv), and writable: this machine is all the workload's. */
static const struct mount_point DEV = {"devtmpfs", "/dev", MS_NOSUID | MS_STRICTATIME, "mode=0755", false};
static const struct mount_point PROC = {"proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, false};
static const struct mount_point SYS = {"sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, true};
static const struct mount_point OTHERS[] = {
    {"devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5", true},
    {"tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=1777,size=65536k", true},
    {"mqueue", "/dev/mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, true},
};

/** The folder is sysfs's own, and only there where the kernel has control groups. */
static const struct mount_point CGROUP = {"cgroup2", "/sys/fs/cgroup",
                                          MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RELATIME, "nsdelegate", true};

/** Names in /dev that every container has. What the kernel has made itself stays. */
static const struct {
  const char *name;
  const char *target;
} LINKS[] = {
    {"/dev/fd", "/proc/self/fd"},       {"/dev/stdin", "/proc/self/fd/0"}, {"/dev/stdout", "/proc/self/fd/1"},
    {"/dev/stderr", "/proc/self/fd/2"}, {"/dev/core", "/proc/kcore"},      {"/dev/ptmx", "pts/ptmx"},
};

static const char *advice(long result) {
  switch (-result) {
    case ENOENT:
    case EROFS: return "; the image lacks the folder: convert it with --profile init, which adds it";
    case ENODEV: return "; boot a kernel that has this filesystem";
    case EPERM:
    case EACCES: return "; this program must be a machine's first: init=/sbin/ovms-init";
    default: return "; boot another kernel, or give the machine more memory";
  }
}

static _Noreturn void refuse(const char *type, const char *target, long result) {
  fail("cannot mount ", type, " on ", target, error_text(result), advice(result), NULL);
}

void mount_required(const char *source, const char *type, const char *target, unsigned long flags,
                    const char *options) {
  long made = make_folders(target);
  if (made < 0) refuse(type, target, made);
  long result = system_call(mount, source, target, type, flags, options);
  if (result < 0) refuse(type, target, result);
}

static void mount_here(const struct mount_point *point) {
  long made = make_folders(point->target);
  if (made < 0) refuse(point->type, point->target, made);
  if (is_mount_point(point->target)) return;
  const char *type = point->type;
  long result = system_call(mount, type, point->target, type, point->flags, point->options);
  // An older kernel may not know an option.
  if (result == -EINVAL) result = system_call(mount, type, point->target, type, point->flags, NULL);
  if (result == 0 || result == -EBUSY || (point->optional && result == -ENODEV)) return;
  refuse(point->type, point->target, result);
}

void mount_first(void) {
  mount_here(&DEV);
  mount_here(&PROC);
  mount_here(&SYS);
}

void mount_all(void) {
  mount_first();
  for (size_t i = 0; i < sizeof OTHERS / sizeof OTHERS[0]; i++) mount_here(&OTHERS[i]);
  if (is_folder(CGROUP.target)) mount_here(&CGROUP);
  for (size_t i = 0; i < sizeof LINKS / sizeof LINKS[0]; i++) {
    system_call(symlinkat, LINKS[i].target, AT_FDCWD, LINKS[i].name);
  }
}

/** A path in /proc/mounts, in which blanks and backslashes are \\ and three octal digits. */
static void decode_path(char *path) {
  char *to = path;
  for (const char *from = path; *from != '\0';) {
    bool encoded = from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] != '\0' && from[3] != '\0';
    *to++ = encoded ? (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0')) : *from;
    from += encoded ? 4 : 1;
  }
  *to = '\0';
}

/** The second word of each line. */
static void mounted_paths(struct words *paths) {
  *paths = (struct words){0};
  struct bytes file;
  if (read_file("/proc/mounts", &file) < 0) return;
  for (char *at = file.data; *at != '\0';) {
    while (*at != ' ' && *at != '\0') at++;
    if (*at == '\0') return;
    char *path = ++at;
    while (*at != ' ' && *at != '\0') at++;
    if (*at != '\0') *at++ = '\0';
    while (*at != '\n' && *at != '\0') at++;
    decode_path(path);
    add_word(paths, path);
  }
}

void unmount_others(void) {
  struct words paths;
  mounted_paths(&paths);
  // Of these three the end has need, and the kernel shows what hides under an overlay, too.
  static const char *const KEPT[] = {"/", "/dev", "/proc"};
  for (size_t i = paths.count; i > 0; i--) {
    bool kept = after("/dev/.ovms", paths.items[i - 1]) != NULL;
    for (size_t k = 0; k < sizeof KEPT / sizeof KEPT[0]; k++) kept |= same(paths.items[i - 1], KEPT[k]);
    if (!kept) system_call(umount2, paths.items[i - 1], 0);
  }
}
