#include "accounts.h"
#include "files.h"
#include "report.h"
#include "text.h"

#define MOST_FIELDS 7
/** The largest id that container runtimes take. */
#define LARGEST_ID 0x7fffffff
#define ADVICE "; give another one: --user when converting, docker2vm.user= on the kernel command line"

/** /etc/passwd is name:password:uid:gid:comment:home:shell, /etc/group is name:password:gid:members. */
enum { NAME = 0, PASSWD_UID = 2, PASSWD_GID = 3, PASSWD_HOME = 5, GROUP_GID = 2, GROUP_MEMBERS = 3 };

/** The lines of such a file, one after the other. */
struct lines {
  char *next;
  const char *fields[MOST_FIELDS];
};

static void open_lines(struct lines *lines, const char *path) {
  struct bytes file;
  lines->next = read_file(path, &file) == 0 ? file.data : NULL;
}

/** The next line's text without blanks around it; NULL at the end. */
static char *next_text(struct lines *lines) {
  if (lines->next == NULL || *lines->next == '\0') return NULL;
  char *text = lines->next;
  char *end = text;
  while (*end != '\n' && *end != '\0') end++;
  lines->next = end + (*end == '\0' ? 0 : 1);
  while (end > text && is_blank(end[-1])) end--;
  *end = '\0';
  while (is_blank(*text)) text++;
  return text;
}

/** A missing field is empty, an empty line is none. False at the end. */
static bool next_line(struct lines *lines) {
  char *text = next_text(lines);
  while (text != NULL && *text == '\0') text = next_text(lines);
  if (text == NULL) return false;
  for (int i = 0; i < MOST_FIELDS; i++) {
    lines->fields[i] = text;
    while (*text != ':' && *text != '\0') text++;
    if (*text == ':') *text++ = '\0';
  }
  return true;
}

/** A decimal number, signed if it likes, as Go's strconv.Atoi takes it. One that is too large is LARGEST_ID + 1. */
static bool parse_id(const char *text, uint64_t *id) {
  bool negative = *text == '-';
  if (*text == '-' || *text == '+') text++;
  if (*text == '\0') return false;
  uint64_t value = 0;
  for (; *text != '\0'; text++) {
    if (*text < '0' || *text > '9') return false;
    value = value * 10 + (uint64_t)(*text - '0');
    if (value > LARGEST_ID) value = (uint64_t)LARGEST_ID + 1;
  }
  *id = negative && value > 0 ? (uint64_t)LARGEST_ID + 1 : value;
  return true;
}

/** A number that is none is 0. */
static uint64_t id_field(const char *text) {
  uint64_t id = 0;
  parse_id(text, &id);
  return id;
}

static uint32_t checked(uint64_t id, const char *user) {
  if (id <= LARGEST_ID) return (uint32_t)id;
  fail("the user '", user, "' has an id that is none: they are 0 to 2147483647" ADVICE, NULL);
}

static bool is_member(const char *members, const char *name) {
  for (;;) {
    const char *rest = after(name, members);
    if (rest != NULL && (*rest == ',' || *rest == '\0')) return true;
    while (*members != ',' && *members != '\0') members++;
    if (*members == '\0') return false;
    members++;
  }
}

static void add_group(struct identity *identity, uint32_t gid) {
  for (size_t i = 0; i < identity->group_count; i++) {
    if (identity->groups[i] == gid) return;
  }
  if (identity->group_count == GROUPS) fail("the user is in more than 1024 groups" ADVICE, NULL);
  identity->groups[identity->group_count++] = gid;
}

/** Lines that begin with "#" are comments in this file alone. An account without a name is a member of nothing. */
static void add_memberships(struct identity *identity, const char *account, const char *user) {
  struct lines lines;
  open_lines(&lines, "/etc/group");
  while (*account != '\0' && next_line(&lines)) {
    if (*lines.fields[NAME] == '#' || !is_member(lines.fields[GROUP_MEMBERS], account)) continue;
    add_group(identity, checked(id_field(lines.fields[GROUP_GID]), user));
  }
}

static uint64_t group_id(const char *group) {
  uint64_t id;
  if (parse_id(group, &id)) return id;
  struct lines lines;
  open_lines(&lines, "/etc/group");
  while (next_line(&lines)) {
    if (*lines.fields[NAME] == '#' || !same(lines.fields[NAME], group)) continue;
    return id_field(lines.fields[GROUP_GID]);
  }
  fail("/etc/group has no group '", group, "'" ADVICE, NULL);
}

/** Of the first account with this uid, empty where that has none; "/" without one. */
static const char *home_of(uint64_t uid) {
  struct lines lines;
  open_lines(&lines, "/etc/passwd");
  while (next_line(&lines)) {
    if (id_field(lines.fields[PASSWD_UID]) != uid) continue;
    return lines.fields[PASSWD_HOME];
  }
  return "/";
}

/** The USER and the GROUP of a text; further colons and what follows them mean nothing. */
static void part(const char *text, const char **user, const char **group) {
  char *copy = (char *)joined(text, "", "");
  *user = copy;
  *group = "";
  while (*copy != ':' && *copy != '\0') copy++;
  if (*copy == '\0') return;
  *copy++ = '\0';
  *group = copy;
  while (*copy != ':' && *copy != '\0') copy++;
  *copy = '\0';
}

void resolve_identity(const char *text, struct identity *identity) {
  const char *user;
  const char *group;
  part(text, &user, &group);
  uint64_t uid = 0;
  bool numeric = *user == '\0' || parse_id(user, &uid);
  uint64_t gid = 0;
  const char *account = NULL;
  struct lines lines;
  open_lines(&lines, "/etc/passwd");
  while (account == NULL && next_line(&lines)) {
    uint64_t lines_uid = id_field(lines.fields[PASSWD_UID]);
    if (numeric ? lines_uid != uid : !same(lines.fields[NAME], user)) continue;
    account = lines.fields[NAME];
    uid = lines_uid;
    gid = id_field(lines.fields[PASSWD_GID]);
  }
  if (account == NULL && !numeric) fail("/etc/passwd has no user '", user, "'" ADVICE, NULL);
  if (*group != '\0') gid = group_id(group);
  identity->uid = checked(uid, text);
  identity->gid = checked(gid, text);
  identity->group_count = 0;
  add_group(identity, identity->gid);
  if (account != NULL && *group == '\0') add_memberships(identity, account, text);
  identity->home = home_of(uid);
}

static void check_set(const char *what, long result) {
  if (result == 0) return;
  fail("the user's ", what, " cannot be set", error_text(result), "; this program must run as root", NULL);
}

void become(const struct identity *identity) {
  uint32_t gid = identity->gid;
  uint32_t uid = identity->uid;
  check_set("groups", system_call(setgroups, identity->group_count, identity->groups));
  check_set("gid", system_call(setresgid, gid, gid, gid));
  check_set("uid", system_call(setresuid, uid, uid, uid));
}
