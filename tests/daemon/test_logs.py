"""Events as lines: for people, for journald, as JSON; and never in the way."""

import errno
import json
import os
import re
from dataclasses import replace
from threading import Semaphore

import pytest

from pyvrrp.daemon import logs
from pyvrrp.daemon.logs import LogFormat, LogWriter, as_json, as_systemd, as_text, choose_format
from pyvrrp.runtime.base.journal import Journal, JournalEvent, Level
from pyvrrp.units import SECOND, Nanoseconds
from tests.support.clock import FakeClock
from tests.support.cluster import Cluster


def an_event(level: Level = Level.INFO) -> JournalEvent:
    config = Cluster().node(200, start=False).router.config
    return JournalEvent(
        Nanoseconds(5 * SECOND),
        "transition",
        "BACKUP -> MASTER: nobody was heard for 3.219 s",
        level,
        config,
        {"from": "BACKUP", "to": "MASTER"},
    )


def test_a_line_for_people_has_a_time_a_name_and_the_reason() -> None:
    line = as_text(1_700_000_000.1239, an_event())
    assert re.fullmatch(
        r"2023-11-1\d \d\d:\d\d:20\.123 web \(eth0 ipv4 51\): "
        r"BACKUP -> MASTER: nobody was heard for 3\.219 s\n",
        line,
    )


def test_an_address_without_vrrp_is_named_without_a_vrid() -> None:
    event = an_event()
    assert event.virtual_router is not None
    identity = replace(event.virtual_router.id, vrid=0)
    event = replace(event, virtual_router=replace(event.virtual_router, id=identity))
    assert " web (eth0 ipv4): BACKUP" in as_text(0.5, event)
    assert "vrid" not in json.loads(as_json(0.5, event))


def test_a_warning_says_so() -> None:
    assert "): WARNING: BACKUP" in as_text(0.5, an_event(Level.WARNING))


def test_a_line_for_journald_carries_its_priority_and_no_time() -> None:
    assert as_systemd(0.5, an_event(Level.ERROR)) == (
        "<3>web (eth0 ipv4 51): BACKUP -> MASTER: nobody was heard for 3.219 s\n"
    )


def test_a_line_of_json_carries_everything() -> None:
    assert json.loads(as_json(1_700_000_000.25, an_event())) == {
        "time": 1_700_000_000.25,
        "monotonic": 5.0,
        "level": "info",
        "event": "transition",
        "text": "BACKUP -> MASTER: nobody was heard for 3.219 s",
        "virtual_router": "web",
        "netns": "",
        "interface": "eth0",
        "family": "ipv4",
        "vrid": 51,
        "from": "BACKUP",
        "to": "MASTER",
    }


