#include "workload.h"
#include "accounts.h"
#include "environment.h"
#include "files.h"
#include "report.h"
#include "system.h"

#define COMMAND_ADVICE "; --entrypoint and --cmd when converting say what is run"

#define DIRECTORY_ADVICE \
  "; give another one: --workdir when converting, docker2vm.workdir= on the kernel command line"

/** Where images have a shell. */
static const char *const SHELLS[] = {"/bin/sh", "/usr/bin/sh", "/bin/bash", "/bin/ash", "/busybox/sh", NULL};

bool is_terminal(int descriptor) {
  char attributes[128];
  return system_call(ioctl, descriptor, TCGETS, attributes) == 0;
}

static void raise_limits(const struct settings *settings) {
  for (size_t i = 0; i < settings->limit_count; i++) {
    const struct limit *limit = &settings->limits[i];
    uint64_t values[] = {limit->soft, limit->hard};
    long result = system_call(prlimit64, 0, limit->resource, values, NULL);
    if (result == 0) continue;
    char number[NUMBER_BYTES];
    say("limit ", number_text(limit->resource, number), " stays as the kernel has it", error_text(result),
        "; see prlimit(2)", NULL);
  }
}

/** True where it is there and can be entered now; a user may be let in where root is not, as on a network's disk. */
static bool enter(const char *directory) {
  long made = make_folders(directory);
  if (made < 0) {
    fail("the working directory ", directory, " cannot be made", error_text(made), DIRECTORY_ADVICE, NULL);
  }
  long result = system_call(chdir, directory);
  if (result == 0) return true;
  if (result == -EACCES || result == -EPERM) return false;
  fail("the working directory ", directory, " cannot be entered", error_text(result), DIRECTORY_ADVICE, NULL);
}

/** /dev/stdout and its like are opened anew by their owner alone; /dev/null is everybody's. */
void give_streams(uint32_t uid) {
  struct stat null = {0};
  system_call(newfstatat, AT_FDCWD, "/dev/null", &null, 0);
  for (int descriptor = 0; descriptor < 3; descriptor++) {
    struct stat status;
    if (system_call(fstat, descriptor, &status) < 0) continue;
    if ((status.st_mode & S_IFMT) == S_IFCHR && status.st_rdev == null.st_rdev) continue;
    system_call(fchown, descriptor, uid, -1);
  }
}

static bool is_executable(const char *path, long *result) {
  *result = is_folder(path) ? -EISDIR : system_call(faccessat, AT_FDCWD, path, 1);
  return *result == 0;
}

/** As runc looks for a command: empty and relative parts of PATH are not searched. */
static const char *find_in_path(const char *command, const char *path) {
  while (*path != '\0') {
    const char *end = path;
    while (*end != ':' && *end != '\0') end++;
    if (*path == '/') {
      char *folder = (char *)joined(path, "", "");
      folder[end - path] = '\0';
      const char *candidate = joined(folder, "/", command);
      long result;
      if (is_executable(candidate, &result)) return candidate;
    }
    path = *end == '\0' ? end : end + 1;
  }
  return NULL;
}

static const char *find_command(const char *command, const char *path) {
  bool has_slash = false;
  for (const char *at = command; *at != '\0'; at++) has_slash |= *at == '/';
  if (!has_slash) {
    const char *found = *command == '\0' ? NULL : find_in_path(command, path == NULL ? "" : path);
    if (found != NULL) return found;
    fail_with(STATUS_MISSING, "the command '", command, "' is not in PATH (", path == NULL ? "" : path,
              ")" COMMAND_ADVICE, NULL);
  }
  long result;
  if (is_executable(command, &result)) return command;
  int status = result == -ENOENT || result == -ENOTDIR ? STATUS_MISSING : STATUS_REFUSED;
  fail_with(status, "the command '", command, "' cannot be executed", error_text(result), COMMAND_ADVICE,
            NULL);
}

static const char *find_shell(void) {
  for (const char *const *shell = SHELLS; *shell != NULL; shell++) {
    long result;
    if (is_executable(*shell, &result)) return *shell;
  }
  fail("the image has no shell for docker2vm.debug; take that word off the kernel command line", NULL);
}

/** The words of the command, the first as it was given. */
static void command_words(const struct settings *settings, struct words *words) {
  *words = (struct words){0};
  if (settings->debug) {
    add_word(words, find_shell());
    return;
  }
  for (size_t i = 0; i < settings->entrypoint.count; i++) add_word(words, settings->entrypoint.items[i]);
  for (size_t i = 0; i < settings->cmd.count; i++) add_word(words, settings->cmd.items[i]);
  if (words->count == 0) fail("the image has no command, and none was given" COMMAND_ADVICE, NULL);
}

void execute(const char *path, const char **arguments, const struct words *environment,
             const char *advice) {
  static const char *const NONE[] = {NULL};
  const char *const *variables = environment->count == 0 ? NONE : environment->items;
  long result = system_call(execve, path, arguments, variables);
  bool missing = result == -ENOENT;
  fail_with(missing ? STATUS_MISSING : STATUS_REFUSED, "the command '", arguments[0],
            missing ? "', or what it is to be run by, is not there" : "' cannot be executed",
            missing ? "" : error_text(result), advice, NULL);
}

void become_workload(const struct settings *settings) {
  struct words command;
  command_words(settings, &command);
  struct identity identity;
  resolve_identity(settings->debug ? "" : settings->user, &identity);
  struct words environment;
  build_environment(settings, identity.home, is_terminal(0), &environment);
  system_call(umask, 022);
  raise_limits(settings);
  const char *directory = settings->debug ? "/" : settings->working_directory;
  bool entered = enter(directory);
  give_streams(identity.uid);
  become(&identity);
  if (!entered) {
    long result = system_call(chdir, directory);
    if (result < 0) {
      fail("the user is not let into the working directory ", directory, error_text(result), DIRECTORY_ADVICE,
           NULL);
    }
  }
  const char *path = find_command(command.items[0], variable(&environment, "PATH"));
  execute(path, command.items, &environment, COMMAND_ADVICE);
}
