/* Creating, opening, waiting for and observing channels. */
#include "check.h"

static ackcast_settings_t defaults(void) {
    ackcast_settings_t settings;
    OK(ackcast_settings_default(&settings));
    return settings;
}

/* Expects that no channel is created. */
static void refuse(ackcast_status_t wanted, ackcast_settings_t settings) {
    ackcast_channel_t *channel = (void *)&settings; /* an address that is not NULL */
    EXPECT(wanted, ackcast_create(named("refused"), &settings, &channel));
    CHECK(channel == NULL);
}

static void settings(void) {
    ackcast_settings_t all = defaults();
    CHECK(all.slots == 1 && all.slot_size == 1024 && all.consumers == 1 && all.producers == 1 && all.places == 0);
    all.slots = 0;
    refuse(ACKCAST_OUT_OF_RANGE, all);
    CHECK(number("value") == 0 && number("min") == 1 && number("max") == 1 << 20);
    all = defaults();
    all.slots = UINT32_MAX;
    refuse(ACKCAST_OUT_OF_RANGE, all);
    all.slots = 1 << 20;
    all.slot_size = 1 << 30;
    refuse(ACKCAST_TOO_LARGE, all);
    CHECK(number("slots") == 1 << 20 && number("slot_size") == 1 << 30);
    all = defaults();
    all.retain = 1;
    refuse(ACKCAST_OUT_OF_RANGE, all);
    all = defaults();
    all.backend = 2;
    refuse(ACKCAST_INVALID_ARGUMENT, all);
    all = defaults();
    all.symmetric_fences = 2;
    refuse(ACKCAST_INVALID_ARGUMENT, all);
    all = defaults();
    all.reserved[11] = 1;
    refuse(ACKCAST_INVALID_ARGUMENT, all);
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_create(named("null"), &all, NULL));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_open_or_create(named("null"), &all, NULL));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_wait_for(named("null"), LONG, NULL));
}

static void names(void) {
    ackcast_channel_t *channel;
    ackcast_producer_t *producer;
    ackcast_consumer_t *consumer;
    char too_long[256];
    memset(too_long, 'x', 255);
    too_long[255] = '\0';
    const char *bad[] = {"", ".hidden", "a/b", "ä", "a b", too_long};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        EXPECT(ACKCAST_INVALID_NAME, ackcast_create(bad[i], NULL, &channel));
        EXPECT(ACKCAST_INVALID_NAME, ackcast_open(bad[i], &channel));
        EXPECT(ACKCAST_INVALID_NAME, ackcast_open_or_create(bad[i], NULL, &channel));
        EXPECT(ACKCAST_INVALID_NAME, ackcast_wait_for(bad[i], LONG, &channel));
        EXPECT(ACKCAST_INVALID_NAME, ackcast_producer_attach(bad[i], &producer));
        EXPECT(ACKCAST_INVALID_NAME, ackcast_producer_wait_for(bad[i], LONG, &producer));
        EXPECT(ACKCAST_INVALID_NAME, ackcast_consumer_attach(bad[i], NULL, &consumer));
        EXPECT(ACKCAST_INVALID_NAME, ackcast_consumer_wait_for(bad[i], LONG, &consumer));
    }
    EXPECT(ACKCAST_NOT_UTF8, ackcast_create("\xc3", NULL, &channel));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_create(NULL, NULL, &channel));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_open(NULL, &channel));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_open("x", NULL));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_producer_attach(NULL, &producer));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_producer_attach("x", NULL));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_producer_wait_for("x", LONG, NULL));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_consumer_attach(NULL, NULL, &consumer));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_consumer_attach("x", NULL, NULL));
    EXPECT(ACKCAST_NULL_ARGUMENT, ackcast_consumer_wait_for("x", LONG, NULL));
}

