#include "root.h"
#include "disks.h"
#include "files.h"
#include "mounts.h"
#include "report.h"
#include "system.h"

/** In devtmpfs, the one place where folders can be made on any image. */
#define PLACE "/dev/.ovms"
#define LAYER PLACE "/layer"
#define UPPER LAYER "/upper"
#define WORK LAYER "/work"
#define MERGED PLACE "/root"

/** What access(2) is asked; the kernel's own headers leave it out. */
#define W_OK 2

/** What a disk may be formatted with. */
static const char *const DISK_TYPES[] = {"ext4", "xfs", "btrfs", "ext2", NULL};

/** The folder that has the layer, for it has no path below the new root; -1 where there is none. */
static long layer = -1;

static void mount_disk(const char *disk) {
  long result = make_folders(LAYER);
  if (result < 0) fail("cannot make " LAYER, error_text(result), "; boot a kernel with devtmpfs", NULL);
  if (!disk_appears(disk, false)) {
    fail("the disk for the overlay is not there: ", disk, "; attach it, or write docker2vm.root=overlay",
         NULL);
  }
  for (const char *const *type = DISK_TYPES; *type != NULL; type++) {
    result = system_call(mount, disk, LAYER, *type, MS_NOATIME, NULL);
    if (result == 0) return;
    if (result == -EBUSY || result == -EACCES || result == -EROFS) break;
  }
  fail("the disk for the overlay cannot be mounted for writing: ", disk, error_text(result),
       "; format it as ext4, xfs or btrfs, as the kernel has them", NULL);
}

static void make_or_fail(const char *folder) {
  long result = make_folders(folder);
  if (result == 0) return;
  fail("the overlay cannot be made at ", folder, error_text(result), "; is its disk full?", NULL);
}

/** The new root is moved over the old one, so that no process counts as one in a chroot: user namespaces need that. */
static void enter_overlay(void) {
  long result = system_call(chdir, MERGED);
  if (result == 0) result = system_call(mount, ".", "/", NULL, MS_MOVE, NULL);
  if (result == 0) result = system_call(chroot, ".");
  if (result == 0) result = system_call(chdir, "/");
  if (result == 0) return;
  fail("the overlay cannot become /", error_text(result), "; boot with docker2vm.root=rw", NULL);
}

static void overlay(const char *disk) {
  if (disk == NULL) {
    mount_required("tmpfs", "tmpfs", LAYER, 0, "mode=0755");
  } else {
    mount_disk(disk);
  }
  make_or_fail(UPPER);
  make_or_fail(WORK);
  mount_required("overlay", "overlay", MERGED, 0, "lowerdir=/,upperdir=" UPPER ",workdir=" WORK);
  layer = system_call(openat, AT_FDCWD, LAYER, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
  enter_overlay();
}

static void make_writable(void) {
  long result = system_call(mount, NULL, "/", NULL, MS_REMOUNT, NULL);
  // EROFS says that it is done, and stays as it is.
  if (result == 0 && system_call(faccessat, AT_FDCWD, "/", W_OK) == -EROFS) result = -EROFS;
  // EINVAL: nothing is mounted right here, so somebody else sees to it.
  if (result == 0 || result == -EINVAL) return;
  say("/ stays read-only", error_text(result), "; docker2vm.root=overlay lets changes go to memory", NULL);
}

void settle_root(const struct settings *settings) {
  switch (settings->root) {
    case ROOT_WRITABLE: return make_writable();
    case ROOT_OVERLAY: return overlay(settings->overlay_disk);
    case ROOT_AS_MOUNTED: return;
  }
}

void close_root(void) {
  system_call(sync, 0);
  system_call(mount, NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL);
  if (layer < 0) return;
  char number[NUMBER_BYTES];
  const char *path = joined("/proc/self/fd/", number_text((uint64_t)layer, number), "");
  system_call(mount, NULL, path, NULL, MS_REMOUNT | MS_RDONLY, NULL);
}
