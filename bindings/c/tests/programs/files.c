/* Files that are no channels, and channels whose memory was overwritten. */
#include "check.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* Offsets in the header of a channel: see src/segment/header.rs. */
enum {
    VERSION = 16,
    BACKEND = 20,
    LAYOUT_HASH = 24,
    SLOTS = 40,
    FENCES = 68,
    PID_NAMESPACE = 72,
    C_LIBRARY = 88,
    VALUE_TYPE = 112,
    HEADER = 256
};

static const char *path(const char *suffix) {
    static char path[160];
    snprintf(path, sizeof path, "/dev/shm/ackcast.%s", named(suffix));
    return path;
}

static void overwrite(const char *suffix, off_t at, const void *bytes, size_t len) {
    int fd = open(path(suffix), O_RDWR | O_CLOEXEC);
    CHECK(fd >= 0 && pwrite(fd, bytes, len, at) == (ssize_t)len);
    CHECK(close(fd) == 0);
}

/* Every way to open the channel meets this error. */
static void refused(const char *suffix, ackcast_status_t wanted) {
    ackcast_channel_t *channel;
    ackcast_producer_t *producer;
    ackcast_consumer_t *consumer;
    EXPECT(wanted, ackcast_producer_attach(named(suffix), &producer));
    EXPECT(wanted, ackcast_consumer_attach(named(suffix), NULL, &consumer));
    EXPECT(wanted, ackcast_wait_for(named(suffix), LONG, &channel));
    EXPECT(wanted, ackcast_producer_wait_for(named(suffix), LONG, &producer));
    EXPECT(wanted, ackcast_consumer_wait_for(named(suffix), LONG, &consumer));
    EXPECT(wanted, ackcast_open(named(suffix), &channel));
    CHECK(!channel && !producer && !consumer);
}

/* A channel of this backend with these bytes overwritten. The bytes are put back, so that it can be removed. */
static void with_header(ackcast_status_t wanted, uint32_t backend, off_t at, uint64_t value, size_t len) {
    ackcast_settings_t settings;
    ackcast_channel_t *channel;
    uint64_t old = 0;
    OK(ackcast_settings_default(&settings));
    settings.backend = backend;
    OK(ackcast_create(named("header"), &settings, &channel));
    int fd = open(path("header"), O_RDONLY | O_CLOEXEC);
    CHECK(fd >= 0 && pread(fd, &old, len, at) == (ssize_t)len && close(fd) == 0);
    overwrite("header", at, &value, len);
    refused("header", wanted);
    overwrite("header", at, &old, len);
    OK(ackcast_channel_free(channel));
}

static void headers(void) {
    const uint32_t futex = ACKCAST_BACKEND_FUTEX, raw = ACKCAST_BACKEND_RAW_SYNC;
    with_header(ACKCAST_FOREIGN, futex, 0, 7, 8);
    with_header(ACKCAST_OTHER_VERSION, futex, VERSION, 4711, 4);
    CHECK(number("found") == 4711);
    with_header(ACKCAST_UNKNOWN_BACKEND, futex, BACKEND, 4711, 4);
    CHECK(number("found") == 4711);
    with_header(ACKCAST_OTHER_LAYOUT, futex, LAYOUT_HASH, 4711, 8);
    CHECK(number("found") == 4711 && number("expected") != 4711);
    with_header(ACKCAST_IMPOSSIBLE_GEOMETRY, futex, SLOTS, 0, 4);
    CHECK(number("value") == 0 && number("min") == 1);
    with_header(ACKCAST_OTHER_SIZE, futex, SLOTS, 1 << 20, 4);
    CHECK(number("expected") > number("found"));
    with_header(ACKCAST_UNKNOWN_FENCES, futex, FENCES, 4711, 4);
    with_header(ACKCAST_IMPOSSIBLE_TYPE, futex, VALUE_TYPE, 4711, 4);
    with_header(ACKCAST_OTHER_PID_NAMESPACE, raw, PID_NAMESPACE, 4711, 8);
    with_header(ACKCAST_OTHER_C_LIBRARY, raw, C_LIBRARY, 4711, 4);
}

