/* Arguments that are wrong, and handles in the wrong state, are errors. */
#include "check.h"

static void null_handles(void) {
    size_t size;
    uint64_t wide;
    uint32_t narrow;
    int fd;
    bool flag;
    const void *data;
    void *slot;
    ackcast_message_t message;
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_send(NULL, "x", 1, LONG));
    expect_message("`producer` is NULL");
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_send_batch(NULL, NULL, 0, LONG, NULL));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_loan(NULL, LONG, &slot, &size));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_copy_previous(NULL, &size, &flag));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_publish(NULL, 0));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_abandon(NULL));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_finish(NULL, LONG, NULL));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_next_sequence(NULL, &wide));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_wait_until_drained(NULL, LONG, NULL, NULL));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_producer_set_wait(NULL, ACKCAST_WAIT_PARK));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_producer_into_event(NULL));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_producer_fd(NULL, &fd));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_give_up(NULL));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_recv(NULL, LONG, &data, &size));
    expect_message("`consumer` is NULL");
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_recv_copy(NULL, LONG, NULL, 0, &size));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_recv_batch(NULL, LONG, &message, 1, &size));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_release(NULL));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_keep(NULL));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_message_sequence(NULL, &wide));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_consumer_number(NULL, &narrow));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_consumer_set_wait(NULL, ACKCAST_WAIT_PARK));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_consumer_into_event(NULL));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_consumer_fd(NULL, &fd));
    OK(ackcast_channel_free(NULL));
    OK(ackcast_producer_free(NULL));
    OK(ackcast_consumer_free(NULL));
    ackcast_names_free(NULL);
}

static void null_observers(ackcast_channel_t *channel) {
    ackcast_info_t info;
    ackcast_stats_t stats;
    uint64_t wide;
    bool flag;
    size_t size;
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_channel_info(NULL, &info));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_channel_info(channel, NULL));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_channel_stats(NULL, &stats));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_channel_stats(channel, NULL));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_channel_published(NULL, &wide, &flag));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_channel_published(channel, NULL, &flag));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_channel_published(channel, &wide, NULL));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_channel_acknowledged(NULL, NULL, 0, &size));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_channel_acknowledged(channel, NULL, 1, &size));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_channel_acknowledged(channel, NULL, 0, NULL));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_channel_producers_lost(NULL, &flag));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_channel_producers_lost(channel, NULL));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_channel_is_over(NULL, &flag));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_channel_is_over(channel, NULL));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_channel_wait_until_drained(NULL, LONG, NULL, NULL));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_list(NULL));
    CHECK(ackcast_channel_name(NULL) == NULL);
    CHECK(ackcast_names_count(NULL) == 0 && ackcast_names_get(NULL, 0) == NULL);
}

static void null_places(ackcast_producer_t *producer, ackcast_consumer_t *consumer) {
    const void *data;
    void *slot;
    size_t size;
    bool flag;
    ackcast_message_t message;
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_recv(consumer, LONG, NULL, &size));
    expect_message("`data` is NULL");
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_recv(consumer, LONG, &data, NULL));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_recv_copy(consumer, LONG, NULL, 1, &size));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_recv_copy(consumer, LONG, NULL, 0, NULL));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_recv_batch(consumer, LONG, NULL, 1, &size));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_recv_batch(consumer, LONG, &message, 1, NULL));
    EXPECT(ACKCAST_INVALID_ARGUMENT, ackcast_recv_batch(consumer, LONG, &message, 0, &size));
    EXPECT(ACKCAST_INVALID_ARGUMENT, ackcast_recv_batch(consumer, LONG, &message, SIZE_MAX, &size));
    EXPECT(ACKCAST_INVALID_ARGUMENT, ackcast_recv_batch(consumer, LONG, (void *)((char *)&message + 1), 1, &size));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_consumer_number(consumer, NULL));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_message_sequence(consumer, NULL));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_consumer_fd(consumer, NULL));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_producer_fd(producer, NULL));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_next_sequence(producer, NULL));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_send(producer, NULL, 1, LONG));
    EXPECT(ACKCAST_INVALID_ARGUMENT, ackcast_send(producer, "x", SIZE_MAX, LONG));
    EXPECT(ACKCAST_INVALID_ARGUMENT, ackcast_send(producer, "x", (size_t)PTRDIFF_MAX + 1, LONG));
    EXPECT(ACKCAST_TOO_LONG, ackcast_send(producer, "x", PTRDIFF_MAX, LONG)); /* and the bytes are not read */
    ackcast_bytes_t bytes[2] = {{"x", 1}, {NULL, 1}};
    size = 7;
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_send_batch(producer, bytes, 2, LONG, &size));
    CHECK(size == 0);
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_send_batch(producer, NULL, 1, LONG, NULL));
    EXPECT(ACKCAST_INVALID_ARGUMENT, ackcast_send_batch(producer, bytes, SIZE_MAX / 16 + 2, LONG, NULL));
    OK(ackcast_send_batch(producer, NULL, 0, LONG, &size));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_loan(producer, LONG, NULL, &size));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_loan(producer, LONG, &slot, NULL));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_copy_previous(producer, NULL, &flag));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_copy_previous(producer, &size, NULL));
    EXPECT(ACKCAST_INVALID_ARGUMENT, ackcast_producer_set_wait(producer, 3));
    EXPECT(ACKCAST_INVALID_ARGUMENT, ackcast_consumer_set_wait(consumer, UINT32_MAX));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_settings_default(NULL));
}

/* A handle that is freed with a loan gives it back. */
static void freed_with_a_loan(ackcast_channel_t *channel, ackcast_producer_t *producer, ackcast_consumer_t *consumer) {
    const void *data;
    void *slot;
    size_t size;
    uint64_t count;
    bool ended;
    say(producer, "Hello");
    OK(ackcast_recv(consumer, LONG, &data, &size));
    OK(ackcast_consumer_free(consumer)); /* leaves, and acknowledges nothing */
    OK(ackcast_loan(producer, LONG, &slot, &size));
    memcpy(slot, "never", 5);
    OK(ackcast_producer_free(producer)); /* publishes nothing */
    OK(ackcast_channel_published(channel, &count, &ended));
    CHECK(count == 1 && !ended);
    OK(ackcast_channel_free(channel));
}

static void last_error(void) {
    uint64_t value = 7;
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_last_error_number(NULL, &value));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_last_error_number("len", NULL));
    EXPECT(ACKCAST_NOT_UTF8, ackcast_last_error_number("\xff", &value));
    expect_message("\"\\xff\"");
    EXPECT(ACKCAST_NO_SUCH_NUMBER, ackcast_last_error_number("len", &value));
    expect_message("\"\\xff\""); /* the last error stays */
    CHECK(value == 7);
    CHECK(strcmp(ackcast_status_name(ACKCAST_TIMED_OUT), "ACKCAST_TIMED_OUT") == 0);
    CHECK(ackcast_status_name(-1) == NULL && ackcast_status_name(19) == NULL && ackcast_status_name(INT32_MAX) == NULL);
}

int main(int argc, char **argv) {
    begin(argc, argv);
    CHECK(ackcast_last_error_message()[0] == '\0');
    ackcast_channel_t *channel = created("border", 4);
    ackcast_producer_t *producer = producer_of("border");
    ackcast_consumer_t *consumer = consumer_of("border");
    null_handles();
    null_observers(channel);
    null_places(producer, consumer);
    last_error();
    freed_with_a_loan(channel, producer, consumer);
    return 0;
}
