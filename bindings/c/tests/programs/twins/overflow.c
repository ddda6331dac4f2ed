/* Lends the library a buffer that is shorter than it says. */
#include "../check.h"

int main(int argc, char **argv) {
    size_t len;
    begin(argc, argv);
    ackcast_channel_t *channel = created("overflow", 1);
    ackcast_producer_t *producer = producer_of("overflow");
    ackcast_consumer_t *consumer = consumer_of("overflow");
    char *buffer = malloc(4);
    say(producer, "longer than four bytes");
    OK(ackcast_recv_copy(consumer, LONG, buffer, 64, &len));
    CHECK(buffer[0] == 'l');
    free(buffer);
    free_all(channel, producer, consumer);
    return 0;
}
