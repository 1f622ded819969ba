"""What a running guichet does by itself is done in its time, whatever happens to one of its chores."""

from __future__ import annotations

import threading
import time

from ui.chores import DAY, Chore, Chores


def test_a_chore_goes_on_after_a_failure() -> None:
    """One busy moment of the database does not end the forgetting of questions."""
    done, times = threading.Event(), 0

    def fail() -> None:
        nonlocal times
        times += 1
        if times == 3:
            done.set()
        raise OSError

    with Chores([Chore("forget", fail, 0.01, 0.0)]):
        assert done.wait(10)


def test_one_that_fails_does_not_keep_the_others_back() -> None:
    """A chore that always fails lets the next one be done."""
    done = threading.Event()

    def fail() -> None:
        raise OSError

    with Chores([Chore("fails", fail, 0.01, 0.0), Chore("works", done.set, DAY, 0.0)]):
        assert done.wait(10)


def test_nothing_is_done_before_its_time_or_after_the_end() -> None:
    """A chore of tomorrow is not done today, and leaving ends them all."""
    times: list[int] = []
    with Chores([Chore("later", lambda: times.append(1), DAY, DAY)]):
        pass
    assert times == []


def test_without_a_chore_the_thread_sleeps() -> None:
    """Where nothing is to be done, waiting for it takes no processor."""
    with Chores([]):
        begun = time.process_time()
        time.sleep(0.3)
        assert time.process_time() - begun < 0.1
