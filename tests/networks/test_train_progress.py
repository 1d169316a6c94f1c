from __future__ import annotations

import io

from rootzone.networks.train_progress import TrainProgress


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_elsewhere_than_on_a_terminal_lines_are_plain_and_tell_the_time_left() -> None:
    stream, clock = io.StringIO(), _Clock()
    with TrainProgress(stream, clock) as progress:
        progress.begin()
        for done in range(1, 41):
            clock.now = float(done)
            progress.step(done, 160, 0.5)
    lines = stream.getvalue().splitlines()
    # A line every 10 s of 40 s; the second at step 11: 1 s a step, so 149 s are left.
    assert len(lines) == 4
    assert lines[1] == "step 11 of 160, loss 0.50000, about 2.5 min left"


def test_the_last_validation_is_told_with_the_steps() -> None:
    stream = io.StringIO()
    with TrainProgress(stream, _Clock()) as progress:
        progress.epoch({"epoch": 3, "validation_rmse": 0.04321, "best": 1})
        progress.step(5, 10, 0.1)
    assert "epoch 3: validation RMSE 0.0432 m3 m-3 (best so far); step 5 of 10" in stream.getvalue()


def test_the_next_network_has_a_pace_of_its_own_and_no_epoch_of_the_last() -> None:
    stream, clock = io.StringIO(), _Clock()
    with TrainProgress(stream, clock) as progress:
        progress.begin()
        progress.step(1, 100, 0.5)
        progress.epoch({"epoch": 0, "validation_rmse": 0.05, "best": 1})
        clock.now = 600.0  # something else was done
        progress.begin()
        progress.step(1, 100, 0.5)
        clock.now = 611.0
        progress.step(12, 100, 0.5)
    # 11 steps in 11 s, so 88 s for the rest.
    assert stream.getvalue().splitlines()[-1] == "step 12 of 100, loss 0.50000, about 1.5 min left"
    assert stream.getvalue().count("validation") == 0


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_there_is_a_bar_and_lines_stay_above_it() -> None:
    stream, clock = _Terminal(), _Clock()
    with TrainProgress(stream, clock) as progress:
        progress.begin()
        for done in range(1, 4):
            clock.now = float(done)
            progress.step(done, 10, 0.25)
        progress.say("note: [brackets] stay as they are")
    shown = stream.getvalue()
    assert "note: [brackets] stay as they are" in shown
    assert "\x1b[" in shown
