/* Reads a message after its consumer was freed, and its memory unmapped. */
#include "../check.h"

int main(int argc, char **argv) {
    const void *data;
    size_t len;
    begin(argc, argv);
    ackcast_channel_t *channel = created("after", 1);
    ackcast_producer_t *producer = producer_of("after");
    ackcast_consumer_t *consumer = consumer_of("after");
    say(producer, "Hello");
    OK(ackcast_recv(consumer, LONG, &data, &len));
    free_all(channel, producer, consumer);
    return *(volatile const char *)data == 'H';
}
