/* Typed channels. */
#include "check.h"

struct frame {
    double time;
    uint32_t width, height;
};

static const ackcast_value_type_t FRAME = ACKCAST_VALUE_TYPE(struct frame, "Frame", 2);

static ackcast_channel_t *typed(ackcast_value_type_t type, uint32_t max_values) {
    ackcast_settings_t settings;
    ackcast_channel_t *channel;
    OK(ackcast_settings_default(&settings));
    settings.slots = 8;
    settings.type = type;
    settings.max_values = max_values;
    OK(ackcast_create(named("types"), &settings, &channel));
    return channel;
}

static void refused_types(void) {
    ackcast_settings_t settings;
    ackcast_channel_t *channel;
    OK(ackcast_settings_default(&settings));
    settings.type = FRAME;
    settings.type.size = 0;
    EXPECT(ACKCAST_INVALID_TYPE, ackcast_create(named("types"), &settings, &channel));
    CHECK(number("size") == 0);
    settings.type = FRAME;
    settings.type.align = 3;
    EXPECT(ACKCAST_INVALID_TYPE, ackcast_create(named("types"), &settings, &channel));
    CHECK(number("align") == 3);
    settings.type = FRAME;
    settings.type.name = "";
    EXPECT(ACKCAST_INVALID_TYPE, ackcast_create(named("types"), &settings, &channel));
    settings.type.name = "\xff";
    EXPECT(ACKCAST_NOT_UTF8, ackcast_create(named("types"), &settings, &channel));
    settings.type = FRAME;
    settings.type.slices = 2;
    EXPECT(ACKCAST_INVALID_ARGUMENT, ackcast_create(named("types"), &settings, &channel));
    settings.type = FRAME;
    settings.slot_size = 17;
    EXPECT(ACKCAST_OTHER_SLOT_SIZE, ackcast_create(named("types"), &settings, &channel));
    CHECK(number("slot_size") == 17 && number("size") == 16);
}

