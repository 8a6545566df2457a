#include "initramfs.h"
#include <linux/module.h>
#include "disks.h"
#include "files.h"
#include "mapped-disk.h"
#include "mounts.h"
#include "report.h"
#include "supervise.h"
#include "system.h"

#define NEW_ROOT "/.ovms-root"
#define ROOT_ADVICE "; mend root= and rootfstype= on the kernel command line, or " MODULE_LIST_PATH

bool is_initramfs(void) { return is_there(MODULE_LIST_PATH); }

static bool ends_in(const char *text, const char *end) {
  size_t size = length(text);
  return size >= length(end) && same(text + size - length(end), end);
}

static bool is_compressed(const char *path) {
  return ends_in(path, ".gz") || ends_in(path, ".xz") || ends_in(path, ".zst");
}

/** What is loaded takes room twice while its file is there. */
static void load_module(const char *path, const char *parameters) {
  long file = system_call(openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
  long result = file;
  if (file >= 0) {
    int flags = is_compressed(path) ? MODULE_INIT_COMPRESSED_FILE : 0;
    result = system_call(finit_module, file, parameters, flags);
    system_call(close, file);
    system_call(unlinkat, AT_FDCWD, path, 0);
  }
  // Built in or loaded already; or for a device that this machine has not.
  if (result == 0 || result == -EEXIST || result == -ENODEV) return;
  say("the module ", path, " cannot be loaded", error_text(result), "; is it of this kernel?", NULL);
}

static void load_modules(void) {
  struct bytes list;
  long result = read_file(MODULE_LIST_PATH, &list);
  if (result < 0) fail(MODULE_LIST_PATH " cannot be read", error_text(result), "; make the initramfs anew", NULL);
  for (char *line = list.data; *line != '\0';) {
    char *end = line;
    while (*end != '\n' && *end != '\0') end++;
    char *next = *end == '\0' ? end : end + 1;
    *end = '\0';
    while (is_blank(*line)) line++;
    char *parameters = line;
    while (*parameters != '\0' && !is_blank(*parameters)) parameters++;
    if (*parameters != '\0') *parameters++ = '\0';
    if (*line != '\0' && *line != '#') load_module(line, parameters);
    line = next;
  }
}

void wait_for_disk(const struct command_line *line, const char *disk) {
  if (disk_appears(disk, parameter(line, "rootwait") != NULL)) return;
  fail("the disk of the root filesystem is not there: ", disk, ROOT_ADVICE, NULL);
}

/** What may be on the disk: of rootfstype=, else all that the kernel knows and that lies on a disk. */
static void filesystem_types(const struct command_line *line, struct words *types) {
  *types = (struct words){0};
  const char *given = parameter(line, "rootfstype");
  if (given != NULL && *given != '\0') {
    char *names = (char *)joined(given, "", "");
    for (char *at = names; *at != '\0'; at++) {
      if (*at == ',') *at = ' ';
    }
    return add_split(types, names);
  }
  struct bytes known;
  if (read_file("/proc/filesystems", &known) < 0) return;
  struct words words = {0};
  add_split(&words, known.data);
  for (size_t i = 0; i < words.count; i++) {
    if (same(words.items[i], "nodev")) {
      i++;
    } else {
      add_word(types, words.items[i]);
    }
  }
}

static long mount_as_one_of(const struct words *types, const char *disk, unsigned long flags,
                            const char *options) {
  long result = -ENODEV;
  for (size_t i = 0; i < types->count; i++) {
    result = system_call(mount, disk, NEW_ROOT, types->items[i], flags, options);
    // Of several only the right one has more to say than that it is another.
    if (result != -EINVAL && result != -ENODEV) break;
  }
  return result;
}

static void mount_root(const struct command_line *line, const char *disk) {
  unsigned long flags = is_read_only(line) ? MS_RDONLY : 0;
  struct words types;
  filesystem_types(line, &types);
  const char *options = parameter(line, "rootflags");
  long result = mount_as_one_of(&types, disk, flags, options);
  // A disk that nobody can write to: the kernel itself mounts it read-only then, too (init/do_mounts.c).
  if (result == -EACCES || result == -EROFS) {
    result = mount_as_one_of(&types, disk, flags | MS_RDONLY, options);
  }
  if (result == 0) return;
  fail("the root filesystem on ", disk, " cannot be mounted", error_text(result), ROOT_ADVICE, NULL);
}

/** What is mounted goes along where there is a place for it: not every init mounts it itself. */
static void take_along(const char *from, const char *to) {
  if (is_folder(to) && system_call(mount, from, to, NULL, MS_MOVE, NULL) == 0) return;
  system_call(umount2, from, MNT_DETACH);
}

/** The initramfs cannot be unmounted: the new root is moved over it. */
static void enter_root(void) {
  take_along("/dev", NEW_ROOT "/dev");
  take_along("/sys", NEW_ROOT "/sys");
  take_along("/proc", NEW_ROOT "/proc");
  long result = system_call(chdir, NEW_ROOT);
  system_call(unlinkat, AT_FDCWD, "/init", 0);
  if (result == 0) result = system_call(mount, ".", "/", NULL, MS_MOVE, NULL);
  if (result == 0) result = system_call(chroot, ".");
  if (result == 0) result = system_call(chdir, "/");
  if (result == 0) return;
  fail("the root filesystem cannot become /", error_text(result), "; boot another kernel", NULL);
}

static const char *init_path(const struct command_line *line) {
  const char *given = parameter(line, "init");
  if (given != NULL && *given != '\0') return given;
  return is_there("/sbin/ovms-init") ? "/sbin/ovms-init" : "/sbin/init";
}

void leave_initramfs(const struct command_line *line, char **environment) {
  load_modules();
  const char *disk = parameter(line, "root");
  if (disk == NULL || *disk != '/') {
    fail("root=", disk == NULL ? "" : disk, " names no device as /dev/vda does" ROOT_ADVICE, NULL);
  }
  set_up_mapped_disk(line);
  wait_for_disk(line, disk);
  long result = make_folders(NEW_ROOT);
  if (result < 0) fail("cannot make " NEW_ROOT, error_text(result), "; give the machine more memory", NULL);
  mount_root(line, disk);
  enter_root();
  struct words command = {0};
  const char *init = init_path(line);
  add_word(&command, init);
  for (size_t i = 0; i < line->arguments.count; i++) add_word(&command, line->arguments.items[i]);
  release_signals();
  result = system_call(execve, init, command.items, environment);
  fail("the root filesystem's init ", init, " cannot be started", error_text(result),
       "; init= on the kernel command line names another", NULL);
}
