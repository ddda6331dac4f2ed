/* Limits of the process, and calls that the system refuses. native: a filter of system calls would refuse them to
 * valgrind, too. */
#include "check.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/syscall.h>

/* From now on this call fails in this process. */
static void refuse_call(int call, int errno_) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)errno_),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

static void limit(int resource, rlim_t to) {
    struct rlimit limit;
    CHECK(getrlimit(resource, &limit) == 0);
    limit.rlim_cur = to;
    CHECK(setrlimit(resource, &limit) == 0);
}

/* A process of its own for this work. */
static void child(void (*work)(void)) {
    pid_t child = forked();
    if (child == 0) {
        work();
        fflush(stdout);
        _exit(0);
    }
    ended_well(child);
}

static void no_channel(ackcast_status_t wanted) {
    ackcast_channel_t *channel;
    EXPECT(wanted, ackcast_create(named("limits"), NULL, &channel));
    CHECK(channel == NULL);
}

static void no_consumer(ackcast_status_t wanted) {
    ackcast_consumer_t *consumer;
    EXPECT(wanted, ackcast_consumer_attach(named("there"), NULL, &consumer));
    CHECK(consumer == NULL);
}

static void descriptors(void) {
    ackcast_consumer_t *consumer = consumer_of("there");
    ackcast_producer_t *producer = producer_of("there");
    ackcast_names_t *names;
    limit(RLIMIT_NOFILE, 3);
    no_channel(ACKCAST_LIMIT_DESCRIPTORS);
    CHECK(number("limit") == 3);
    no_consumer(ACKCAST_LIMIT_DESCRIPTORS);
    EXPECT(ACKCAST_SYSTEM, ackcast_list(&names));
    CHECK(number("errno") == EMFILE && names == NULL);
    EXPECT(ACKCAST_LIMIT_DESCRIPTORS, ackcast_consumer_into_event(consumer));
    EXPECT(ACKCAST_DETACHED, ackcast_consumer_into_event(consumer));
    EXPECT(ACKCAST_SYSTEM, ackcast_producer_into_event(producer));
    EXPECT(ACKCAST_DETACHED, ackcast_send(producer, "x", 1, LONG));
    OK(ackcast_producer_free(producer));
    OK(ackcast_consumer_free(consumer));
}

static void file_size(void) {
    limit(RLIMIT_FSIZE, 100);
    no_channel(ACKCAST_LIMIT_FILE_SIZE);
    CHECK(number("limit") == 100 && number("bytes") > 100);
}

/* The system refuses to open a file. */
static void files(void) { refuse_call(SYS_openat, ENFILE), no_channel(ACKCAST_LIMIT_FILES); }
static void inodes(void) { refuse_call(SYS_openat, ENOSPC), no_channel(ACKCAST_LIMIT_INODES); }
static void quota(void) {
    refuse_call(SYS_openat, EDQUOT);
    no_channel(ACKCAST_LIMIT_QUOTA);
    CHECK(number("user") == geteuid());
}
static void permission(void) { refuse_call(SYS_openat, EACCES), no_channel(ACKCAST_LIMIT_PERMISSION); }
static void system_error(void) {
    refuse_call(SYS_openat, EIO);
    no_channel(ACKCAST_SYSTEM);
    CHECK(number("errno") == EIO);
}
static void locks(void) { refuse_call(SYS_fcntl, ENOLCK), no_channel(ACKCAST_LIMIT_LOCKS); }
static void space(void) {
    refuse_call(SYS_fallocate, ENOSPC);
    no_channel(ACKCAST_NO_SPACE);
    CHECK(number("bytes") > 1024);
}
#ifndef __SANITIZE_ADDRESS__
static void memory(void) { refuse_call(SYS_mmap, ENOMEM), no_channel(ACKCAST_LIMIT_MEMORY); }
static void locked_memory(void) { refuse_call(SYS_mmap, EAGAIN), no_channel(ACKCAST_LIMIT_LOCKED_MEMORY); }
#endif
/* A process that has made no such call yet: one that has is aborted, because its channels would become corrupt. */
static void membarrier(void) {
    refuse_call(SYS_membarrier, EPERM);
    execl("/proc/self/exe", "limits", prefix, "no membarrier", (char *)NULL);
    failed(__FILE__, __LINE__, "execl", strerror(errno));
}

static void liveness(void) {
    ackcast_producer_t *producer = producer_of("there");
    bool lost;
    ackcast_channel_t *channel;
    OK(ackcast_open(named("there"), &channel));
    refuse_call(SYS_fcntl, EPERM);
    EXPECT(ACKCAST_LIVENESS_UNKNOWN, ackcast_channel_producers_lost(channel, &lost));
    CHECK(number("errno") == EPERM);
    free_all(channel, producer, NULL);
}

/* /proc says nothing of the namespace. */
static void namespace(void) {
    ackcast_settings_t settings;
    ackcast_channel_t *channel;
    OK(ackcast_settings_default(&settings));
    settings.backend = ACKCAST_BACKEND_RAW_SYNC;
    refuse_call(SYS_newfstatat, EACCES);
    EXPECT(ACKCAST_UNKNOWN_PID_NAMESPACE, ackcast_create(named("limits"), &settings, &channel));
}

int main(int argc, char **argv) {
    begin(argc, argv);
    if (argc == 3) {
        no_consumer(ACKCAST_NO_MEMBARRIER);
        return 0;
    }
    ackcast_channel_t *channel = created("there", 1);
    void (*all[])(void) = {descriptors, file_size, files, inodes, quota, permission, system_error, locks, space,
#ifndef __SANITIZE_ADDRESS__ /* which needs memory, too */
                           memory, locked_memory,
#endif
                           membarrier, liveness, namespace};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        child(all[i]);
    }
    OK(ackcast_channel_free(channel));
    return 0;
}