static void other_files(void) {
    ackcast_channel_t *channel;
    int fd = open(path("file"), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    CHECK(fd >= 0 && write(fd, "some text, long enough to be a header?", 38) == 38);
    refused("file", ACKCAST_FOREIGN);
    EXPECT(ACKCAST_IN_THE_WAY, ackcast_create(named("file"), NULL, &channel));
    CHECK(number("reason") == ACKCAST_FOREIGN);
    CHECK(fchmod(fd, 0644) == 0);
    refused("file", ACKCAST_NOT_OURS);
    CHECK(number("mode") == 0644 && number("owner") == geteuid() && number("user") == geteuid());
    EXPECT(ACKCAST_IN_THE_WAY, ackcast_open_or_create(named("file"), NULL, &channel));
    CHECK(number("reason") == ACKCAST_NOT_OURS);
    CHECK(close(fd) == 0 && unlink(path("file")) == 0);
    CHECK(mkdir(path("file"), 0700) == 0);
    refused("file", ACKCAST_NOT_A_FILE);
    CHECK(rmdir(path("file")) == 0);
}

/* Scribbles over all words of a channel in use, after its header. Each call returns an error or does its work. */
static void scribbled(unsigned char with) {
    ackcast_channel_t *channel = created("scribbled", 2);
    ackcast_producer_t *producer = producer_of("scribbled");
    ackcast_consumer_t *consumer = consumer_of("scribbled");
    const void *data;
    size_t len, sent;
    bool flag;
    uint64_t sequence;
    ackcast_stats_t stats;
    ackcast_attached_t attached[64];
    ackcast_message_t messages[4];
    ackcast_bytes_t bytes[3] = {{"a", 1}, {"b", 1}, {"c", 1}};
    struct stat file;
    say(producer, "Hello");
    OK(ackcast_recv(consumer, LONG, &data, &len)); /* held meanwhile */
    CHECK(stat(path("scribbled"), &file) == 0);
    unsigned char *garbage = malloc((size_t)file.st_size - HEADER);
    CHECK(garbage);
    memset(garbage, with, (size_t)file.st_size - HEADER);
    overwrite("scribbled", HEADER, garbage, (size_t)file.st_size - HEADER);
    free(garbage);
    ackcast_status_t found[8];
    ackcast_status_t released = ackcast_release(consumer);
    CHECK(released == ACKCAST_OK || released == ACKCAST_CORRUPT);
    EXPECT(ACKCAST_NOT_LENT, ackcast_release(consumer));
    if (with == 0xff) {
        EXPECT(ACKCAST_CORRUPT, ackcast_recv(consumer, ACKCAST_FOREVER, &data, &len));
        expect_message("the segment is corrupt");
    }
    found[0] = ackcast_recv(consumer, SECOND / 100, &data, &len);
    ackcast_release(consumer);
    found[1] = ackcast_recv_batch(consumer, SECOND / 100, messages, 4, &len);
    ackcast_release(consumer);
    found[2] = ackcast_send(producer, "x", 1, SECOND / 100);
    found[3] = ackcast_send_batch(producer, bytes, 3, SECOND / 100, &sent);
    found[4] = ackcast_wait_until_drained(producer, SECOND / 100, NULL, NULL);
    found[5] = ackcast_finish(producer, SECOND / 100, &flag);
    found[6] = ackcast_channel_stats(channel, &stats);
    found[7] = ackcast_channel_acknowledged(channel, attached, 64, &len);
    ackcast_channel_published(channel, &sequence, &flag);
    ackcast_channel_is_over(channel, &flag);
    for (int i = 0; i < 8; i++) {
        CHECK(ackcast_status_name(found[i]) != NULL);
        CHECK(found[i] < ACKCAST_NULL_ARGUMENT || found[i] > ACKCAST_POISONED || found[i] == ACKCAST_LENT);
    }
    ackcast_producer_free(producer);
    ackcast_consumer_free(consumer);
    ackcast_channel_free(channel);
    unlink(path("scribbled"));
}

int main(int argc, char **argv) {
    begin(argc, argv);
    headers();
    other_files();
    for (int with = 0; with < 256; with += 51) {
        scribbled((unsigned char)with);
    }
    return 0;
}
