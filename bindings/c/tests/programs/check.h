/* What the test programs share. The first argument of a program is the prefix of its channels' names. A failed check
 * ends the program, and its children with it. Each status that a call was expected to return is printed once. */
#ifndef CHECK_H
#define CHECK_H

#define _GNU_SOURCE
#include <ackcast.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECOND INT64_C(1000000000)
/* A wait that ends. It is far longer than any machine needs, so that it ends only if there is a defect. */
#define LONG (60 * SECOND)

#define CHECK(condition) ((condition) ? (void)0 : failed(__FILE__, __LINE__, #condition, "does not hold"))
#define EXPECT(wanted, call) expect(__FILE__, __LINE__, #call, wanted, call)
#define OK(call) EXPECT(ACKCAST_OK, call)

static char prefix[64];

__attribute__((noreturn)) static inline void failed(const char *file, int line, const char *what, const char *why) {
    fprintf(stderr, "%s:%d: %s: %s\n", file, line, what, why);
    fflush(stdout);
    _exit(1);
}

static inline void expect(const char *file, int line, const char *call, ackcast_status_t wanted,
                          ackcast_status_t found) {
    static bool seen[128];
    if (found != wanted) {
        const char *name = ackcast_status_name(found);
        fprintf(stderr, "%s is wanted, message: %s\n", ackcast_status_name(wanted), ackcast_last_error_message());
        failed(file, line, call, name ? name : "no status");
    }
    if (wanted != ACKCAST_OK && ackcast_last_error_message()[0] == '\0') {
        failed(file, line, call, "it has no message");
    }
    if (!seen[wanted]) {
        seen[wanted] = true;
        printf("status %s\n", ackcast_status_name(wanted));
        fflush(stdout); /* no child prints it again */
    }
}

/* Checks the message of the last error. */
static inline void expect_message(const char *part) {
    if (!strstr(ackcast_last_error_message(), part)) {
        failed(part, 0, "not in the message", ackcast_last_error_message());
    }
}

/* A number of the last error. */
static inline uint64_t number(const char *name) {
    uint64_t value = 0;
    OK(ackcast_last_error_number(name, &value));
    return value;
}

static inline void begin(int argc, char **argv) {
    CHECK(argc >= 2 && strlen(argv[1]) < sizeof prefix);
    strcpy(prefix, argv[1]);
    alarm(90); /* a hang is a failure */
}

/* The channel's name of this suffix. Lives until the third call after it. */
static inline const char *named(const char *suffix) {
    static char names[4][128];
    static unsigned next;
    char *name = names[next++ % 4];
    snprintf(name, sizeof names[0], "%s-%s", prefix, suffix);
    return name;
}

/* Creates a channel. */
static inline ackcast_channel_t *created(const char *suffix, uint32_t slots) {
    ackcast_settings_t settings;
    ackcast_channel_t *channel = NULL;
    OK(ackcast_settings_default(&settings));
    settings.slots = slots;
    OK(ackcast_create(named(suffix), &settings, &channel));
    return channel;
}

static inline ackcast_producer_t *producer_of(const char *suffix) {
    ackcast_producer_t *producer = NULL;
    OK(ackcast_producer_attach(named(suffix), &producer));
    return producer;
}

static inline ackcast_consumer_t *consumer_of(const char *suffix) {
    ackcast_consumer_t *consumer = NULL;
    OK(ackcast_consumer_attach(named(suffix), NULL, &consumer));
    return consumer;
}

/* Sends a text. */
static inline void say(ackcast_producer_t *producer, const char *text) {
    OK(ackcast_send(producer, text, strlen(text), LONG));
}

/* Receives a text. */
static inline void hear(ackcast_consumer_t *consumer, const char *text) {
    char buffer[64];
    size_t len;
    OK(ackcast_recv_copy(consumer, LONG, buffer, sizeof buffer, &len));
    CHECK(len == strlen(text) && memcmp(buffer, text, len) == 0);
}

static inline void free_all(ackcast_channel_t *channel, ackcast_producer_t *producer, ackcast_consumer_t *consumer) {
    OK(ackcast_producer_free(producer));
    OK(ackcast_consumer_free(consumer));
    OK(ackcast_channel_free(channel));
}

/* fork(2), of a child that dies with its parent. It leaves by _exit. */
static inline pid_t forked(void) {
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        alarm(90);
    }
    return child;
}

/* Waits for the end of a child, and checks that it was well. */
static inline void ended_well(pid_t child) {
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

#endif