def test_text_becomes_systemd_where_journald_reads_along(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    assert choose_format("text", writing) is LogFormat.TEXT
    monkeypatch.setenv("JOURNAL_STREAM", "8:1234")
    assert choose_format("text", writing) is LogFormat.TEXT
    output = os.fstat(writing)
    monkeypatch.setenv("JOURNAL_STREAM", f"{output.st_dev}:{output.st_ino}")
    assert choose_format("text", writing) is LogFormat.SYSTEMD
    assert choose_format("json", writing) is LogFormat.JSON
    os.close(reading)
    os.close(writing)


def test_lines_are_written_in_order_and_all_of_them_before_the_end() -> None:
    reading, writing = os.pipe()
    clock = FakeClock()
    journal = Journal(clock)
    writer = LogWriter(clock, LogFormat.JSON, writing)
    journal.listen(writer.listen)
    for number in range(200):
        journal.record("started", str(number))
    clock.run(1)
    journal.record("stopped", "200")
    writer.close()
    os.close(writing)
    with os.fdopen(reading) as stream:
        assert [json.loads(line)["text"] for line in stream] == [str(n) for n in range(201)]


def test_an_event_that_cannot_be_put_in_words_costs_its_line_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail_at_the_second(wall_clock: float, event: JournalEvent) -> str:
        if event.text == "2":
            raise RecursionError
        return as_text(wall_clock, event)

    monkeypatch.setitem(logs._FORMATS, LogFormat.TEXT, fail_at_the_second)
    reading, writing = os.pipe()
    clock = FakeClock()
    journal = Journal(clock)
    writer = LogWriter(clock, LogFormat.TEXT, writing)
    journal.listen(writer.listen)
    for number in range(1, 4):
        journal.record("started", str(number))
    clock.run(1)
    writer.close()
    os.close(writing)
    with os.fdopen(reading) as stream:
        lines = [line.split(": ", 1)[1].rstrip() for line in stream]
    assert lines[0].startswith("WARNING: 1 lines of this log are missing")
    assert lines[1:] == ["1", "3"]


def test_a_reader_that_hangs_costs_lines_but_never_time() -> None:
    reading, writing = os.pipe()
    clock = FakeClock()
    writer = LogWriter(clock, LogFormat.TEXT, writing)
    event = an_event()
    for _ in range(2000):
        for _ in range(64):
            writer.listen(event)
        clock.run(0.02)
    assert writer.dropped > 0
    os.close(reading)
    writer.close()
    os.close(writing)


def test_a_log_that_was_full_goes_on_with_whole_lines_and_says_how_many_are_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = bytearray()
    room = [300]
    attempts = Semaphore(0)

    def write(_descriptor: int, octets: memoryview) -> int:
        attempts.release()
        if not room[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        count = min(len(octets), room[0])
        room[0] -= count
        written.extend(octets[:count])
        return count

    monkeypatch.setattr("os.write", write)
    clock = FakeClock()
    writer = LogWriter(clock, LogFormat.JSON, -1)
    event = an_event()

    def say(lines: int, tries: int) -> None:
        for _ in range(lines):
            writer.listen(event)
        clock.run(0.02)
        assert all(attempts.acquire(timeout=5) for _ in range(tries))

    say(2, tries=2)  # a whole line and the beginning of another
    say(3, tries=1)
    room[0] = 10_000
    say(1, tries=1)
    writer.close()
    lines = bytes(written).decode().splitlines()
    assert [line.endswith("}") for line in lines] == [True, False, True, True]
    told = json.loads(lines[2])
    assert (told["event"], told["lines"]) == ("log_lines_lost", 4)
    assert told["text"] == "4 lines of this log are missing: No space left on device"
    assert json.loads(lines[3])["event"] == "transition"


def test_repeating_warnings_are_reported_at_once_and_then_once_a_minute_with_a_count() -> None:
    clock = FakeClock()
    journal = Journal(clock)
    for _ in range(1000):
        journal.warn_rarely("discarded", "bad checksum", topic="a")
    assert [event.text for event in journal.events()] == ["bad checksum"]
    clock.run(61)
    journal.warn_rarely("discarded", "bad checksum", topic="a")
    last = journal.events()[-1]
    assert last.text == "bad checksum (999 more since the last report)"
    assert last.fields["suppressed"] == 999


def test_warnings_of_too_many_topics_are_left_out_and_counted() -> None:
    clock, told = FakeClock(), list[JournalEvent]()
    journal = Journal(clock)
    journal.listen(told.append)
    for number in range(5000):
        journal.warn_rarely("discarded", "x", topic=str(number))
    assert len(journal._quiet) == 1024
    assert len(told) == 1024
    clock.run(61)
    journal.warn_rarely("discarded", "x", topic="4000")
    left_out, last = told[1024:]
    assert left_out.text == (
        "3976 warnings were left out: there were more than 1024 different ones within a minute"
    )
    assert (last.name, last.fields["suppressed"]) == ("discarded", 0)
    journal.warn_rarely("discarded", "x", topic="4001")
    assert len(told) == 1027


def test_a_topic_that_is_known_is_told_again_although_there_is_no_room_for_new_ones() -> None:
    clock = FakeClock()
    journal = Journal(clock)
    journal.warn_rarely("kernel_slow", "slow")
    clock.run(30)
    for number in range(5000):
        journal.warn_rarely("discarded", "x", topic=str(number))
    clock.run(31)
    journal.warn_rarely("kernel_slow", "slow again")
    assert journal.events()[-1].text == "slow again"