static void values(void) {
    ackcast_channel_t *channel = typed(FRAME, 1);
    ackcast_info_t info;
    OK(ackcast_channel_info(channel, &info));
    CHECK(strcmp(info.type.name, "Frame") == 0 && info.type.version == 2 && info.type.size == sizeof(struct frame));
    CHECK(info.type.align == 8 && info.type.slices == 0 && info.slot_size == sizeof(struct frame));

    ackcast_producer_t *producer, *bytes;
    ackcast_consumer_t *consumer;
    ackcast_value_type_t other = FRAME;
    other.version = 3;
    EXPECT(ACKCAST_TYPE_MISMATCH, ackcast_producer_attach_typed(named("types"), &other, &producer));
    EXPECT(ACKCAST_TYPE_MISMATCH, ackcast_consumer_attach_typed(named("types"), NULL, &other, &consumer));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_producer_attach_typed(named("types"), NULL, &producer));
    other.name = NULL;
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_consumer_attach_typed(named("types"), NULL, &other, &consumer));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_consumer_attach_typed(named("types"), NULL, &FRAME, NULL));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_producer_attach_typed(NULL, &FRAME, &producer));
    OK(ackcast_producer_attach_typed(named("types"), &FRAME, &producer));
    OK(ackcast_consumer_attach_typed(named("types"), NULL, &FRAME, &consumer));

    struct frame frame = {.time = 0.5, .width = 640, .height = 480};
    OK(ackcast_send(producer, &frame, sizeof frame, LONG));
    EXPECT(ACKCAST_NOT_A_VALUE, ackcast_send(producer, &frame, 8, LONG));
    CHECK(number("len") == 8 && number("size") == 16);
    ackcast_bytes_t batch[2] = {{&frame, sizeof frame}, {&frame, 1}};
    size_t count = 7, len;
    EXPECT(ACKCAST_NOT_A_VALUE, ackcast_send_batch(producer, batch, 2, LONG, &count));
    CHECK(count == 0);
    void *slot;
    OK(ackcast_loan(producer, LONG, &slot, &len));
    ((struct frame *)slot)->width = 320;
    EXPECT(ACKCAST_NOT_A_VALUE, ackcast_publish(producer, 15));
    OK(ackcast_publish(producer, sizeof frame));
    const void *data;
    OK(ackcast_recv(consumer, LONG, &data, &len));
    CHECK(len == sizeof frame && ((const struct frame *)data)->height == 480);
    OK(ackcast_release(consumer));
    OK(ackcast_recv_copy(consumer, LONG, &frame, sizeof frame, &len));
    CHECK(frame.width == 320);

    /* A producer of bytes can send what is no value. */
    OK(ackcast_producer_free(producer));
    OK(ackcast_producer_attach(named("types"), &bytes));
    say(bytes, "short");
    OK(ackcast_send(bytes, &frame, sizeof frame, LONG));
    say(bytes, "short again");
    OK(ackcast_send(bytes, &frame, sizeof frame, LONG));
    say(bytes, "x");
    EXPECT(ACKCAST_NOT_A_VALUE, ackcast_recv(consumer, LONG, &data, &len));
    CHECK(number("sequence") == 2 && number("len") == 5 && number("size") == 16);
    ackcast_message_t received[4];
    OK(ackcast_recv_batch(consumer, LONG, received, 4, &count));
    CHECK(count == 1 && received[0].sequence == 3);
    EXPECT(ACKCAST_LENT, ackcast_recv(consumer, LONG, &data, &len));
    OK(ackcast_release(consumer));
    EXPECT(ACKCAST_NOT_A_VALUE, ackcast_recv(consumer, LONG, &data, &len));
    CHECK(number("sequence") == 4); /* the batch had passed it over */
    OK(ackcast_recv_batch(consumer, LONG, received, 1, &count));
    CHECK(count == 1 && received[0].sequence == 5);
    OK(ackcast_release(consumer));
    EXPECT(ACKCAST_NOT_A_VALUE, ackcast_recv_copy(consumer, LONG, &frame, sizeof frame, &len));
    EXPECT(ACKCAST_TIMED_OUT, ackcast_recv(consumer, ACKCAST_NOW, &data, &len));
    say(bytes, "y");
    EXPECT(ACKCAST_NOT_A_VALUE, ackcast_recv_batch(consumer, LONG, received, 4, &count));
    free_all(channel, bytes, consumer);
}

static void slices(void) {
    const ackcast_value_type_t floats = ACKCAST_SLICE_TYPE(float, "f32", 0);
    ackcast_channel_t *channel = typed(floats, 100);
    ackcast_producer_t *producer;
    ackcast_consumer_t *consumer;
    OK(ackcast_producer_attach_typed(named("types"), &floats, &producer));
    OK(ackcast_consumer_attach_typed(named("types"), NULL, &floats, &consumer));
    const float some[3] = {1, 2, 3};
    float found[100];
    size_t len;
    OK(ackcast_send(producer, some, sizeof some, LONG));
    OK(ackcast_send(producer, NULL, 0, LONG));
    EXPECT(ACKCAST_NOT_A_VALUE, ackcast_send(producer, some, 5, LONG));
    EXPECT(ACKCAST_TOO_LONG, ackcast_send(producer, found, 404, LONG));
    OK(ackcast_recv_copy(consumer, LONG, found, sizeof found, &len));
    CHECK(len == 12 && found[2] == 3);
    OK(ackcast_recv_copy(consumer, LONG, found, sizeof found, &len));
    CHECK(len == 0);
    OK(ackcast_producer_free(producer));
    producer = producer_of("types");
    say(producer, "x");
    EXPECT(ACKCAST_NOT_A_VALUE, ackcast_recv_copy(consumer, LONG, found, sizeof found, &len));
    free_all(channel, producer, consumer);
}

int main(int argc, char **argv) {
    begin(argc, argv);
    refused_types();
    values();
    slices();
    return 0;
}
