/* Processes that are killed and stopped at bad moments. */
#include "check.h"

/* A child has done what the parent waits for. */
static void tell(const int pipe[2]) {
    CHECK(write(pipe[1], "x", 1) == 1);
}

static void await(const int pipe[2]) {
    char byte;
    CHECK(read(pipe[0], &byte, 1) == 1);
}

static void kill_it(pid_t child) {
    int status;
    CHECK(kill(child, SIGKILL) == 0);
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
}

/* A consumer that holds a message, or a batch. */
static pid_t holder(const int pipe[2], bool batch) {
    pid_t child = forked();
    if (child == 0) {
        ackcast_consumer_t *consumer = consumer_of("deaths");
        ackcast_message_t messages[2];
        const void *data;
        size_t len;
        tell(pipe);
        if (batch) {
            OK(ackcast_recv_batch(consumer, LONG, messages, 2, &len));
        } else {
            OK(ackcast_recv(consumer, LONG, &data, &len));
        }
        tell(pipe);
        for (;;) {
            pause();
        }
    }
    await(pipe);
    return child;
}

static void killed_consumer(const int pipe[2], bool batch) {
    ackcast_channel_t *channel = created("deaths", 1);
    ackcast_producer_t *producer = producer_of("deaths");
    ackcast_stats_t stats;
    pid_t child = holder(pipe, batch);
    say(producer, "held");
    await(pipe);
    EXPECT(ACKCAST_TIMED_OUT, ackcast_send(producer, "x", 1, ACKCAST_NOW));
    CHECK(number("consumer") == 0 && number("message") == 0);
    kill_it(child);
    say(producer, "goes on"); /* evicts it */
    OK(ackcast_channel_stats(channel, &stats));
    CHECK(stats.evicted == 1 && stats.consumers == 0 && stats.published == 2);
    free_all(channel, producer, NULL);
}

static void stopped_consumer(const int pipe[2]) {
    ackcast_channel_t *channel = created("deaths", 1);
    ackcast_producer_t *producer = producer_of("deaths");
    ackcast_stats_t stats;
    pid_t child = holder(pipe, false);
    int status;
    say(producer, "held");
    await(pipe);
    CHECK(kill(child, SIGSTOP) == 0 && waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
    EXPECT(ACKCAST_TIMED_OUT, ackcast_send(producer, "x", 1, SECOND / 10)); /* it is not dead */
    OK(ackcast_channel_stats(channel, &stats));
    CHECK(stats.evicted == 0 && stats.blocked_on == ACKCAST_BLOCKED_ON_CONSUMER && stats.slowest == 0);
    CHECK(kill(child, SIGCONT) == 0);
    kill_it(child);
    say(producer, "goes on");
    free_all(channel, producer, NULL);
}

static void killed_producer(const int pipe[2]) {
    ackcast_settings_t settings;
    ackcast_channel_t *channel;
    ackcast_stats_t stats;
    const void *data;
    size_t len;
    OK(ackcast_settings_default(&settings));
    settings.slots = 2;
    settings.producers = 2;
    OK(ackcast_create(named("deaths"), &settings, &channel));
    ackcast_consumer_t *consumer = consumer_of("deaths");
    pid_t child = forked();
    if (child == 0) {
        ackcast_producer_t *producer = producer_of("deaths");
        void *slot;
        say(producer, "whole");
        OK(ackcast_loan(producer, LONG, &slot, &len));
        memcpy(slot, "half", 4);
        tell(pipe);
        for (;;) {
            pause();
        }
    }
    await(pipe);
    ackcast_producer_t *producer = producer_of("deaths");
    EXPECT(ACKCAST_TIMED_OUT, ackcast_send(producer, "x", 1, ACKCAST_NOW));
    CHECK(number("owner") == 0);
    kill_it(child);
    say(producer, "takes over");
    OK(ackcast_channel_stats(channel, &stats));
    CHECK(stats.takeovers == 1);
    OK(ackcast_producer_free(producer));
    hear(consumer, "whole");
    hear(consumer, "takes over");
    EXPECT(ACKCAST_PRODUCERS_LOST, ackcast_recv(consumer, ACKCAST_FOREVER, &data, &len));
    CHECK(number("producers") == 3);
    free_all(channel, NULL, consumer);
}

static void abandoned(const int pipe[2]) {
    ackcast_channel_t *channel;
    pid_t child = forked();
    if (child == 0) {
        created("deaths", 1);
        tell(pipe);
        for (;;) {
            pause();
        }
    }
    await(pipe);
    kill_it(child);
    EXPECT(ACKCAST_ABANDONED, ackcast_open(named("deaths"), &channel));
    EXPECT(ACKCAST_TIMED_OUT, ackcast_wait_for(named("deaths"), ACKCAST_NOW, &channel));
    CHECK(number("reason") == ACKCAST_ABANDONED);
    OK(ackcast_create(named("deaths"), NULL, &channel)); /* replaces it */
    OK(ackcast_channel_free(channel));
}

/* Many consumers are killed while they receive. One that lives gets every message in order. */
static void storm(const int pipe[2]) {
    enum { ROUNDS = 40, MESSAGES = 20 };
    ackcast_channel_t *channel = created("deaths", 4);
    ackcast_consumer_t *consumer = consumer_of("deaths");
    ackcast_producer_t *producer = producer_of("deaths");
    int next = 0, found = -1;
    size_t len;
    for (int round = 0; round < ROUNDS; round++) {
        pid_t child = forked();
        if (child == 0) {
            ackcast_consumer_t *victim = consumer_of("deaths");
            const void *data;
            tell(pipe);
            for (;;) {
                OK(ackcast_recv(victim, ACKCAST_FOREVER, &data, &len));
                OK(ackcast_release(victim));
            }
        }
        await(pipe);
        for (int i = 0; i < MESSAGES; i++, next++) {
            if (i == round % MESSAGES) {
                kill_it(child);
            }
            OK(ackcast_send(producer, &next, sizeof next, LONG));
            OK(ackcast_recv_copy(consumer, LONG, &found, sizeof found, &len));
            CHECK(found == next);
        }
    }
    free_all(channel, producer, consumer);
}

int main(int argc, char **argv) {
    int pipe_fds[2];
    begin(argc, argv);
    CHECK(pipe(pipe_fds) == 0);
    killed_consumer(pipe_fds, false);
    killed_consumer(pipe_fds, true);
    stopped_consumer(pipe_fds);
    killed_producer(pipe_fds);
    abandoned(pipe_fds);
    storm(pipe_fds);
    return 0;
}
