/* A disk that fails, and a log of what was asked of it: preloaded into a process (LD_PRELOAD) whose files it watches.

   Idle until `disk_watch` is called, through ctypes. From then on every call that changes something below one folder is
   counted, and the N-th of those that the fault concerns goes wrong; `disk_heal` ends that. With a log, each call that
   was carried out is written there with its offset and bytes, and `disk_mark` puts words of a test between them.
   Calls go to the kernel directly, so nothing here depends on which variant of a function the C library has. Nothing is
   really flushed, which would take long: what a disk has kept is for the reader of the log to decide. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#if __SIZEOF_LONG__ != 8
#error "offsets are passed to the kernel in one register"
#endif

enum { CREATE = 1, WRITE = 2, RESIZE = 4, SYNC = 8, NAME = 16, ALL = 31 };

/* What goes wrong: which calls it concerns, the error it gives, and whether it goes on. */
static const struct fault { int concerns, error, lasts; } FAULTS[] = {
    {0, 0, 0},                                   /* 0 well: nothing */
    {CREATE | WRITE | RESIZE | NAME, ENOSPC, 1}, /* 1 full: no more space, until healed */
    {ALL, EIO, 0},                               /* 2 broken: one call fails */
    {WRITE, 0, 0},                               /* 3 short: one write takes half of what it is given */
    {SYNC, EIO, 0},                              /* 4 unsynced: one flush of a file fails, the next succeeds */
    {ALL, 0, 0},                                 /* 5 dead: the process ends before the call */
    {WRITE, 0, 0},                               /* 6 torn: the process ends in the middle of a write */
};
enum { UNSYNCED = 4, DEAD = 5, TORN = 6 };
enum { FILE_OF_OURS = 1, FOLDER_OF_OURS = 2 };

/* How the log tells what was done; see powercut.py, which reads it. */
struct entry { char what[8]; int32_t pid, fd; int64_t offset, length; };

static char folder[4096];
static int fault, nth, count, log_file = -1;
static char watched[4096]; /* by file descriptor */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int below(const char *path) {
    size_t length = strlen(folder);
    return length && !strncmp(path, folder, length) && (path[length] == '/' || !path[length]);
}

static int ours(int fd) { return fd >= 0 && fd < (int)sizeof watched && watched[fd]; }

/* One call at a time in all processes that share a log: its order is the order of what was done. */
static void enter(void) {
    pthread_mutex_lock(&lock);
    if (log_file >= 0) flock(log_file, LOCK_EX);
}

