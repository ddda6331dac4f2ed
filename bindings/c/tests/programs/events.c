/* Handles for event loops. */
#include "check.h"

static bool readable(int fd, int milliseconds) {
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    int found = poll(&poll_fd, 1, milliseconds);
    CHECK(found >= 0);
    return found == 1;
}

static void misuse(ackcast_producer_t *producer, ackcast_consumer_t *consumer) {
    int fd = -2;
    void *slot;
    const void *data;
    size_t len;
    EXPECT(ACKCAST_NOT_EVENT, ackcast_consumer_fd(consumer, &fd));
    EXPECT(ACKCAST_NOT_EVENT, ackcast_producer_fd(producer, &fd));
    EXPECT(ACKCAST_NOT_EVENT, ackcast_give_up(producer));
    CHECK(fd == -2);
    OK(ackcast_loan(producer, LONG, &slot, &len));
    EXPECT(ACKCAST_LENT, ackcast_producer_into_event(producer));
    OK(ackcast_publish(producer, 0));
    OK(ackcast_recv(consumer, LONG, &data, &len));
    EXPECT(ACKCAST_LENT, ackcast_consumer_into_event(consumer));
    OK(ackcast_release(consumer));
}

static void waits(ackcast_producer_t *producer, ackcast_consumer_t *consumer) {
    ackcast_message_t message;
    const void *data;
    void *slot;
    size_t len;
    uint64_t sequence;
    uint32_t number;
    EXPECT(ACKCAST_IS_EVENT, ackcast_send(producer, "x", 1, LONG));
    EXPECT(ACKCAST_IS_EVENT, ackcast_send_batch(producer, NULL, 0, ACKCAST_NOW, NULL));
    EXPECT(ACKCAST_IS_EVENT, ackcast_loan(producer, LONG, &slot, &len));
    EXPECT(ACKCAST_IS_EVENT, ackcast_finish(producer, ACKCAST_FOREVER, NULL));
    EXPECT(ACKCAST_IS_EVENT, ackcast_next_sequence(producer, &sequence));
    EXPECT(ACKCAST_IS_EVENT, ackcast_wait_until_drained(producer, ACKCAST_NOW, NULL, NULL));
    EXPECT(ACKCAST_IS_EVENT, ackcast_producer_set_wait(producer, ACKCAST_WAIT_PARK));
    EXPECT(ACKCAST_IS_EVENT, ackcast_recv(consumer, LONG, &data, &len));
    EXPECT(ACKCAST_IS_EVENT, ackcast_recv_batch(consumer, ACKCAST_NOW, &message, 1, &len));
    EXPECT(ACKCAST_IS_EVENT, ackcast_consumer_set_wait(consumer, ACKCAST_WAIT_PARK));
    OK(ackcast_consumer_number(consumer, &number));
    CHECK(number == 0);
}

static void loops(ackcast_producer_t *producer, ackcast_consumer_t *consumer, int from, int to) {
    const void *data;
    size_t len, capacity;
    void *slot;
    bool ended;
    EXPECT(ACKCAST_TIMED_OUT, ackcast_recv(consumer, ACKCAST_NOW, &data, &len));
    CHECK(!readable(from, 0));
    OK(ackcast_send(producer, "Hello", 5, ACKCAST_NOW));
    CHECK(readable(from, 60000));
    OK(ackcast_recv(consumer, ACKCAST_NOW, &data, &len));
    CHECK(len == 5 && memcmp(data, "Hello", 5) == 0);
    OK(ackcast_release(consumer));
    for (int i = 0; i < 4; i++) {
        OK(ackcast_loan(producer, ACKCAST_NOW, &slot, &capacity));
        memcpy(slot, &i, sizeof i);
        OK(ackcast_publish(producer, sizeof i));
    }
    EXPECT(ACKCAST_TIMED_OUT, ackcast_loan(producer, ACKCAST_NOW, &slot, &capacity));
    CHECK(!readable(to, 0));
    EXPECT(ACKCAST_TIMED_OUT, ackcast_send(producer, "x", 1, ACKCAST_NOW));
    OK(ackcast_give_up(producer));
    EXPECT(ACKCAST_TIMED_OUT, ackcast_finish(producer, ACKCAST_NOW, NULL)); /* no slot for END */
    for (int i = 0; i < 4; i++) {
        int found = -1;
        OK(ackcast_recv_copy(consumer, ACKCAST_NOW, &found, sizeof found, &len));
        CHECK(found == i);
    }
    CHECK(readable(to, 60000));
    while (ackcast_finish(producer, ACKCAST_NOW, &ended) == ACKCAST_TIMED_OUT) {
        CHECK(readable(to, 60000));
    }
    CHECK(ended && readable(from, 60000));
    EXPECT(ACKCAST_ENDED, ackcast_recv(consumer, ACKCAST_NOW, &data, &len));
    EXPECT(ACKCAST_ENDED, ackcast_send(producer, "x", 1, ACKCAST_NOW));
}

/* A producer of raw_sync cannot be one, and has left its channel. */
static void detached(void) {
    ackcast_settings_t settings;
    ackcast_channel_t *channel;
    ackcast_producer_t *successor;
    void *slot;
    size_t len;
    int fd;
    OK(ackcast_settings_default(&settings));
    settings.backend = ACKCAST_BACKEND_RAW_SYNC;
    OK(ackcast_create(named("detached"), &settings, &channel));
    ackcast_producer_t *producer = producer_of("detached");
    EXPECT(ACKCAST_LOCK_OF_THREAD, ackcast_producer_into_event(producer));
    EXPECT(ACKCAST_DETACHED, ackcast_producer_into_event(producer));
    EXPECT(ACKCAST_DETACHED, ackcast_producer_fd(producer, &fd));
    EXPECT(ACKCAST_DETACHED, ackcast_give_up(producer));
    EXPECT(ACKCAST_DETACHED, ackcast_send(producer, "x", 1, LONG));
    EXPECT(ACKCAST_DETACHED, ackcast_send_batch(producer, NULL, 0, LONG, NULL));
    EXPECT(ACKCAST_DETACHED, ackcast_loan(producer, LONG, &slot, &len));
    EXPECT(ACKCAST_DETACHED, ackcast_finish(producer, LONG, NULL));
    EXPECT(ACKCAST_DETACHED, ackcast_wait_until_drained(producer, LONG, NULL, NULL));
    OK(ackcast_producer_attach(named("detached"), &successor)); /* its place is free */
    OK(ackcast_producer_free(successor));
    free_all(channel, producer, NULL);
}

int main(int argc, char **argv) {
    int from, to;
    begin(argc, argv);
    ackcast_channel_t *channel = created("events", 4);
    ackcast_producer_t *producer = producer_of("events");
    ackcast_consumer_t *consumer = consumer_of("events");
    misuse(producer, consumer);
    OK(ackcast_consumer_into_event(consumer));
    OK(ackcast_consumer_into_event(consumer));
    OK(ackcast_producer_into_event(producer));
    OK(ackcast_producer_into_event(producer));
    OK(ackcast_consumer_fd(consumer, &from));
    OK(ackcast_producer_fd(producer, &to));
    waits(producer, consumer);
    loops(producer, consumer, from, to);
    free_all(channel, producer, consumer);
    detached();
    return 0;
}
