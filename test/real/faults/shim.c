/*
 * Preloaded into one Linux process (LD_PRELOAD), it counts what the process does to the files
 * below a folder, to its sockets and to its stdout, and makes one of these operations fail.
 *
 *   AIAUTH_FAULT_PREFIX  the folder
 *   AIAUTH_FAULT_LOG     a file that gets one line for each operation:
 *                        number, operation, errno (0: done), bytes, path below the folder
 *   AIAUTH_FAULT_AT      number of the operation that fails
 *   AIAUTH_FAULT_ALSO    operations, each with a blank on both sides: all such after it fail too
 *   AIAUTH_FAULT_KIND    kill-before, kill-after, stop-before, short-write, short-write-then-kill,
 *                        EIO, ENOSPC, EACCES or EROFS
 *
 * Children inherit none of it. Node's libuv calls these functions of libc for all synchronous
 * file work; its network goes through read, write and writev.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))real(#name))
#define WRITES (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)
#define FILES 1024

static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

static char folder[4096];
static const char *kind = "";
static const char *also = "";
static long first_fault = -1, operations;
static int log_file = -1, fault_errno;
static char *paths[FILES];
static int modes[FILES];

static const struct {
  const char *name;
  int number;
} ERRORS[] = {{"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EACCES", EACCES}, {"EROFS", EROFS}};

static char *take(const char *name) {
  const char *value = getenv(name);
  char *copy = value ? strdup(value) : NULL;
  unsetenv(name);
  return copy;
}

__attribute__((constructor)) static void begin(void) {
  char *prefix = take("AIAUTH_FAULT_PREFIX"), *log = take("AIAUTH_FAULT_LOG");
  char *at = take("AIAUTH_FAULT_AT"), *more = take("AIAUTH_FAULT_ALSO"), *what = take("AIAUTH_FAULT_KIND");
  unsetenv("LD_PRELOAD");
  if (prefix) snprintf(folder, sizeof folder, "%s", prefix);
  if (log) log_file = REAL(open)(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (at) first_fault = atol(at);
  if (more) also = more;
  if (what) kind = what;
  for (size_t i = 0; i < sizeof ERRORS / sizeof *ERRORS; i++)
    if (!strcmp(kind, ERRORS[i].name)) fault_errno = ERRORS[i].number;
}

/* The path below the folder, "." for itself, NULL for any other. */
static const char *below(const char *path) {
  size_t length = strlen(folder);
  if (!path || !length || strncmp(path, folder, length)) return NULL;
  return path[length] == '/' ? path + length + 1 : path[length] ? NULL : ".";
}

static const char *known(int file) { return file >= 0 && file < FILES ? paths[file] : NULL; }

static bool is_kind(const char *word) { return operations == first_fault && !strcmp(kind, word); }

static bool is_one_more(const char *operation) {
  char word[32];
  snprintf(word, sizeof word, " %s ", operation);
  return first_fault >= 0 && operations > first_fault && strstr(also, word);
}

static void note(const char *operation, int failure, long bytes, const char *path) {
  char line[8400];
  int length = snprintf(line, sizeof line, "%ld %s %d %ld %s\n", operations, operation, failure, bytes, path);
  if (log_file >= 0 && REAL(write)(log_file, line, (size_t)length) < 0) abort();
}

/* Before an operation: counts it. True when it must fail, with errno set. */
static bool fails(const char *operation, const char *path) {
  operations++;
  if (operations != first_fault && !is_one_more(operation)) return false;
  if (!strcmp(kind, "kill-before")) kill(getpid(), SIGKILL);
  if (!strcmp(kind, "stop-before")) kill(getpid(), SIGSTOP);
  if (!fault_errno) return false;
  note(operation, fault_errno, 0, path);
  errno = fault_errno;
  return true;
}

/* After an operation: returns its result. */
static long done(const char *operation, const char *path, long result) {
  int failure = result < 0 ? errno : 0;
  note(operation, failure, result, path);
  if (is_kind("kill-after")) kill(getpid(), SIGKILL);
  errno = failure;
  return result;
}

#define COUNTED(type, operation, path, call) \
  const char *named = path; \
  if (!named) return call; \
  if (fails(operation, named)) return (type)-1; \
  return (type)done(operation, named, (long)(call))

