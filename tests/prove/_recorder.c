/* Stands between a program and its disk (ld.so(8), LD_PRELOAD): writes down what reaches the files of one folder, in the order
   in which the kernel took it, and can let a chosen call fail. Built at run time by tests/prove/_recorder.py.

   RECORDER_FOLDER: the folder that is watched, without a link in its path. RECORDER_TRACE: where the record goes; none is kept
   without it. A record is a head of 32 octets and then `size` octets: what was written, or a path, or two with a zero between. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

enum { OPEN = 1, CLOSE, WRITE, TRUNCATE, SYNC, RENAME, UNLINK, MARK, MKDIR, LINK };
enum { FDS = 4096 };

struct head {
    uint32_t op;
    int32_t fd;
    uint64_t at; /* offset of a write, size after a truncation, flags of an open */
    uint32_t size;
    int32_t result; /* 0 or -errno */
    uint64_t only_data; /* 1 for fdatasync */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char folder[4096];
static size_t folder_length;
static int trace = -1;
static unsigned char watched[FDS]; /* 1 a file, 2 a folder */

static long counted, fail_from, fail_to;
static int fail_with;
static int full_fd = -1; /* took a part of its last write: the rest finds no room */

static int (*real_open)(const char *, int, ...);
static int (*real_openat)(int, const char *, int, ...);
static int (*real_close)(int);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off64_t);
static int (*real_ftruncate)(int, off64_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_rename)(const char *, const char *);
static int (*real_link)(const char *, const char *);
static int (*real_unlink)(const char *);
static int (*real_mkdir)(const char *, mode_t);

