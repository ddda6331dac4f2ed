// A camera sends frames, which are written and read in place, and a viewer in another process reads them.
//
//     c++ -std=c++17 examples/frames.cpp -o frames $(pkg-config --cflags --libs ackcast) && ./frames

#include <ackcast.hpp>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

struct Frame {
    std::uint64_t number;
    std::uint8_t pixels[480][640];
};

static ackcast_value_type_t frames() { return ackcast::value_type<Frame>("Frame", 1); }

static int view(const std::string &name) {
    ackcast::Consumer consumer(name, frames());
    std::uint64_t seen = 0;
    while (auto message = consumer.recv()) {
        const auto &frame = message->as<Frame>(); // in its slot; acknowledged at the end of this block
        if (frame.number != seen || frame.pixels[479][639] != seen) return 1;
        seen++;
    }
    std::printf("viewer: %d frames, none torn\n", static_cast<int>(seen));
    return 0;
}

int main(int argc, char **argv) try {
    const std::string name = std::string(argc > 1 ? argv[1] : "example") + "-frames-" + std::to_string(getpid());
    auto settings = ackcast::settings();
    settings.slots = 4;
    settings.type = frames(); // sets the size of a slot
    const auto channel = ackcast::Channel::create(name, settings);
    if (fork() == 0) {
        // A forked child attaches handles of its own. It leaves its parent's alone, and so ends by _exit.
        const int status = view(name);
        std::fflush(stdout);
        _exit(status);
    }
    ackcast::Producer camera(name, frames());
    for (std::uint64_t number = 0; number < 100; number++) {
        auto loan = camera.loan();
        auto &frame = loan.as<Frame>();
        frame.number = number;
        std::memset(frame.pixels, static_cast<int>(number), sizeof frame.pixels);
        loan.publish(sizeof frame);
    }
    camera.finish();
    try {
        camera.send("too late");
    } catch (const ackcast::Error &error) {
        std::printf("camera: %s: %s\n", ackcast_status_name(error.status()), error.what());
    }
    int status = 1;
    wait(&status);
    return status != 0;
} catch (const ackcast::Error &error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
