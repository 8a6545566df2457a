/** What a container finds mounted. */
#pragma once

/** /dev, /proc and /sys, which all else needs. */
void mount_first(void);

/** All of it; what is mounted already is left alone. */
void mount_all(void);

/** Takes away what can be, the last first: disks that the workload has mounted are whole then. */
void unmount_others(void);

/** Makes a folder for a mount and mounts; fails with what to do about it. */
void mount_required(const char *source, const char *type, const char *target, unsigned long flags,
                    const char *options);
