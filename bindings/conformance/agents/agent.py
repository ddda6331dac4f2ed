"""The Python agent: reads requests, one in a line, calls the package, and answers each in a line."""

import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import ackcast  # noqa: E402
from python import events, typed  # noqa: E402
from python.failures import failure  # noqa: E402
from python.streams import consume, produce  # noqa: E402

from suite.wire import Line, batch, parse  # noqa: E402

LIFETIME = 20
"""After this many seconds the kernel ends a forked child that hangs."""


class Misuse(Exception):
    """The runner has asked for something that makes no sense."""


class Abandoned(Exception):
    """Ends a loan without a publication."""


def ok(**fields: object) -> Line:
    return Line("ok", **fields)


def seconds(request: Line, default: str = "none") -> float | None:
    text = request.get("timeout", default)
    return None if text == "none" else float(text)


class Agent:
    """The handles, and what is lent."""

    def __init__(self) -> None:
        self.handles: dict[str, object] = {}
        self.lent: dict[str, tuple[object, memoryview]] = {}

    def answer(self, request: Line) -> Line:
        method = getattr(self, f"do_{request.verb}", None)
        if method is None:
            raise Misuse(f"no verb: {request.verb}")
        return method(request)

    def add(self, request: Line, handle: object) -> Line:
        if request["id"] in self.handles:
            raise Misuse(f"there was a handle {request['id']}")
        self.handles[request["id"]] = handle
        return ok()

    def do_hello(self, request: Line) -> Line:
        return ok(language="python", pid=os.getpid())

    def do_reset(self, request: Line) -> Line:
        for handle in list(self.lent):
            self.end(handle, Abandoned())
        while self.handles:
            self.handles.popitem()[1].close()
        return ok()

    def do_close(self, request: Line) -> Line:
        self.handles.pop(request["id"]).close()
        return ok()

    def do_list(self, request: Line) -> Line:
        return ok(names=",".join(ackcast.Channel.list()))

    def do_create(self, request: Line) -> Line:
        create = getattr(ackcast.Channel, request.verb)
        numbers = ("slots", "slot_size", "consumers", "producers", "retain", "places")
        settings: dict[str, object] = {key: int(request[key]) for key in numbers if key in request}
        settings["backend"] = request.get("backend", "futex")
        if "type" in request:
            settings |= {"type": typed.value_type(request), "max_values": int(request.get("max", 1))}
        return self.add(request, create(request["name"], **settings))

    do_open_or_create = do_create

    def do_open(self, request: Line) -> Line:
        return self.add(request, ackcast.Channel.open(request["name"]))

    def do_stats(self, request: Line) -> Line:
        channel = self.handles[request["id"]]
        count, ended = channel.published
        acknowledged = ",".join(f"{number}:{n}" for number, n in channel.acknowledged().items())
        facts = {key: getattr(channel, key) for key in ("evicted", "takeovers", "slots", "slot_size", "retain")}
        lost, over = int(channel.producers_lost()), int(channel.is_over())
        return ok(published=count, ended=int(ended), acknowledged=acknowledged, producers_lost=lost, over=over, **facts)

    def attach(self, request: Line) -> object:
        fields: dict[str, object] = {}
        if "timeout" in request:
            fields["timeout"] = seconds(request)
        if "type" in request:
            fields["type"] = typed.value_type(request)
        if request.verb == "producer":
            return typed.wrapped(ackcast.Producer(request["name"], **fields), request)
        start = request.get("start", "next")
        if start != "next":
            fields["start"] = "oldest" if start == "oldest" else int(start)
        return typed.wrapped(ackcast.Consumer(request["name"], **fields), request)

    def do_producer(self, request: Line) -> Line:
        return self.add(request, self.attach(request))

    do_consumer = do_producer

    def do_send(self, request: Line) -> Line:
        self.handles[request["id"]].send(request.data(), seconds(request))
        return ok()

    def do_try_send(self, request: Line) -> Line:
        return ok(sent=int(self.handles[request["id"]].try_send(request.data())))

    def do_send_batch(self, request: Line) -> Line:
        self.handles[request["id"]].send_batch(request.messages(), seconds(request))
        return ok()

    def do_finish(self, request: Line) -> Line:
        return ok(ended=int(self.handles[request["id"]].finish(seconds(request))))

    def do_drain(self, request: Line) -> Line:
        drained = self.handles[request["id"]].wait_until_drained(seconds(request))
        return ok(received=drained.received, gone=drained.gone)

    def do_recv(self, request: Line) -> Line:
        return ok(data=self.handles[request["id"]].recv(seconds(request)).hex())

    def do_try_recv(self, request: Line) -> Line:
        message = self.handles[request["id"]].try_recv()
        return ok(empty=1) if message is None else ok(data=message.hex())

    def do_recv_batch(self, request: Line) -> Line:
        most = int(request["max"]) if "max" in request else None
        return ok(**batch(self.handles[request["id"]].recv_batch(most, seconds(request))))

    def lend(self, request: Line, manager: object) -> memoryview:
        view = manager.__enter__()
        self.lent[request["id"]] = manager, view
        return view

    def end(self, id: str, exception: Exception | None) -> Line:  # noqa: A002
        manager, view = self.lent.pop(id)
        del view
        if exception is None:
            manager.__exit__(None, None, None)
        elif manager.__exit__(type(exception), exception, None):
            raise Misuse("the end of a loan hides an exception")
        return ok()

    def do_loan(self, request: Line) -> Line:
        view = self.lend(request, self.handles[request["id"]].loan(int(request["size"]), timeout=seconds(request)))
        return ok(capacity=len(view))

    def do_write(self, request: Line) -> Line:
        at, data = int(request["at"]), request.data()
        self.lent[request["id"]][1][at : at + len(data)] = data
        return ok()

    def do_publish(self, request: Line) -> Line:
        return self.end(request["id"], None)

    def do_abandon(self, request: Line) -> Line:
        return self.end(request["id"], Abandoned())

    def do_borrow(self, request: Line) -> Line:
        self.lend(request, self.handles[request["id"]].borrow(timeout=seconds(request)))
        return self.do_look(request)

    def do_look(self, request: Line) -> Line:
        return ok(data=self.lent[request["id"]][1].tobytes().hex())

    do_release = do_publish

    def do_produce(self, request: Line) -> Line:
        return produce(self.handles[request["id"]], request)

    def do_consume(self, request: Line) -> Line:
        return consume(self.handles[request["id"]], request, seconds(request))

    def do_event_produce(self, request: Line) -> Line:
        return events.produce(request)

    def do_event_consume(self, request: Line) -> Line:
        return events.consume(request)

    def child(self, request: Line) -> Line:
        """Uses the inherited handle, closes it, attaches anew and uses the new handle."""
        role = "producer" if isinstance(self.handles[request["id"]], ackcast.Producer) else "consumer"

        def use(id: str) -> Line:  # noqa: A002
            verb = "send" if role == "producer" else "recv"
            return self.answer(Line(verb, id=id, data=b"child".hex(), timeout=10))

        def outcome(call: object, *arguments: object) -> str:
            try:
                call(*arguments)
            except ackcast.Error as error:
                return failure(error)["name"]
            return "ok"

        if request.get("lent") == "1":
            outcome(self.end, request["id"], Abandoned())
            return ok(closed=outcome(self.do_close, request))
        fields = {"inherited": outcome(use, request["id"])}
        fields["closed"] = outcome(self.do_close, request)
        attach = Line(role, id="anew", name=request["name"], start="oldest")
        fields["attached"] = outcome(self.answer, attach)
        fields["anew"] = outcome(use, "anew") if "anew" in self.handles else ""
        if "anew" in self.handles:
            self.handles.pop("anew").close()
        return ok(**fields)

    def do_fork(self, request: Line) -> Line:
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                signal.alarm(LIFETIME)
                os.write(writing, str(self.child(request)).encode())
            finally:
                os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            child = pipe.read()
        _, status = os.waitpid(pid, 0)
        return Line("ok", **parse(child), status=status)


def main() -> None:
    agent = Agent()
    for text in sys.stdin:
        try:
            answer = agent.answer(parse(text.rstrip("\n")))
        except ackcast.Error as error:
            answer = failure(error)
        except Exception as error:  # what a binding must not raise, too: the runner tells it
            answer = Line("misuse", text=f"{type(error).__name__}: {error}")
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
