/* The handles of a process in its forked child. */
#include "check.h"

static void inherited(ackcast_channel_t *channel, ackcast_producer_t *producer, ackcast_consumer_t *consumer) {
    const void *data;
    void *slot;
    size_t len;
    bool flag;
    ackcast_message_t message;
    ackcast_stats_t stats;
    EXPECT(ACKCAST_INHERITED, ackcast_send(producer, "x", 1, LONG));
    expect_message("before a fork");
    ackcast_bytes_t one = {"x", 1};
    EXPECT(ACKCAST_INHERITED, ackcast_send_batch(producer, &one, 1, LONG, &len));
    EXPECT(ACKCAST_INHERITED, ackcast_loan(producer, LONG, &slot, &len));
    EXPECT(ACKCAST_INHERITED, ackcast_finish(producer, LONG, NULL));
    EXPECT(ACKCAST_INHERITED, ackcast_wait_until_drained(producer, LONG, NULL, NULL));
    EXPECT(ACKCAST_INHERITED, ackcast_recv(consumer, LONG, &data, &len));
    EXPECT(ACKCAST_INHERITED, ackcast_recv_copy(consumer, LONG, NULL, 0, &len));
    EXPECT(ACKCAST_INHERITED, ackcast_recv_batch(consumer, LONG, &message, 1, &len));
    EXPECT(ACKCAST_INHERITED, ackcast_channel_stats(channel, &stats));
    EXPECT(ACKCAST_LIVENESS_UNKNOWN, ackcast_channel_producers_lost(channel, &flag));
    CHECK(number("errno") == EBADF);
}

/* The child's own handles work, beside those that it has inherited. */
static void own(void) {
    ackcast_consumer_t *consumer = consumer_of("forks");
    uint32_t its_number;
    OK(ackcast_consumer_number(consumer, &its_number));
    CHECK(its_number == 1);
    OK(ackcast_consumer_free(consumer));
}

static void plain(void) {
    ackcast_channel_t *channel = created("forks", 2);
    ackcast_producer_t *producer = producer_of("forks");
    ackcast_consumer_t *consumer = consumer_of("forks");
    pid_t child = forked();
    if (child == 0) {
        inherited(channel, producer, consumer);
        own();
        free_all(channel, producer, consumer);
        _exit(0);
    }
    ended_well(child);
    say(producer, "goes on"); /* the child's frees were of nothing */
    hear(consumer, "goes on");
    free_all(channel, producer, consumer);
}

/* A fork while a message and a slot are lent. */
static void with_loans(bool frees_at_once) {
    ackcast_channel_t *channel = created("loans", 2);
    ackcast_producer_t *producer = producer_of("loans");
    ackcast_consumer_t *consumer = consumer_of("loans");
    const void *data;
    void *slot;
    size_t len;
    say(producer, "Hello");
    OK(ackcast_recv(consumer, LONG, &data, &len));
    OK(ackcast_loan(producer, LONG, &slot, &len));
    memcpy(slot, "world", 5);
    pid_t child = forked();
    if (child == 0) {
        if (!frees_at_once) {
            EXPECT(ACKCAST_INHERITED, ackcast_release(consumer));
            EXPECT(ACKCAST_INHERITED, ackcast_publish(producer, 5));
            EXPECT(ACKCAST_INHERITED, ackcast_recv(consumer, LONG, &data, &len));
        }
        free_all(channel, producer, consumer);
        _exit(0);
    }
    ended_well(child);
    CHECK(memcmp(data, "Hello", 5) == 0);
    OK(ackcast_publish(producer, 5));
    EXPECT(ACKCAST_TIMED_OUT, ackcast_send(producer, "x", 1, ACKCAST_NOW)); /* the child has acknowledged nothing */
    OK(ackcast_release(consumer));
    hear(consumer, "world");
    free_all(channel, producer, consumer);
}

static void events(void) {
    ackcast_channel_t *channel = created("events", 1);
    ackcast_producer_t *producer = producer_of("events");
    ackcast_consumer_t *consumer = consumer_of("events");
    const void *data;
    size_t len;
    OK(ackcast_producer_into_event(producer));
    OK(ackcast_consumer_into_event(consumer));
    EXPECT(ACKCAST_TIMED_OUT, ackcast_recv(consumer, ACKCAST_NOW, &data, &len)); /* its thread sleeps */
    pid_t child = forked();
    if (child == 0) {
        EXPECT(ACKCAST_INHERITED, ackcast_send(producer, "x", 1, ACKCAST_NOW));
        EXPECT(ACKCAST_INHERITED, ackcast_finish(producer, ACKCAST_NOW, NULL));
        EXPECT(ACKCAST_INHERITED, ackcast_recv(consumer, ACKCAST_NOW, &data, &len));
        OK(ackcast_give_up(producer));
        free_all(channel, producer, consumer);
        _exit(0);
    }
    ended_well(child);
    OK(ackcast_send(producer, "Hello", 5, ACKCAST_NOW));
    OK(ackcast_recv(consumer, ACKCAST_NOW, &data, &len));
    CHECK(len == 5);
    free_all(channel, producer, consumer);
}

int main(int argc, char **argv) {
    begin(argc, argv);
    plain();
    with_loans(false);
    with_loans(true);
    events();
    return 0;
}
