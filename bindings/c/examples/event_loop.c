/* One thread receives from two sensors, which are processes of their own, by poll(2).
 *
 *     cc examples/event_loop.c -o event_loop $(pkg-config --cflags --libs ackcast) && ./event_loop
 */
#include <ackcast.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SENSORS = 2, READINGS = 100 };

/* Ends the program with the message of an error. */
static void check(ackcast_status_t status) {
    if (status != ACKCAST_OK) {
        fprintf(stderr, "%s: %s\n", ackcast_status_name(status), ackcast_last_error_message());
        exit(1);
    }
}

static void sense(const char *name) {
    ackcast_producer_t *producer;
    check(ackcast_producer_wait_for(name, ACKCAST_FOREVER, &producer));
    for (int reading = 0; reading < READINGS; reading++) {
        check(ackcast_send(producer, &reading, sizeof reading, ACKCAST_FOREVER));
    }
    check(ackcast_finish(producer, ACKCAST_FOREVER, NULL));
    check(ackcast_producer_free(producer));
}

/* Receives what is there. False after END. */
static bool receive(ackcast_consumer_t *consumer, int *expected) {
    for (;;) {
        int reading;
        size_t len;
        ackcast_status_t status = ackcast_recv_copy(consumer, ACKCAST_NOW, &reading, sizeof reading, &len);
        if (status == ACKCAST_TIMED_OUT) {
            return true; /* the descriptor becomes readable when there is more */
        }
        if (status == ACKCAST_ENDED) {
            return false;
        }
        check(status);
        if (len != sizeof reading || reading != *expected) {
            fprintf(stderr, "reading %d is not %d\n", reading, *expected);
            exit(1);
        }
        *expected += 1;
    }
}

int main(int argc, char **argv) {
    char names[SENSORS][100];
    ackcast_channel_t *channels[SENSORS];
    ackcast_consumer_t *consumers[SENSORS];
    struct pollfd fds[SENSORS];
    int received[SENSORS] = {0};

    for (int i = 0; i < SENSORS; i++) {
        snprintf(names[i], sizeof names[i], "%s-sensor-%d-%d", argc > 1 ? argv[1] : "example", (int)getpid(), i);
        if (fork() == 0) {
            sense(names[i]);
            return 0;
        }
    }
    for (int i = 0; i < SENSORS; i++) {
        ackcast_settings_t settings;
        check(ackcast_settings_default(&settings));
        settings.slots = 8;
        settings.slot_size = sizeof(int);
        check(ackcast_create(names[i], &settings, &channels[i]));
        check(ackcast_consumer_attach(names[i], NULL, &consumers[i]));
        check(ackcast_consumer_into_event(consumers[i]));
        check(ackcast_consumer_fd(consumers[i], &fds[i].fd));
        fds[i].events = POLLIN;
    }
    for (int open = SENSORS; open > 0;) {
        if (poll(fds, SENSORS, -1) < 0) {
            perror("poll");
            return 1;
        }
        for (int i = 0; i < SENSORS; i++) {
            if ((fds[i].revents & POLLIN) && !receive(consumers[i], &received[i])) {
                fds[i].fd = -1; /* poll(2) passes it over */
                open--;
            }
        }
    }
    for (int i = 0; i < SENSORS; i++) {
        printf("sensor %d: %d readings, in order\n", i, received[i]);
        check(ackcast_consumer_free(consumers[i]));
        check(ackcast_channel_free(channels[i]));
        wait(NULL);
    }
    return 0;
}
