/* A producer sends strings, and two consumers print each of them. Three processes.
 *
 *     cc examples/strings.c -o strings $(pkg-config --cflags --libs ackcast) && ./strings
 */
#include <ackcast.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Ends the program with the message of an error. */
static void check(ackcast_status_t status) {
    if (status != ACKCAST_OK) {
        fprintf(stderr, "%s: %s\n", ackcast_status_name(status), ackcast_last_error_message());
        exit(1);
    }
}

static void consume(const char *name, int number) {
    ackcast_consumer_t *consumer;
    const void *data;
    size_t len;
    ackcast_status_t status;
    check(ackcast_consumer_wait_for(name, ACKCAST_FOREVER, &consumer));
    while ((status = ackcast_recv(consumer, ACKCAST_FOREVER, &data, &len)) == ACKCAST_OK) {
        printf("Consumer %d read: %.*s\n", number, (int)len, (const char *)data);
        check(ackcast_release(consumer)); /* from here on the producer may overwrite the slot */
    }
    if (status != ACKCAST_ENDED) {
        check(status);
    }
    check(ackcast_consumer_free(consumer));
}

static void produce(const char *name) {
    const char *texts[] = {"Hello", "from", "shared", "memory!"};
    ackcast_producer_t *producer;
    check(ackcast_producer_attach(name, &producer));
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        check(ackcast_send(producer, texts[i], strlen(texts[i]), ACKCAST_FOREVER)); /* waits for both consumers */
        printf("Producer wrote: %s\n", texts[i]);
    }
    check(ackcast_finish(producer, ACKCAST_FOREVER, NULL)); /* END: nothing follows */
    check(ackcast_producer_free(producer));
}

int main(int argc, char **argv) {
    enum { CONSUMERS = 2 };
    ackcast_settings_t settings;
    ackcast_channel_t *channel;
    char name[100];
    snprintf(name, sizeof name, "%s-strings-%d", argc > 1 ? argv[1] : "example", (int)getpid());

    /* A child attaches handles of its own. Those of its parent are of no use to it. */
    for (int number = 1; number <= CONSUMERS; number++) {
        if (fork() == 0) {
            consume(name, number);
            return 0;
        }
    }
    check(ackcast_settings_default(&settings));
    settings.consumers = CONSUMERS; /* the first message waits for them */
    check(ackcast_create(name, &settings, &channel));
    produce(name);
    int status, ok = 1;
    while (wait(&status) > 0) {
        ok &= WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    check(ackcast_channel_free(channel));
    puts(ok ? "All processes finished." : "A process has failed.");
    return !ok;
}
