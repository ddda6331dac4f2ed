/* Handles leave nothing behind: no descriptor, no thread, no mapping. */
#include "check.h"
#include <dirent.h>
#include <sched.h>

enum { ROUNDS = 50 };

static int entries(const char *folder) {
    DIR *directory = opendir(folder);
    int count = 0;
    CHECK(directory);
    while (readdir(directory)) {
        count++;
    }
    closedir(directory);
    return count;
}

static int mappings(void) {
    char line[512];
    int count = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    CHECK(maps);
    while (fgets(line, sizeof line, maps)) {
        count += strstr(line, "/dev/shm/ackcast") != NULL;
    }
    fclose(maps);
    return count;
}

static void everything(bool events) {
    ackcast_channel_t *channel = created("growth", 4), *none;
    ackcast_producer_t *producer = producer_of("growth");
    ackcast_consumer_t *consumer = consumer_of("growth");
    ackcast_names_t *names;
    const void *data;
    void *slot;
    size_t len;
    if (events) {
        OK(ackcast_producer_into_event(producer));
        OK(ackcast_consumer_into_event(consumer));
    }
    OK(ackcast_send(producer, "Hello", 5, ACKCAST_NOW));
    OK(ackcast_recv(consumer, ACKCAST_NOW, &data, &len));
    OK(ackcast_release(consumer));
    EXPECT(ACKCAST_TIMED_OUT, ackcast_recv(consumer, ACKCAST_NOW, &data, &len));
    OK(ackcast_loan(producer, ACKCAST_NOW, &slot, &len));
    EXPECT(ACKCAST_ALREADY_EXISTS, ackcast_create(named("growth"), NULL, &none));
    OK(ackcast_list(&names));
    ackcast_names_free(names);
    free_all(channel, producer, consumer);
}

int main(int argc, char **argv) {
    begin(argc, argv);
    everything(true);
    const int descriptors = entries("/proc/self/fd"), threads = entries("/proc/self/task");
    CHECK(mappings() == 0);
    for (int round = 0; round < ROUNDS; round++) {
        everything(round % 2);
    }
    /* What the process has once may come late, and a thread of the library closes the last ones. A handle that left
     * something behind would leave it in each round. If it does, the alarm ends the program. */
    while (entries("/proc/self/fd") > descriptors + ROUNDS / 4 || entries("/proc/self/task") > threads + ROUNDS / 4) {
        sched_yield();
    }
    CHECK(mappings() == 0);
    return 0;
}
