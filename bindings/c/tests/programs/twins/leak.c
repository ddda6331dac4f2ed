/* Frees nothing: LeakSanitizer and valgrind say so. */
#include "../check.h"

int main(int argc, char **argv) {
    ackcast_consumer_t *volatile consumer;
    begin(argc, argv);
    ackcast_channel_t *channel = created("leak", 1);
    consumer = consumer_of("leak");
    consumer = NULL;
    OK(ackcast_channel_free(channel));
    return consumer != NULL;
}
