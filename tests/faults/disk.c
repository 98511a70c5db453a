/* A bad disk under a server, by LD_PRELOAD: what it writes to regular files obeys the files in the folder $URNA_DISK.
 *
 *   slow         holds a number of milliseconds: each sync takes so much longer
 *   full         each write fails with ENOSPC
 *   kill-before  the next process to sync is killed before it does (and the file is removed)
 *   kill-after   the next process to sync is killed right after it did
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static char *order(const char *name, char *path) {
    const char *folder = getenv("URNA_DISK");
    if (!folder) return NULL;
    snprintf(path, 4096, "%s/%s", folder, name);
    return path;
}

static int is_full(int file) {
    char path[4096];
    struct stat found;
    int kept = errno;
    int full = order("full", path) && access(path, F_OK) == 0 && fstat(file, &found) == 0 && S_ISREG(found.st_mode);
    errno = full ? ENOSPC : kept;
    return full;
}

static void die(const char *name) {
    char path[4096];
    int kept = errno;
    if (order(name, path) && unlink(path) == 0) kill(getpid(), SIGKILL);
    errno = kept;
}

static void wait_for_disk(void) {
    char path[4096];
    int kept = errno, milliseconds = 0;
    FILE *slow = order("slow", path) ? fopen(path, "r") : NULL;
    if (slow) {
        if (fscanf(slow, "%d", &milliseconds) == 1) usleep(milliseconds * 1000);
        fclose(slow);
    }
    errno = kept;
}

#define SYNC(name) \
    int name(int file) { \
        die("kill-before"); \
        wait_for_disk(); \
        int result = NEXT(name)(file); \
        die("kill-after"); \
        return result; \
    }

SYNC(fsync)
SYNC(fdatasync)

ssize_t write(int file, const void *data, size_t size) {
    return is_full(file) ? -1 : NEXT(write)(file, data, size);
}

ssize_t pwrite(int file, const void *data, size_t size, off_t at) {
    return is_full(file) ? -1 : NEXT(pwrite)(file, data, size, at);
}

ssize_t pwritev(int file, const struct iovec *data, int count, off_t at) {
    return is_full(file) ? -1 : NEXT(pwritev)(file, data, count, at);
}

int posix_fallocate(int file, off_t at, off_t size) {
    return is_full(file) ? ENOSPC : NEXT(posix_fallocate)(file, at, size);
}
