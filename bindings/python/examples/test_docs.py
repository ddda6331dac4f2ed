"""Every block of Python in docs/python.md runs, and prints the block of text that follows it, if one does."""

from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[3] / "docs" / "python.md"


def blocks(page: str) -> list[tuple[str, str]]:
    """The kind and the content of each block of code."""
    found, kind, lines = [], None, []
    for line in page.splitlines():
        if kind is None and line.startswith("```"):
            kind, lines = line[3:], []
        elif kind is not None and line == "```":
            found.append((kind, "\n".join(lines) + "\n"))
            kind = None
        elif kind is not None:
            lines.append(line)
    assert kind is None, "a block has no end"
    return found


def snippets(page: str) -> list[tuple[str, str | None]]:
    """Each program, and what it prints."""
    found = blocks(page)
    following = [*found[1:], ("", "")]
    return [
        (content, after if after_kind == "text" else None)
        for (kind, content), (after_kind, after) in zip(found, following, strict=True)
        if kind == "python"
    ]


SNIPPETS = snippets(PAGE.read_text())


@pytest.mark.parametrize("number", range(len(SNIPPETS)))
def test_snippet_runs(programs, tmp_path, number):
    program, wanted = SNIPPETS[number]
    if "import numpy" in program:
        pytest.importorskip("numpy")
    file = tmp_path / "snippet.py"
    file.write_text(program)
    lines = programs.run(str(file), cwd=tmp_path)
    if wanted is not None:
        assert lines == wanted.splitlines()


def test_each_block_is_of_a_known_kind():
    kinds = [kind for kind, _ in blocks(PAGE.read_text())]
    assert set(kinds) <= {"python", "text", "console"}, kinds
    assert len(SNIPPETS) > 10


def test_queue_and_channel_print_the_same_lines(programs, tmp_path):
    """What you have, and what you get: each consumer reads four words in order."""
    for program, _ in SNIPPETS[:2]:
        file = tmp_path / "snippet.py"
        file.write_text(program)
        lines = programs.run(str(file), cwd=tmp_path)
        for number in (1, 2):
            own = [line for line in lines if line.startswith(f"Consumer {number} read: ")]
            assert len(own) == 4 and own[0].endswith("Hello"), lines


def test_wrong_output_of_a_snippet_is_noticed(programs, tmp_path):
    page = "```python\nprint(1)\n```\n\nIt prints\n\n```text\n2\n```\n\n```python\nraise SystemExit(3)\n```\n"
    (first, wanted), (second, nothing) = snippets(page)
    file = tmp_path / "snippet.py"
    file.write_text(first)
    assert programs.run(str(file)) != wanted.splitlines()
    assert nothing is None
    file.write_text(second)
    with pytest.raises(AssertionError, match="exit status 3"):
        programs.run(str(file))


def test_block_without_an_end_is_noticed():
    with pytest.raises(AssertionError, match="no end"):
        blocks("```python\nprint(1)\n")
