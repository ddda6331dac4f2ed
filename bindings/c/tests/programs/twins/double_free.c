/* Frees a handle twice. */
#include "../check.h"

int main(int argc, char **argv) {
    begin(argc, argv);
    ackcast_channel_t *channel = created("twice", 1);
    OK(ackcast_channel_free(channel));
    ackcast_channel_free(channel);
    return 0;
}