static long leave(long result) {
    int error = errno;
    if (log_file >= 0) flock(log_file, LOCK_UN);
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

static void note(const char *what, int fd, int64_t offset, const void *bytes, int64_t length) {
    if (log_file < 0) return;
    int error = errno;
    struct entry entry = {"", getpid(), fd, offset, length};
    snprintf(entry.what, sizeof entry.what, "%s", what);
    struct iovec parts[] = {{&entry, sizeof entry}, {(void *)bytes, length}};
    if (syscall(SYS_writev, log_file, parts, 2) != (long)sizeof entry + length) abort();
    errno = error;
}

/* Whether this call goes wrong; if so with an error, unless the fault is about writes, which look themselves. */
static int struck(int kind) {
    if (!(FAULTS[fault].concerns & kind)) return 0;
    count++;
    if (count < nth || (count > nth && !FAULTS[fault].lasts)) return 0;
    if (fault == DEAD) _exit(137);
    errno = FAULTS[fault].error;
    return 1;
}

/* What is done in `call`, if nothing goes wrong, and then noted. */
#define CALL(kind, call, ...)                                                                                          \
    enter();                                                                                                           \
    if (struck(kind)) return leave(-1);                                                                                \
    long result = call;                                                                                                \
    if (result >= 0) note(__VA_ARGS__);                                                                                \
    return leave(result)

/* For tests ------------------------------------------------------------------------------------------------------- */

void disk_watch(const char *path, int what, int number, const char *log_path) {
    snprintf(folder, sizeof folder, "%s", path);
    fault = what, nth = number, count = 0;
    if (*log_path) log_file = syscall(SYS_openat, AT_FDCWD, log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

/* Answers how many calls the fault concerned. */
int disk_heal(void) { return fault = 0, count; }

void disk_mark(const char *words) { enter(), note("mark", -1, 0, words, strlen(words)), leave(0); }

/* Files ----------------------------------------------------------------------------------------------------------- */

static int open_file(const char *path, int flags, mode_t mode) {
    if (!below(path)) return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    struct stat found;
    enter();
    int new = (flags & O_CREAT) && stat(path, &found) < 0;
    if (new && struck(CREATE)) return leave(-1);
    int fd = syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    if (fd >= (int)sizeof watched) abort();
    if (fd >= 0) {
        watched[fd] = fstat(fd, &found) == 0 && S_ISDIR(found.st_mode) ? FOLDER_OF_OURS : FILE_OF_OURS;
        note(new ? "create" : "open", fd, 0, path, strlen(path));
        if (flags & O_TRUNC) note("resize", fd, 0, "", 0);
    }
    return leave(fd);
}

#define OPEN(name)                                                                                                     \
    int name(const char *path, int flags, ...) {                                                                       \
        va_list more;                                                                                                  \
        va_start(more, flags);                                                                                         \
        mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;                                                      \
        va_end(more);                                                                                                  \
        return open_file(path, flags, mode);                                                                           \
    }
OPEN(open)
OPEN(open64)

int close(int fd) {
    if (!ours(fd)) return syscall(SYS_close, fd);
    enter();
    watched[fd] = 0;
    note("close", fd, 0, "", 0);
    return leave(syscall(SYS_close, fd));
}

/* Half of what is to be written, when this is the write that goes wrong. */
static long torn(size_t size) {
    int before = errno, hit = struck(WRITE);
    if (!hit) return size;
    if (errno != 0) return -1;
    errno = before;
    return size / 2;
}

static ssize_t written(int fd, const void *bytes, size_t size, int64_t offset) {
    enter();
    long granted = torn(size);
    if (granted < 0) return leave(-1);
    long done = offset < 0 ? syscall(SYS_write, fd, bytes, granted) : syscall(SYS_pwrite64, fd, bytes, granted, offset);
    if (done >= 0) note("write", fd, offset < 0 ? lseek(fd, 0, SEEK_CUR) - done : offset, bytes, done);
    if (granted < (long)size && fault == TORN) _exit(137);
    return leave(done);
}

ssize_t write(int fd, const void *bytes, size_t size) {
    return ours(fd) ? written(fd, bytes, size, -1) : syscall(SYS_write, fd, bytes, size);
}

#define PWRITE(name)                                                                                                   \
    ssize_t name(int fd, const void *bytes, size_t size, off_t offset) {                                               \
        return ours(fd) ? written(fd, bytes, size, offset) : syscall(SYS_pwrite64, fd, bytes, size, offset);           \
    }
PWRITE(pwrite)
PWRITE(pwrite64)

#define FTRUNCATE(name)                                                                                                \
    int name(int fd, off_t size) {                                                                                     \
        if (!ours(fd)) return syscall(SYS_ftruncate, fd, size);                                                        \
        CALL(RESIZE, syscall(SYS_ftruncate, fd, size), "resize", fd, size, "", 0);                                     \
    }
FTRUNCATE(ftruncate)
FTRUNCATE(ftruncate64)

#define FLUSH(name)                                                                                                    \
    int name(int fd) {                                                                                                 \
        if (!ours(fd)) return syscall(SYS_##name, fd);                                                                 \
        enter();                                                                                                       \
        int lost = (fault != UNSYNCED || watched[fd] == FILE_OF_OURS) && struck(SYNC);                                 \
        note(lost ? "lost" : "flush", fd, 0, "", 0);                                                                   \
        return leave(lost ? -1 : 0);                                                                                   \
    }
FLUSH(fsync)
FLUSH(fdatasync)

/* Ways to change a file that are not told apart here: nobody may use them unseen. The index of SQLite's log is mapped,
   and made anew after a crash. */
static void refuse(int fd, const char *what) {
    char link[64], path[4096] = "";
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    if (readlink(link, path, sizeof path - 1) > 4 && !strcmp(path + strlen(path) - 4, "-shm")) return;
    fprintf(stderr, "%s: changed through %s, which disk.c does not know\n", path, what);
    abort();
}

#define MMAP(name)                                                                                                     \
    void *name(void *address, size_t size, int protection, int flags, int fd, off_t offset) {                          \
        if (ours(fd) && (flags & MAP_SHARED) && (protection & PROT_WRITE)) refuse(fd, "mmap");                         \
        return (void *)syscall(SYS_mmap, address, size, protection, flags, fd, offset);                                \
    }
MMAP(mmap)
MMAP(mmap64)

ssize_t writev(int fd, const struct iovec *parts, int number) {
    if (ours(fd)) refuse(fd, "writev");
    return syscall(SYS_writev, fd, parts, number);
}

int fallocate(int fd, int mode, off_t offset, off_t size) {
    if (ours(fd)) refuse(fd, "fallocate");
    return syscall(SYS_fallocate, fd, mode, offset, size);
}

/* Names ----------------------------------------------------------------------------------------------------------- */

int rename(const char *from, const char *to) {
    char both[8192];
    if (!below(to)) return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    int length = snprintf(both, sizeof both, "%s%c%s", from, 0, to);
    CALL(NAME, syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0), "rename", -1, 0, both, length);
}

#define REMOVE(name, flag)                                                                                             \
    int name(const char *path) {                                                                                       \
        if (!below(path)) return syscall(SYS_unlinkat, AT_FDCWD, path, flag);                                          \
        CALL(NAME, syscall(SYS_unlinkat, AT_FDCWD, path, flag), flag ? "rmdir" : "unlink", -1, 0, path, strlen(path)); \
    }
REMOVE(unlink, 0)
REMOVE(remove, 0)
REMOVE(rmdir, AT_REMOVEDIR)

int mkdir(const char *path, mode_t mode) {
    if (!below(path)) return syscall(SYS_mkdirat, AT_FDCWD, path, mode);
    CALL(CREATE, syscall(SYS_mkdirat, AT_FDCWD, path, mode), "mkdir", -1, 0, path, strlen(path));
}