/* No channel is there. */
static void missing(void) {
    ackcast_channel_t *channel;
    ackcast_producer_t *producer;
    ackcast_consumer_t *consumer;
    EXPECT(ACKCAST_NOT_FOUND, ackcast_open(named("missing"), &channel));
    EXPECT(ACKCAST_NOT_FOUND, ackcast_producer_attach(named("missing"), &producer));
    EXPECT(ACKCAST_NOT_FOUND, ackcast_consumer_attach(named("missing"), NULL, &consumer));
    EXPECT(ACKCAST_TIMED_OUT, ackcast_wait_for(named("missing"), 2000000, &channel));
    CHECK(number("reason") == ACKCAST_NOT_FOUND && channel == NULL);
    EXPECT(ACKCAST_TIMED_OUT, ackcast_producer_wait_for(named("missing"), ACKCAST_NOW, &producer));
    CHECK(number("reason") == ACKCAST_NOT_FOUND && producer == NULL);
    EXPECT(ACKCAST_TIMED_OUT, ackcast_consumer_wait_for(named("missing"), ACKCAST_NOW, &consumer));
    CHECK(number("reason") == ACKCAST_NOT_FOUND && consumer == NULL);
}

static void observed(void) {
    ackcast_settings_t all = defaults();
    all.slots = 8;
    all.slot_size = 100;
    all.consumers = 0;
    all.producers = 2;
    all.retain = 3;
    all.places = 2;
    all.backend = ACKCAST_BACKEND_RAW_SYNC;
    all.symmetric_fences = 1;
    all.tag = UINT64_MAX;
    ackcast_channel_t *channel, *again;
    OK(ackcast_create(named("observed"), &all, &channel));
    CHECK(strcmp(ackcast_channel_name(channel), named("observed")) == 0);
    EXPECT(ACKCAST_ALREADY_EXISTS, ackcast_create(named("observed"), &all, &again));
    OK(ackcast_open_or_create(named("observed"), &all, &again));
    OK(ackcast_channel_free(again));
    OK(ackcast_open(named("observed"), &again));
    OK(ackcast_channel_free(again));
    OK(ackcast_wait_for(named("observed"), ACKCAST_FOREVER, &again));
    OK(ackcast_channel_free(again));
    all.slots = 9;
    EXPECT(ACKCAST_DIFFERS, ackcast_open_or_create(named("observed"), &all, &again));
    expect_message("slots is 8, not 9");

    ackcast_info_t info;
    OK(ackcast_channel_info(channel, &info));
    CHECK(info.slots == 8 && info.slot_size == 100 && info.consumers == 0 && info.producers == 2 && info.retain == 3);
    CHECK(info.consumer_places == 2 && info.producer_places == 2 && info.backend == ACKCAST_BACKEND_RAW_SYNC);
    CHECK(info.symmetric_fences == 1 && info.type.name == NULL && info.type.size == 0);
    CHECK(info.tag == UINT64_MAX && info.incarnation != 0);

    ackcast_producer_t *producer = producer_of("observed"), *second = producer_of("observed"), *third;
    EXPECT(ACKCAST_NO_PLACE, ackcast_producer_attach(named("observed"), &third));
    CHECK(number("capacity") == 2 && third == NULL);
    EXPECT(ACKCAST_TIMED_OUT, ackcast_producer_wait_for(named("observed"), ACKCAST_NOW, &third));
    CHECK(number("reason") == ACKCAST_NO_PLACE);
    for (int i = 0; i < 5; i++) {
        OK(ackcast_send(producer, &i, sizeof i, LONG));
    }
    ackcast_start_t start = {.at = ACKCAST_START_SEQUENCE, .sequence = 1};
    ackcast_consumer_t *late;
    EXPECT(ACKCAST_NOT_RETAINED, ackcast_consumer_attach(named("observed"), &start, &late));
    CHECK(number("asked") == 1 && number("oldest") == 2 && number("newest") == 5);
    start.at = 3;
    EXPECT(ACKCAST_INVALID_ARGUMENT, ackcast_consumer_attach(named("observed"), &start, &late));
    start = (ackcast_start_t){.at = ACKCAST_START_SEQUENCE, .sequence = 3};
    OK(ackcast_consumer_attach(named("observed"), &start, &late));
    int value = 0;
    size_t len;
    OK(ackcast_recv_copy(late, LONG, &value, sizeof value, &len));
    CHECK(len == sizeof value && value == 3);
    start.at = ACKCAST_START_OLDEST;
    ackcast_consumer_t *oldest;
    OK(ackcast_consumer_attach(named("observed"), &start, &oldest));
    OK(ackcast_recv_copy(oldest, LONG, &value, sizeof value, &len));
    uint32_t consumer_number;
    OK(ackcast_consumer_number(oldest, &consumer_number));
    CHECK(value == 2 && consumer_number == 1);

    ackcast_attached_t attached[2];
    OK(ackcast_channel_acknowledged(channel, attached, 1, &len));
    CHECK(len == 2 && attached[0].consumer == 0 && attached[0].acknowledged == 4);
    OK(ackcast_channel_acknowledged(channel, attached, 2, &len));
    CHECK(len == 2 && attached[1].consumer == 1 && attached[1].acknowledged == 3);
    uint32_t there, gone;
    EXPECT(ACKCAST_TIMED_OUT, ackcast_channel_wait_until_drained(channel, ACKCAST_NOW, &there, &gone));
    CHECK(number("consumer") == 1 && number("acknowledged") == 3 && number("published") == 5 && number("behind") == 2);
    ackcast_stats_t stats;
    OK(ackcast_channel_stats(channel, &stats));
    CHECK(stats.published == 5 && stats.slowest == 1 && stats.lag == 2 && stats.consumers == 2 && stats.in_use);
    CHECK(stats.living_consumers == 2 && stats.living_producers == 2 && stats.finished == 0 && !stats.ended);
    CHECK(stats.evicted == 0 && stats.takeovers == 0 && stats.lock_owner == -1 && !stats.producers_lost);
    CHECK(stats.blocked_on == ACKCAST_BLOCKED_ON_NOTHING && !stats.removed);

    bool ended, over, lost;
    uint64_t published;
    OK(ackcast_finish(producer, LONG, &ended));
    CHECK(!ended);
    OK(ackcast_channel_is_over(channel, &over));
    OK(ackcast_channel_producers_lost(channel, &lost));
    CHECK(!over && !lost);
    OK(ackcast_producer_free(second)); /* it dies, for the others */
    OK(ackcast_channel_producers_lost(channel, &lost));
    OK(ackcast_channel_is_over(channel, &over));
    CHECK(over && lost);
    OK(ackcast_producer_free(producer));
    for (int i = 3; i < 5; i++) {
        OK(ackcast_recv_copy(oldest, LONG, &value, sizeof value, &len));
    }
    const void *data;
    EXPECT(ACKCAST_PRODUCERS_LOST, ackcast_recv(oldest, LONG, &data, &len));
    CHECK(number("producers") == 2); /* the second one: bit 1 */
    ackcast_consumer_t *joins;
    EXPECT(ACKCAST_TIMED_OUT, ackcast_consumer_wait_for(named("observed"), ACKCAST_NOW, &joins));
    CHECK(number("reason") == ACKCAST_PRODUCERS_LOST);
    OK(ackcast_producer_wait_for(named("observed"), LONG, &producer)); /* a successor */
    OK(ackcast_finish(producer, LONG, &ended));
    CHECK(ended);
    OK(ackcast_channel_published(channel, &published, &ended));
    CHECK(published == 6 && ended);
    EXPECT(ACKCAST_ENDED, ackcast_recv(oldest, LONG, &data, &len));
    OK(ackcast_consumer_free(late));
    OK(ackcast_channel_wait_until_drained(channel, LONG, &there, &gone));
    CHECK(there == 1 && gone == 0);
    all.slots = 8;
    EXPECT(ACKCAST_ENDED, ackcast_open_or_create(named("observed"), &all, &again));
    EXPECT(ACKCAST_ENDED, ackcast_producer_attach(named("observed"), &third));
    free_all(channel, producer, oldest);
}

static void listed(void) {
    ackcast_channel_t *channel = created("listed", 1);
    for (int there = 1; there >= 0; there--) {
        ackcast_names_t *list;
        bool found = false;
        OK(ackcast_list(&list));
        for (size_t i = 0; i < ackcast_names_count(list); i++) {
            found |= strcmp(ackcast_names_get(list, i), named("listed")) == 0;
        }
        CHECK(found == there);
        CHECK(ackcast_names_get(list, ackcast_names_count(list)) == NULL);
        ackcast_names_free(list);
        if (there) {
            OK(ackcast_channel_free(channel));
        }
    }
}

int main(int argc, char **argv) {
    begin(argc, argv);
    settings();
    names();
    missing();
    observed();
    listed();
    return 0;
}
