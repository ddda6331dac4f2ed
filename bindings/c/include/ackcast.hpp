// ackcast for C++17: the handles of ackcast.h as values that free themselves. Errors are exceptions. A handle is used
// by one thread at a time. A Message and a Loan end before their handle does. MIT OR Apache-2.0.
#ifndef ACKCAST_HPP
#define ACKCAST_HPP

#include "ackcast.h"

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace ackcast {

using timeout = std::chrono::nanoseconds;
constexpr timeout forever{ACKCAST_FOREVER};
constexpr timeout now{ACKCAST_NOW};

// A call has failed. The message is that of ackcast_last_error_message.
class Error : public std::runtime_error {
public:
    explicit Error(ackcast_status_t status) : std::runtime_error(ackcast_last_error_message()), status_(status) {}
    ackcast_status_t status() const noexcept { return status_; }

private:
    ackcast_status_t status_;
};

inline void check(ackcast_status_t status) {
    if (status != ACKCAST_OK) throw Error(status);
}

// The default settings.
inline ackcast_settings_t settings() {
    ackcast_settings_t settings;
    check(ackcast_settings_default(&settings));
    return settings;
}

// The type T as channels keep it.
template <class T> ackcast_value_type_t value_type(const char *name, std::uint32_t version = 0) {
    static_assert(std::is_trivially_copyable_v<T>, "other processes see the bytes of a value, and nothing else");
    return {name, version, sizeof(T), alignof(T), 0};
}

namespace detail {
template <class T, ackcast_status_t (*free)(T *)> struct Free {
    void operator()(T *handle) const noexcept { free(handle); }
};
template <class T, ackcast_status_t (*free)(T *)> using Handle = std::unique_ptr<T, Free<T, free>>;

// Calls a function that makes a handle.
template <class H, class Make> H made(Make make) {
    typename H::pointer handle = nullptr;
    check(make(&handle));
    return H(handle);
}
} // namespace detail

class Channel {
public:
    static Channel create(const std::string &name, const ackcast_settings_t &settings = ackcast::settings()) {
        return Channel([&](auto out) { return ackcast_create(name.c_str(), &settings, out); });
    }
    static Channel open_or_create(const std::string &name, const ackcast_settings_t &settings = ackcast::settings()) {
        return Channel([&](auto out) { return ackcast_open_or_create(name.c_str(), &settings, out); });
    }
    static Channel open(const std::string &name) {
        return Channel([&](auto out) { return ackcast_open(name.c_str(), out); });
    }
    // For the functions of ackcast.h.
    ackcast_channel_t *get() const noexcept { return handle_.get(); }

private:
    using Handle = detail::Handle<ackcast_channel_t, ackcast_channel_free>;
    template <class Make> explicit Channel(Make make) : handle_(detail::made<Handle>(make)) {}
    Handle handle_;
};

// A slot on loan, to be written in place. Publishes nothing unless publish is called.
class Loan {
public:
    Loan(Loan &&other) noexcept
        : producer_(std::exchange(other.producer_, nullptr)), data_(other.data_), size_(other.size_) {}
    Loan &operator=(Loan &&) = delete;
    ~Loan() {
        if (producer_) ackcast_abandon(producer_);
    }
    void *data() const noexcept { return data_; }
    std::size_t size() const noexcept { return size_; }
    template <class T> T &as() const {
        static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= 64);
        if (sizeof(T) > size_) throw std::length_error("the slot is smaller than the value");
        return *static_cast<T *>(data_);
    }
    void publish(std::size_t len) {
        check(ackcast_publish(producer_, len));
        producer_ = nullptr;
    }

private:
    friend class Producer;
    Loan(ackcast_producer_t *producer, timeout wait) {
        check(ackcast_loan(producer, wait.count(), &data_, &size_));
        producer_ = producer;
    }
    ackcast_producer_t *producer_ = nullptr;
    void *data_ = nullptr;
    std::size_t size_ = 0;
};

// Call finish after the last message: a producer that is destroyed without it is dead, for the consumers.
class Producer {
public:
    explicit Producer(const std::string &name)
        : handle_(detail::made<Handle>([&](auto out) { return ackcast_producer_attach(name.c_str(), out); })) {}
    Producer(const std::string &name, const ackcast_value_type_t &type)
        : handle_(detail::made<Handle>(
              [&](auto out) { return ackcast_producer_attach_typed(name.c_str(), &type, out); })) {}
    void send(std::string_view message, timeout wait = forever) {
        check(ackcast_send(get(), message.data(), message.size(), wait.count()));
    }
    template <class T> void send_value(const T &value, timeout wait = forever) {
        static_assert(std::is_trivially_copyable_v<T>);
        check(ackcast_send(get(), &value, sizeof value, wait.count()));
    }
    Loan loan(timeout wait = forever) { return Loan(get(), wait); }
    // Whether this call has published END.
    bool finish(timeout wait = forever) {
        bool ended = false;
        check(ackcast_finish(get(), wait.count(), &ended));
        return ended;
    }
    ackcast_producer_t *get() const noexcept { return handle_.get(); }

private:
    using Handle = detail::Handle<ackcast_producer_t, ackcast_producer_free>;
    Handle handle_;
};

// A message in its slot. It is acknowledged when this is destroyed.
class Message {
public:
    Message(Message &&other) noexcept
        : consumer_(std::exchange(other.consumer_, nullptr)), data_(other.data_), size_(other.size_) {}
    Message &operator=(Message &&) = delete;
    ~Message() {
        if (consumer_) ackcast_release(consumer_);
    }
    std::string_view view() const noexcept { return {static_cast<const char *>(data_), size_}; }
    template <class T> const T &as() const {
        static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= 64);
        if (sizeof(T) != size_) throw std::length_error("the message has another size than the value");
        return *static_cast<const T *>(data_);
    }
    // Ends the loan without an acknowledgement: the message is received again.
    void keep() { check(ackcast_keep(std::exchange(consumer_, nullptr))); }

private:
    friend class Consumer;
    Message(ackcast_consumer_t *consumer, const void *data, std::size_t size)
        : consumer_(consumer), data_(data), size_(size) {}
    ackcast_consumer_t *consumer_;
    const void *data_;
    std::size_t size_;
};

class Consumer {
public:
    explicit Consumer(const std::string &name, const ackcast_start_t *start = nullptr)
        : handle_(detail::made<Handle>([&](auto out) { return ackcast_consumer_attach(name.c_str(), start, out); })) {}
    Consumer(const std::string &name, const ackcast_value_type_t &type, const ackcast_start_t *start = nullptr)
        : handle_(detail::made<Handle>(
              [&](auto out) { return ackcast_consumer_attach_typed(name.c_str(), start, &type, out); })) {}
    // The next message, or nothing after END.
    std::optional<Message> recv(timeout wait = forever) {
        const void *data = nullptr;
        std::size_t size = 0;
        const ackcast_status_t status = ackcast_recv(get(), wait.count(), &data, &size);
        if (status == ACKCAST_ENDED) return std::nullopt;
        check(status);
        return Message(get(), data, size);
    }
    ackcast_consumer_t *get() const noexcept { return handle_.get(); }

private:
    using Handle = detail::Handle<ackcast_consumer_t, ackcast_consumer_free>;
    Handle handle_;
};

} // namespace ackcast

#endif