__attribute__((constructor)) static void begin(void)
{
    real_open = dlsym(RTLD_NEXT, "open64");
    real_openat = dlsym(RTLD_NEXT, "openat64");
    real_close = dlsym(RTLD_NEXT, "close");
    real_write = dlsym(RTLD_NEXT, "write");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_rename = dlsym(RTLD_NEXT, "rename");
    real_link = dlsym(RTLD_NEXT, "link");
    real_unlink = dlsym(RTLD_NEXT, "unlink");
    real_mkdir = dlsym(RTLD_NEXT, "mkdir");
    const char *where = getenv("RECORDER_FOLDER");
    if (where && strlen(where) < sizeof folder - 1) {
        strcpy(folder, where);
        folder_length = strlen(folder);
    }
    const char *path = getenv("RECORDER_TRACE");
    if (path && folder_length)
        trace = real_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void put(const void *data, size_t size)
{
    const char *left = data;
    while (size) {
        ssize_t done = syscall(SYS_write, trace, left, size);
        if (done <= 0)
            abort(); /* half a record would prove anything */
        left += done;
        size -= (size_t)done;
    }
}

static void record(uint32_t op, int fd, uint64_t at, const void *data, size_t size, int result, uint64_t only_data)
{
    if (trace < 0)
        return;
    struct head head = {op, fd, at, (uint32_t)size, result, only_data};
    put(&head, sizeof head);
    if (size)
        put(data, size);
}

static void record_two(uint32_t op, const char *one, const char *other, int result)
{
    char both[8192];
    size_t first = strlen(one) + 1, second = strlen(other);
    if (first + second > sizeof both)
        abort();
    memcpy(both, one, first);
    memcpy(both + first, other, second);
    record(op, -1, 0, both, first + second, result, 0);
}

static int is_inside(const char *path)
{
    return folder_length && path && !strncmp(path, folder, folder_length)
           && (path[folder_length] == '/' || !path[folder_length]);
}

static int is_watched(int fd)
{
    return fd >= 0 && fd < FDS && watched[fd];
}

/* Whether this call is one that is to fail. Call it under the lock. */
static int fails(void)
{
    counted++;
    return fail_from && counted >= fail_from && counted <= fail_to ? fail_with : 0;
}

/* What a program asks of its recorder, through ctypes. */

long recorder_count(void)
{
    return counted;
}

/* From now on let calls number `from` to `to` fail with this error; 0 for none. Counting begins anew. */
void recorder_fail(long from, long to, int with)
{
    pthread_mutex_lock(&lock);
    counted = 0;
    fail_from = from;
    fail_to = to;
    fail_with = with;
    full_fd = -1;
    pthread_mutex_unlock(&lock);
}

void recorder_mark(const char *text)
{
    pthread_mutex_lock(&lock);
    record(MARK, -1, 0, text, strlen(text), 0, 0);
    pthread_mutex_unlock(&lock);
}

static int opened(const char *path, int flags, mode_t mode, int from)
{
    if (!is_inside(path) || from != AT_FDCWD)
        return real_openat(from, path, flags, mode);
    pthread_mutex_lock(&lock);
    int wrong = flags & O_CREAT ? fails() : 0;
    int fd = -1;
    if (wrong)
        errno = wrong;
    else
        fd = real_open(path, flags, mode);
    int said = errno;
    if (fd >= 0) {
        struct stat is;
        if (fd >= FDS || fstat(fd, &is))
            abort();
        watched[fd] = S_ISDIR(is.st_mode) ? 2 : 1;
        record(OPEN, fd, (uint64_t)flags, path, strlen(path), 0, 0);
    }
    pthread_mutex_unlock(&lock);
    errno = said;
    return fd;
}

static mode_t mode_of(int flags, va_list rest)
{
    return flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0;
}

#define OPENS(name, before, from)                                                                                  \
    int name(before const char *path, int flags, ...)                                                              \
    {                                                                                                              \
        va_list rest;                                                                                              \
        va_start(rest, flags);                                                                                     \
        mode_t mode = mode_of(flags, rest);                                                                        \
        va_end(rest);                                                                                              \
        return opened(path, flags, mode, from);                                                                    \
    }
#define NOTHING
#define PLACE int place,
OPENS(open, NOTHING, AT_FDCWD)
OPENS(open64, NOTHING, AT_FDCWD)
OPENS(openat, PLACE, place)
OPENS(openat64, PLACE, place)

int close(int fd)
{
    if (!is_watched(fd))
        return real_close(fd);
    pthread_mutex_lock(&lock);
    watched[fd] = 0;
    if (full_fd == fd)
        full_fd = -1;
    record(CLOSE, fd, 0, NULL, 0, 0, 0);
    int result = real_close(fd);
    pthread_mutex_unlock(&lock);
    return result;
}

/* `at` below 0: where the file stands. */
static ssize_t written(int fd, const void *data, size_t size, off64_t at)
{
    if (!is_watched(fd))
        return at < 0 ? real_write(fd, data, size) : real_pwrite(fd, data, size, at);
    pthread_mutex_lock(&lock);
    int wrong = full_fd == fd ? ENOSPC : fails();
    if (full_fd == fd)
        full_fd = -1;
    else if (wrong == ENOSPC && size > 1) {
        /* A disk that runs full takes what it has room for, and tells at the next call (write(2)). */
        full_fd = fd;
        wrong = 0;
        size /= 2;
    }
    ssize_t done = -1;
    if (wrong)
        errno = wrong;
    else
        done = at < 0 ? real_write(fd, data, size) : real_pwrite(fd, data, size, at);
    int said = errno;
    if (done > 0) {
        off64_t began = at < 0 ? lseek64(fd, 0, SEEK_CUR) - done : at;
        record(WRITE, fd, (uint64_t)began, data, (size_t)done, 0, 0);
    }
    pthread_mutex_unlock(&lock);
    errno = said;
    return done;
}

ssize_t write(int fd, const void *data, size_t size)
{
    return written(fd, data, size, -1);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
    return written(fd, data, size, at);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
    return written(fd, data, size, at);
}

int ftruncate64(int fd, off64_t size)
{
    if (!is_watched(fd))
        return real_ftruncate(fd, size);
    pthread_mutex_lock(&lock);
    int wrong = fails(), result = -1;
    if (wrong)
        errno = wrong;
    else
        result = real_ftruncate(fd, size);
    int said = errno;
    if (!result)
        record(TRUNCATE, fd, (uint64_t)size, NULL, 0, 0, 0);
    pthread_mutex_unlock(&lock);
    errno = said;
    return result;
}

int ftruncate(int fd, off_t size)
{
    return ftruncate64(fd, size);
}

static int synced(int fd, int only_data)
{
    int (*real)(int) = only_data ? real_fdatasync : real_fsync;
    if (!is_watched(fd))
        return real(fd);
    pthread_mutex_lock(&lock);
    int wrong = fails(), result = -1;
    if (wrong)
        errno = wrong;
    else
        /* The disk beneath is not what is tried here, and a real sync takes most of the time. */
        result = 0;
    record(SYNC, fd, 0, NULL, 0, -wrong, (uint64_t)only_data);
    pthread_mutex_unlock(&lock);
    return result;
}

int fsync(int fd)
{
    return synced(fd, 0);
}

int fdatasync(int fd)
{
    return synced(fd, 1);
}

#define MOVES(name, op, real)                                                                                      \
    int name(const char *one, const char *other)                                                                   \
    {                                                                                                              \
        if (!is_inside(one) && !is_inside(other))                                                                  \
            return real(one, other);                                                                               \
        pthread_mutex_lock(&lock);                                                                                 \
        int wrong = fails(), result = -1;                                                                          \
        if (wrong)                                                                                                 \
            errno = wrong;                                                                                         \
        else                                                                                                       \
            result = real(one, other);                                                                             \
        int said = errno;                                                                                          \
        if (!result)                                                                                               \
            record_two(op, one, other, 0);                                                                         \
        pthread_mutex_unlock(&lock);                                                                               \
        errno = said;                                                                                              \
        return result;                                                                                             \
    }
MOVES(rename, RENAME, real_rename)
MOVES(link, LINK, real_link)

static int on_path(int op, const char *path, mode_t mode)
{
    int making = op == MKDIR;
    if (!is_inside(path))
        return making ? real_mkdir(path, mode) : real_unlink(path);
    pthread_mutex_lock(&lock);
    int wrong = fails(), result = -1;
    if (wrong)
        errno = wrong;
    else
        result = making ? real_mkdir(path, mode) : real_unlink(path);
    int said = errno;
    if (!result)
        record((uint32_t)op, -1, 0, path, strlen(path), 0, 0);
    pthread_mutex_unlock(&lock);
    errno = said;
    return result;
}

int unlink(const char *path)
{
    return on_path(UNLINK, path, 0);
}

int mkdir(const char *path, mode_t mode)
{
    return on_path(MKDIR, path, mode);
}
