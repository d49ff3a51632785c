"""What was acknowledged stays: in order, seen by every process, once where that is asked, and checked for damage."""

from __future__ import annotations

import random
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from n4akit.store import Closed, Refused, StoreError
from n4akit.store import inbox as inboxes
from n4akit.store.inbox import NAME, Inbox, Record, remove

WAL = f"{NAME}-wal"


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    """An empty inbox, open."""
    inbox = Inbox(tmp_path)
    yield inbox
    inbox.close()


def records(inbox: Inbox, after: int = 0, size: int = 2**20) -> list[Record]:
    return [record for batch in inbox.batches(after, size) for record in batch]


def documents(inbox: Inbox) -> list[str]:
    return [record.doc for record in records(inbox)]


@given(st.lists(st.tuples(st.text("ab"), st.text("01"), st.text("xyz ü\0😀"), st.none() | st.binary())))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_records_come_back_whole_and_in_order(inbox: Inbox, given: list[tuple[str, str, str, bytes | None]]) -> None:
    before = inbox.newest()
    for record in given:
        inbox.put(*record)
    found = records(inbox, after=before)
    assert [(record.kind, record.id, record.doc, record.body) for record in found] == given
    assert all(record.whole for record in found)
    assert [record.seq for record in found] == sorted({record.seq for record in found})
    assert inbox.count(before) == len(given)


def test_everybody_sees_what_anybody_put(inbox: Inbox, tmp_path: Path) -> None:
    other = Inbox(tmp_path)
    inbox.put("k", "1", "mine")
    other.put("k", "2", "theirs")
    assert documents(inbox) == documents(other) == ["mine", "theirs"]
    assert other.find("k", "1") == "mine"
    assert inbox.find("k", "2") == "theirs"
    assert inbox.find("other kind", "1") is None
    assert other.generation == inbox.generation
    other.close()


def test_what_may_happen_once_happens_once_whoever_tries(inbox: Inbox, tmp_path: Path) -> None:
    other = Inbox(tmp_path)
    inbox.put("k", "1", "first", once="mark")
    for again in (inbox, other):
        with pytest.raises(Refused, match="mark"):
            again.put("k", "1", "second", once="mark", durable=True)
        assert again.marked("mark")
        assert not again.marked("another")
    inbox.trim(inbox.newest())
    with pytest.raises(Refused, match="mark"):
        other.put("k", "1", "third", once="mark")
    other.close()
    assert documents(inbox) == []


def test_batches_are_about_as_large_as_asked_for(inbox: Inbox) -> None:
    for number in range(10):
        inbox.put("k", str(number), "x" * 30, b"y" * 70)
    assert [len(batch) for batch in inbox.batches(0, 250)] == [3, 3, 3, 1]


def test_trimming_forgets_the_oldest_and_numbers_go_on(inbox: Inbox, tmp_path: Path) -> None:
    for number in range(3):
        inbox.put("k", str(number), str(number))
    inbox.trim(inbox.newest() - 1)
    assert documents(inbox) == ["2"]
    last = inbox.newest()
    inbox.trim(last)
    assert (documents(inbox), inbox.newest(), inbox.empty()) == ([], last, True)
    inbox.close()
    again = Inbox(tmp_path)
    again.put("k", "3", "3")
    assert again.newest() == last + 1
    again.close()


def test_closing_tells_whether_nothing_is_left(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    assert inbox.close()
    full = Inbox(tmp_path)
    full.put("k", "1", "a")
    assert not full.close()
    assert not full.close()


def test_nothing_is_put_after_closing(inbox: Inbox) -> None:
    inbox.close()
    with pytest.raises(Closed):
        inbox.put("k", "1", "a")


def test_an_inbox_goes_on_after_a_pause(inbox: Inbox) -> None:
    inbox.put("k", "1", "before")
    inbox.pause()
    inbox.resume()
    inbox.put("k", "2", "after")
    assert documents(inbox) == ["before", "after"]


def test_a_removed_inbox_leaves_nothing_and_the_next_is_another(inbox: Inbox, tmp_path: Path) -> None:
    inbox.close()
    remove(tmp_path)
    assert not [*tmp_path.iterdir()]
    other = Inbox(tmp_path)
    assert other.generation != inbox.generation
    other.close()


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Another process that makes the same new file at this moment."""
    connection = sqlite3.connect(tmp_path / NAME, isolation_level=None, check_same_thread=False)
    connection.execute("BEGIN IMMEDIATE")
    yield connection
    connection.close()


def test_a_new_file_waits_for_others_who_make_it(writer: sqlite3.Connection, tmp_path: Path) -> None:
    leaving = threading.Timer(0.3, writer.rollback)
    leaving.start()
    Inbox(tmp_path).close()
    leaving.join()


def test_a_new_file_that_another_keeps_is_refused(
    writer: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inboxes, "PATIENCE", 0.1)
    with pytest.raises(StoreError, match=f"{NAME}: database is locked; cannot be opened"):
        Inbox(tmp_path)


def test_a_file_that_is_no_inbox_is_refused(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"something else, longer than the header of a database" * 20)
    with pytest.raises(StoreError, match=f"{NAME}: file is not a database; cannot be opened"):
        Inbox(tmp_path)


def test_a_damaged_record_is_told_and_the_others_are_whole(tmp_path: Path) -> None:
    inbox, doc, body = Inbox(tmp_path), '["a text of a certain length", 0.25]', bytes(range(40))
    for number in range(3):
        inbox.put("k", str(number), doc if number == 1 else "[]", body if number == 1 else None)
    inbox.close()
    content = (tmp_path / NAME).read_bytes()
    start, end = content.index(doc.encode()), content.index(body) + len(body)
    for place in random.Random(1).sample(range(start, end), 30):
        damaged = bytearray(content)
        damaged[place] ^= 1 << place % 8
        (tmp_path / NAME).write_bytes(damaged)
        again = Inbox(tmp_path)
        assert [record.whole for record in records(again)] == [True, False, True]
        again.close()


def test_a_torn_log_keeps_every_record_before_the_tear(inbox: Inbox, tmp_path: Path) -> None:
    sizes = []
    for number in range(5):
        inbox.put("k", str(number), str(number), bytes(3000))
        sizes.append((tmp_path / WAL).stat().st_size)
    for cut in random.Random(2).sample(range(sizes[0], sizes[-1]), 30):
        copy = tmp_path / f"cut at {cut}"
        copy.mkdir()
        for name in (NAME, WAL):
            shutil.copyfile(tmp_path / name, copy / name)
        with open(copy / WAL, "r+b") as log:
            log.truncate(cut)
        torn = Inbox(copy)
        whole = sum(size <= cut for size in sizes)
        assert documents(torn) == [str(number) for number in range(whole)]
        torn.close()
