/* Every way to send and to receive. */
#include "check.h"

static void copies(ackcast_producer_t *producer, ackcast_consumer_t *consumer) {
    char buffer[4];
    size_t len = 7;
    say(producer, "Hello");
    EXPECT(ACKCAST_BUFFER_TOO_SMALL, ackcast_recv_copy(consumer, LONG, buffer, 4, &len));
    CHECK(len == 5 && number("len") == 5);
    EXPECT(ACKCAST_BUFFER_TOO_SMALL, ackcast_recv_copy(consumer, LONG, NULL, 0, &len));
    hear(consumer, "Hello"); /* it was received again */
    OK(ackcast_send(producer, NULL, 0, ACKCAST_NOW));
    OK(ackcast_recv_copy(consumer, LONG, NULL, 0, &len));
    CHECK(len == 0);
    EXPECT(ACKCAST_TIMED_OUT, ackcast_recv_copy(consumer, ACKCAST_NOW, buffer, 4, &len));
    CHECK(number("next") == 2);
    EXPECT(ACKCAST_TIMED_OUT, ackcast_recv_copy(consumer, 1, buffer, 4, &len));
    EXPECT(ACKCAST_TOO_LONG, ackcast_send(producer, buffer, 1025, LONG)); /* not one of its bytes is read */
    CHECK(number("len") == 1025 && number("slot_size") == 1024);
}

static void borrowed(ackcast_producer_t *producer, ackcast_consumer_t *consumer) {
    const void *data;
    size_t len;
    uint64_t sequence;
    say(producer, "kept");
    OK(ackcast_recv(consumer, LONG, &data, &len));
    CHECK(len == 4 && memcmp(data, "kept", 4) == 0 && (uintptr_t)data % 64 == 0);
    OK(ackcast_message_sequence(consumer, &sequence));
    CHECK(sequence == 2);
    EXPECT(ACKCAST_LENT, ackcast_recv(consumer, LONG, &data, &len));
    EXPECT(ACKCAST_LENT, ackcast_recv_copy(consumer, LONG, NULL, 0, &len));
    OK(ackcast_keep(consumer));
    EXPECT(ACKCAST_NOT_LENT, ackcast_keep(consumer));
    EXPECT(ACKCAST_NOT_LENT, ackcast_message_sequence(consumer, &sequence));
    OK(ackcast_recv(consumer, LONG, &data, &len));
    CHECK(len == 4 && memcmp(data, "kept", 4) == 0);
    OK(ackcast_release(consumer));
    EXPECT(ACKCAST_NOT_LENT, ackcast_release(consumer));
    EXPECT(ACKCAST_TIMED_OUT, ackcast_recv(consumer, ACKCAST_NOW, &data, &len));
}

static void loaned(ackcast_producer_t *producer, ackcast_consumer_t *consumer) {
    void *slot;
    size_t capacity, len;
    bool found;
    EXPECT(ACKCAST_NOT_LENT, ackcast_publish(producer, 0));
    EXPECT(ACKCAST_NOT_LENT, ackcast_abandon(producer));
    EXPECT(ACKCAST_NOT_LENT, ackcast_copy_previous(producer, &len, &found));
    OK(ackcast_loan(producer, LONG, &slot, &capacity));
    CHECK(capacity == 1024 && (uintptr_t)slot % 64 == 0);
    OK(ackcast_copy_previous(producer, &len, &found));
    CHECK(found && len == 4 && memcmp(slot, "kept", 4) == 0);
    EXPECT(ACKCAST_LENT, ackcast_loan(producer, LONG, &slot, &capacity));
    EXPECT(ACKCAST_LENT, ackcast_send(producer, "x", 1, LONG));
    EXPECT(ACKCAST_LENT, ackcast_send_batch(producer, NULL, 0, LONG, NULL));
    EXPECT(ACKCAST_LENT, ackcast_finish(producer, LONG, NULL));
    OK(ackcast_abandon(producer));
    EXPECT(ACKCAST_TIMED_OUT, ackcast_recv_copy(consumer, ACKCAST_NOW, NULL, 0, &len));
    OK(ackcast_loan(producer, LONG, &slot, &capacity));
    memcpy(slot, "in place", 8);
    EXPECT(ACKCAST_TOO_LONG, ackcast_publish(producer, 1025)); /* and it is lent on */
    OK(ackcast_publish(producer, 8));
    hear(consumer, "in place");
}

