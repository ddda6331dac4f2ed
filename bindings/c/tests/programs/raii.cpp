// The C++ header: handles, messages and loans free themselves, and errors are exceptions.
#include <ackcast.hpp>

#include <cstdio>
#include <cstdlib>
#include <thread>

#define CHECK(condition) \
    ((condition) ? (void)0 : (std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition), std::_Exit(1)))

template <class Call> static void expect(ackcast_status_t wanted, Call call) {
    try {
        call();
    } catch (const ackcast::Error &error) {
        CHECK(error.status() == wanted && error.what()[0] != '\0');
        return;
    }
    CHECK(!"no error was thrown");
}

struct Value {
    double a;
    int b;
    int padding;
};

static void messages(const std::string &name) {
    auto settings = ackcast::settings();
    settings.slots = 4;
    const auto channel = ackcast::Channel::create(name, settings);
    expect(ACKCAST_ALREADY_EXISTS, [&] { ackcast::Channel::create(name, settings); });
    CHECK(ackcast::Channel::open(name).get() && ackcast::Channel::open_or_create(name, settings).get());
    ackcast::Producer producer(name);
    ackcast::Consumer consumer(name);
    producer.send("Hello");
    producer.send("");
    {
        auto message = consumer.recv();
        CHECK(message && message->view() == "Hello");
        expect(ACKCAST_LENT, [&] { consumer.recv(ackcast::now); });
        auto moved = std::move(*message);
        message.reset(); // releases nothing
        CHECK(moved.view() == "Hello");
        moved.keep();
    }
    CHECK(consumer.recv()->view() == "Hello");
    CHECK(consumer.recv()->view().empty());
    expect(ACKCAST_TIMED_OUT, [&] { consumer.recv(std::chrono::microseconds(1)); });
    {
        auto loan = producer.loan();
        loan.as<Value>() = {0.5, 7, 0};
        auto moved = std::move(loan);
        expect(ACKCAST_TOO_LONG, [&] { moved.publish(moved.size() + 1); });
        moved.publish(sizeof(Value));
    }
    { producer.loan(); } // abandoned
    CHECK(consumer.recv()->as<Value>().b == 7);
    producer.send_value(Value{0.5, 8, 0});
    auto value = consumer.recv();
    try {
        value->as<int>();
        CHECK(!"no error was thrown");
    } catch (const std::length_error &) {
    }
    CHECK(value->as<Value>().b == 8);
    value.reset();
    std::thread([moved = std::move(producer)]() mutable { CHECK(moved.finish()); }).join();
    CHECK(!consumer.recv());
}

static void types(const std::string &name) {
    auto settings = ackcast::settings();
    settings.type = ackcast::value_type<Value>("Value", 3);
    const auto channel = ackcast::Channel::create(name, settings);
    expect(ACKCAST_TYPE_MISMATCH, [&] { ackcast::Consumer(name, ackcast::value_type<Value>("Value", 2)); });
    const ackcast_value_type_t same = ACKCAST_VALUE_TYPE(Value, "Value", 3);
    ackcast::Consumer consumer(name, same);
    ackcast::Producer producer(name, same);
    producer.send_value(Value{1.5, 1, 0});
    expect(ACKCAST_NOT_A_VALUE, [&] { producer.send("text"); });
    CHECK(consumer.recv()->as<Value>().a == 1.5);
}

int main(int, char **argv) {
    messages(std::string(argv[1]) + "-raii");
    types(std::string(argv[1]) + "-types");
}