static int opened(const char *path, int flags, int file) {
  if (file >= 0 && file < FILES && below(path)) {
    paths[file] = strdup(below(path));
    modes[file] = flags;
  }
  return file;
}

static int open_counted(const char *path, int flags, mode_t mode) {
  const char *operation = flags & O_CREAT ? "create" : flags & WRITES ? "open-write" : "open-read";
  COUNTED(int, operation, below(path), opened(path, flags, REAL(open64)(path, flags, mode)));
}

#define OPEN(name) \
  int name(const char *path, int flags, ...) { \
    va_list rest; \
    va_start(rest, flags); \
    mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0; \
    va_end(rest); \
    return open_counted(path, flags, mode); \
  }
OPEN(open)
OPEN(open64)

/* A file of ours, stdout, or a socket; NULL for anything else. */
static const char *target(int file) {
  struct stat facts;
  if (file == 1) return "stdout";
  if (known(file)) return known(file);
  return file > 2 && !fstat(file, &facts) && S_ISSOCK(facts.st_mode) ? "socket" : NULL;
}

static const char *writing(int file) {
  return file == 1 ? "tell" : !known(file) ? "send" : modes[file] & O_CREAT ? "write" : "overwrite";
}

/* Short of all its bytes, for the two kinds that want it. */
static size_t shorter(size_t bytes) {
  if (!is_kind("short-write") && !is_kind("short-write-then-kill")) return bytes;
  return bytes / 2 < 100 ? bytes / 2 : 100;
}

static ssize_t wrote(int file, ssize_t bytes) {
  bytes = done(writing(file), target(file), bytes);
  if (is_kind("short-write-then-kill")) kill(getpid(), SIGKILL);
  return bytes;
}

ssize_t write(int file, const void *bytes, size_t length) {
  if (!target(file)) return REAL(write)(file, bytes, length);
  if (fails(writing(file), target(file))) return -1;
  return wrote(file, REAL(write)(file, bytes, shorter(length)));
}

ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t offset) {
  if (!target(file)) return REAL(pwrite64)(file, bytes, length, offset);
  if (fails(writing(file), target(file))) return -1;
  return wrote(file, REAL(pwrite64)(file, bytes, shorter(length), offset));
}

ssize_t writev(int file, const struct iovec *parts, int count) {
  COUNTED(ssize_t, writing(file), target(file), REAL(writev)(file, parts, count));
}

ssize_t read(int file, void *bytes, size_t length) {
  ssize_t got = REAL(read)(file, bytes, length);
  if (got <= 0 || known(file) || !target(file) || file == 1) return got;
  return fails("receive", "socket") ? -1 : done("receive", "socket", got);
}

/* libuv closes by the bare system call. */
long syscall(long number, ...) {
  va_list rest;
  va_start(rest, number);
  long a[6];
  for (int i = 0; i < 6; i++) a[i] = va_arg(rest, long);
  va_end(rest);
  char *path = number == SYS_close && a[0] >= 0 && a[0] < FILES ? paths[a[0]] : NULL;
  if (path) paths[a[0]] = NULL;
  long result = REAL(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  if (!path || !(modes[a[0]] & WRITES)) return result;
  COUNTED(long, "close", path, result);
}

int fsync(int file) { COUNTED(int, "sync", known(file), REAL(fsync)(file)); }
int fdatasync(int file) { COUNTED(int, "sync", known(file), REAL(fdatasync)(file)); }
int fchmod(int file, mode_t mode) { COUNTED(int, "chmod", known(file), REAL(fchmod)(file, mode)); }
int ftruncate64(int file, off64_t size) { COUNTED(int, "truncate", known(file), REAL(ftruncate64)(file, size)); }
int chmod(const char *path, mode_t mode) { COUNTED(int, "chmod", below(path), REAL(chmod)(path, mode)); }
int mkdir(const char *path, mode_t mode) { COUNTED(int, "mkdir", below(path), REAL(mkdir)(path, mode)); }
int unlink(const char *path) { COUNTED(int, "unlink", below(path), REAL(unlink)(path)); }

#define TWO_PATHS(name) \
  int name(const char *from, const char *to) { \
    char both[8192] = ""; \
    if (below(from)) snprintf(both, sizeof both, "%s -> %s", below(from), below(to) ? below(to) : to); \
    COUNTED(int, #name, *both ? both : NULL, REAL(name)(from, to)); \
  }
TWO_PATHS(rename)
TWO_PATHS(link)