static void batches(ackcast_producer_t *producer, ackcast_consumer_t *consumer) {
    ackcast_bytes_t five[5] = {{"one", 3}, {"two", 3}, {NULL, 0}, {"four", 4}, {"five", 4}};
    ackcast_message_t received[5];
    const void *data;
    size_t count, len;
    uint32_t there, gone;
    uint64_t next;
    EXPECT(ACKCAST_TIMED_OUT, ackcast_send_batch(producer, five, 5, ACKCAST_NOW, &count));
    CHECK(count == 4 && number("sent") == 4 && number("consumer") == 0 && number("message") == 4);
    OK(ackcast_next_sequence(producer, &next));
    CHECK(next == 8);
    EXPECT(ACKCAST_TIMED_OUT, ackcast_wait_until_drained(producer, ACKCAST_NOW, &there, &gone));
    CHECK(number("acknowledged") == 4 && number("published") == 8 && number("behind") == 1);
    OK(ackcast_recv_batch(consumer, LONG, received, 3, &count));
    CHECK(count == 3 && received[2].len == 0 && received[2].sequence == 6);
    CHECK(received[0].len == 3 && memcmp(received[0].data, "one", 3) == 0);
    CHECK(received[1].len == 3 && memcmp(received[1].data, "two", 3) == 0); /* all of them live */
    EXPECT(ACKCAST_LENT, ackcast_recv_batch(consumer, LONG, received, 3, &count));
    EXPECT(ACKCAST_LENT, ackcast_keep(consumer));
    EXPECT(ACKCAST_TIMED_OUT, ackcast_send(producer, "x", 1, ACKCAST_NOW)); /* no slot of a batch is free */
    OK(ackcast_release(consumer));
    OK(ackcast_recv_batch(consumer, LONG, received, 5, &count));
    CHECK(count == 1 && received[0].sequence == 7 && memcmp(received[0].data, "four", 4) == 0);
    OK(ackcast_release(consumer));
    EXPECT(ACKCAST_TIMED_OUT, ackcast_recv_batch(consumer, ACKCAST_NOW, received, 5, &count));
    EXPECT(ACKCAST_TIMED_OUT, ackcast_recv_batch(consumer, 1, received, 5, &count));
    OK(ackcast_send_batch(producer, five + 4, 1, LONG, NULL));
    OK(ackcast_recv(consumer, LONG, &data, &len));
    OK(ackcast_release(consumer));
    OK(ackcast_wait_until_drained(producer, LONG, &there, &gone));
    CHECK(there == 1 && gone == 0);
}

int main(int argc, char **argv) {
    const void *data;
    size_t len;
    bool ended = false;
    begin(argc, argv);
    ackcast_channel_t *channel = created("messages", 4);
    ackcast_producer_t *producer = producer_of("messages");
    ackcast_consumer_t *consumer = consumer_of("messages");
    OK(ackcast_producer_set_wait(producer, ACKCAST_WAIT_PARK));
    OK(ackcast_consumer_set_wait(consumer, ACKCAST_WAIT_SPIN));
    copies(producer, consumer);
    borrowed(producer, consumer);
    loaned(producer, consumer);
    batches(producer, consumer);
    OK(ackcast_finish(producer, LONG, &ended));
    CHECK(ended);
    EXPECT(ACKCAST_ENDED, ackcast_send(producer, "x", 1, LONG));
    EXPECT(ACKCAST_ENDED, ackcast_finish(producer, LONG, &ended));
    EXPECT(ACKCAST_ENDED, ackcast_recv(consumer, ACKCAST_FOREVER, &data, &len));
    EXPECT(ACKCAST_ENDED, ackcast_recv(consumer, ACKCAST_NOW, &data, &len)); /* it stays so */
    free_all(channel, producer, consumer);
    return 0;
}
