"""The runner itself."""

import sys
import time

import pytest

from suite import formula
from suite.agent import Agent, AgentFailed
from suite.checks import CheckFailed, Checks
from suite.languages import LANGUAGES, command, missing
from suite.stage import Pool
from suite.wire import Line, batch, parse

ECHO = "import sys\nfor line in sys.stdin: print({!r}, flush=True)"


def agent_that_says(answer: str, bound: float = 10) -> Agent:
    return Agent("test", [sys.executable, "-c", ECHO.format(answer)], bound=bound)


def test_line_returns_from_text() -> None:
    for text in ("", "a b", "100%", "é\n=,", "x=y", "\x00\x7f"):
        line = parse(str(Line("verb", key=text, more=1)))
        assert (line.verb, line["key"], line["more"]) == ("verb", text, "1")
    assert parse(str(Line("ok", **batch([b"", b"a", b""])))).messages() == [b"", b"a", b""]
    assert parse(str(Line("ok", **batch([])))).messages() == []


def test_formula_tells_messages_apart() -> None:
    messages = [formula.message(who, at, 40) for who in range(5) for at in range(200)]
    assert len(set(messages)) == len(messages)
    # A message that is torn behind its head is noticed, too.
    bodies = [formula.message(3, at, 40)[formula.HEAD.size :] for at in range(formula.PATTERN)]
    assert len(set(bodies)) == len(bodies), "of a producer, as many messages in a row as the pattern is long"
    bodies = [formula.message(who, 9, 40)[formula.HEAD.size :] for who in range(2000)]
    assert len(set(bodies)) == len(bodies), "of producers that send the same number"
    assert formula.digest([b"a", b""]) != formula.digest([b"", b"a"]) != formula.digest([b"a"])


@pytest.mark.parametrize("lengths", ["fixed:7", "cycle:0:50", "mix:0:20000"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_agents_have_the_same_formula(language: str, lengths: str, pool: Pool) -> None:
    if reason := missing(language):
        pytest.skip(f"{language}: {reason}")
    agent, name = pool.take(language), f"conformance-formula-{language}-{time.monotonic_ns()}"
    assert agent.call("create", id="channel", name=name, slots=64, slot_size=20000).ok
    for role in ("producer", "consumer"):
        assert agent.call(role, id=role, name=name).ok
    for who in (0, 7, 2**32 - 1):
        fields = {"who": who, "from": 2**40, "n": 60, "lengths": lengths}
        assert agent.call("produce", id="producer", how="send", **fields).ok
        found = agent.call("recv", id="consumer").data()
        assert found == formula.message(who, 2**40, formula.Lengths(lengths).of(who, 2**40))
        answer = agent.call("consume", id="consumer", how="recv", **{**fields, "from": 2**40 + 1, "n": 59})
        messages = formula.stream(who, 2**40 + 1, 59, lengths)
        assert (answer["faults"], answer["digest"]) == ("0", f"{formula.digest(messages):08x}")
    pool.give_back(agent)


def test_agent_that_hangs_fails_in_time() -> None:
    agent = Agent("test", [sys.executable, "-c", "import time; time.sleep(60)"], bound=0.2)
    begin = time.monotonic()
    with pytest.raises(AgentFailed, match="hangs: no answer to `hello`"):
        agent.call("hello")
    assert time.monotonic() - begin < 10
    assert not agent.idle


def test_agent_that_ends_fails() -> None:
    agent = Agent("test", [sys.executable, "-c", "raise SystemExit(7)"])
    with pytest.raises(AgentFailed, match="exit status 7"):
        agent.call("hello")


def test_agent_that_exits_with_an_error_fails() -> None:
    Agent("test", [sys.executable, "-c", "import sys; sys.stdin.read()"]).end()
    with pytest.raises(AgentFailed, match="exit status 3"):
        Agent("test", [sys.executable, "-c", "import sys; sys.stdin.read(); sys.exit(3)"]).end()
    with pytest.raises(AgentFailed, match="none within"):
        Agent("test", [sys.executable, "-c", "import time; time.sleep(60)"]).end(0.2)


def test_agent_that_does_not_understand_fails() -> None:
    agent = agent_that_says("misuse text=what")
    with pytest.raises(AgentFailed, match="says of `hello`"):
        agent.call("hello")
    agent.kill()


def test_failure_of_another_agent_ends_a_wait() -> None:
    waiting = Agent("test", [sys.executable, "-c", "import time; time.sleep(60)"], bound=30)
    failing = agent_that_says("misuse text=what")
    waiting.peers = [waiting, failing]
    begin = time.monotonic()
    failing.ask("first")
    with pytest.raises(AgentFailed, match="says of `first`"):
        waiting.call("hello")
    assert time.monotonic() - begin < 20
    for agent in (waiting, failing):
        agent.kill()


def test_check_that_fails_is_not_counted() -> None:
    check = Checks()
    check.equal(1, 1, "one")
    for fails in (
        lambda: check.that(False, "never"),
        lambda: check.ok(Line("error", name="Ended", text="")),
        lambda: check.ok(Line("ok", a=1), a=2),
        lambda: check.error(Line("ok"), "Ended"),
        lambda: check.error(Line("error", name="TimedOut", text=""), "Ended"),
        lambda: check.error(Line("error", name="Ended", text="other"), "Ended", says="this"),
        lambda: check.data(Line("ok", data="00"), b"1"),
    ):
        with pytest.raises(CheckFailed):
            fails()
    missing_field = Line("error", name="TooLong", text="")
    missing_field.language = "python"
    with pytest.raises(CheckFailed):
        check.error(missing_field, "TooLong", len=3)


def test_missing_agent_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACKCAST_AGENT_C", "/nowhere/agent")
    monkeypatch.delenv("ACKCAST_AGENT_C_MISSING", raising=False)
    assert "was not built" in (missing("c") or "")
    monkeypatch.setenv("ACKCAST_AGENT_C_MISSING", "there is no C compiler")
    assert missing("c") == "there is no C compiler"
    assert command("c") == ["/nowhere/agent"]
