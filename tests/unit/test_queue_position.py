"""The estimate's arithmetic, on lines made up so that the answer can be told by counting."""

import pytest

from api.jobs.line import Others
from api.jobs.queue_position import Place, place, stages_from
from api.jobs.stage_durations import StageDurations
from shared.models import QueueName, SpokenPart, Stage

TRANSCRIBE, REPLY, SYNTHESIZE = Stage.TRANSCRIBE, Stage.REPLY, Stage.SYNTHESIZE
TEXT, VOICE = [REPLY, SYNTHESIZE], [TRANSCRIBE, REPLY, SYNTHESIZE]
DURATIONS = StageDurations(
    {TRANSCRIBE: 1.0, REPLY: 4.0, SYNTHESIZE: 2.0}, {QueueName.GPU: 1, QueueName.LLM: 16}
)


def eta(stages: list[Stage], *others: Others, durations: StageDurations = DURATIONS) -> float | None:
    return place(stages, others, durations).eta_seconds


@pytest.mark.parametrize(
    ("stages", "seconds"), [([REPLY], 4.0), (TEXT, 6.0), (VOICE, 7.0)], ids=["silent", "text", "voice"]
)
def test_alone_a_job_takes_its_own_stages(stages: list[Stage], seconds: float) -> None:
    assert place(stages, [], DURATIONS) == Place(1, seconds)


def test_a_voice_stage_that_was_not_asked_for_is_not_waited_for() -> None:
    assert stages_from(TRANSCRIBE, speaks=False) == [TRANSCRIBE, REPLY]
    assert stages_from(SYNTHESIZE, speaks=True) == [SYNTHESIZE]


def test_what_runs_on_the_only_slot_is_half_done() -> None:
    running = Others(SYNTHESIZE, 1, runs=True, ahead=False, begun=True)

    assert eta([TRANSCRIBE, REPLY], running) == 1.0 + 1.0 + 4.0


def test_those_ahead_are_served_first_and_counted_in_the_position() -> None:
    ahead = Others(TRANSCRIBE, 10, speaks=False)

    assert place([TRANSCRIBE, REPLY], [ahead], DURATIONS) == Place(11, 10 * 1.0 + 1.0 + 4.0)


def test_many_slots_share_the_line() -> None:
    ahead = Others(REPLY, 32, speaks=False)

    assert place([REPLY], [ahead], DURATIONS) == Place(33, 32 * 4.0 / 16 + 4.0)


def test_those_of_another_queue_or_behind_are_not_before_a_first_stage() -> None:
    elsewhere = Others(REPLY, 50, speaks=False)
    behind = Others(TRANSCRIBE, 50, ahead=False, speaks=False)

    assert place([TRANSCRIBE], [elsewhere, behind], DURATIONS) == Place(1, 1.0)


def test_what_the_slower_queue_still_has_to_do_is_waited_for_once() -> None:
    # A burst of texts: the tutor is done with them long before the one voice is.
    ahead = Others(REPLY, 40)

    assert eta(TEXT, ahead) == 40 * 2.0 + 2.0


def test_a_voice_job_comes_to_the_gpu_twice_and_the_second_time_behind_all_that_waited() -> None:
    ahead, behind = Others(TRANSCRIBE, 4), Others(TRANSCRIBE, 5, ahead=False)

    # Ten recordings, its own among them, then the four voices of those ahead, then its own.
    assert eta(VOICE, ahead, behind) == 10 * 1.0 + 4 * 2.0 + 2.0


def test_jobs_that_have_begun_bring_their_voice_before_a_later_one() -> None:
    at_the_tutor = Others(REPLY, 10, runs=True, ahead=False, begun=True)

    assert eta(TEXT, at_the_tutor) == 10 * 2.0 + 2.0


def test_under_a_steady_load_the_line_is_as_long_when_the_job_comes_to_it() -> None:
    voices = Others(SYNTHESIZE, 10, begun=True)

    assert eta(TEXT, voices) == 4.0 + 10 * 2.0 + 2.0
    assert eta(VOICE, voices) == (20.0 + 1.0) + 4.0 + 20.0 + 2.0


def test_what_is_not_ready_and_not_ahead_is_in_nobodys_way() -> None:
    blocked = Others(TRANSCRIBE, 30, ready=False, ahead=False)

    assert eta(VOICE, blocked) == 7.0


def test_earlier_turns_are_answered_first() -> None:
    running = Others(REPLY, 1, runs=True, ahead=False, begun=True, earlier_turn=True)
    waiting = Others(REPLY, 2, ready=False, earlier_turn=True)

    found = place(TEXT, [running, waiting], DURATIONS)

    assert found == Place(3, 2.0 + 2 * 4.0 + (4.0 + 2.0))


def test_the_voice_of_an_earlier_turn_is_waited_for_only_at_the_gpu() -> None:
    speaking = Others(SYNTHESIZE, 3, begun=True, earlier_turn=True)

    assert eta([REPLY], speaking) == 4.0


@pytest.mark.parametrize(
    "durations",
    [
        StageDurations({}, DURATIONS.slots),
        StageDurations({REPLY: 4.0}, DURATIONS.slots),
        StageDurations(DURATIONS.seconds, {QueueName.LLM: 16}),
    ],
    ids=["nothing ran yet", "one stage never ran", "no worker serves a queue"],
)
def test_what_was_not_measured_is_not_estimated_but_the_position_is_known(durations: StageDurations) -> None:
    assert place(TEXT, [Others(REPLY, 2)], durations) == Place(3, None)


def test_others_whose_pace_is_unknown_do_not_hide_what_is_known() -> None:
    durations = StageDurations({REPLY: 4.0, SYNTHESIZE: 2.0}, DURATIONS.slots)

    assert eta(TEXT, Others(TRANSCRIBE, 3, speaks=False), durations=durations) == 6.0


def test_a_piece_that_waits_takes_only_its_own_time() -> None:
    durations = StageDurations(DURATIONS.seconds, DURATIONS.slots, piece_seconds=0.5)
    pieces = Others(SYNTHESIZE, 4, begun=True)

    # Four pieces of others before the recording; its own voice has as many as a job has.
    assert eta([TRANSCRIBE, REPLY], pieces, durations=durations) == 4 * 0.5 + 1.0 + 4.0


def test_a_job_waits_for_the_parts_that_it_wants_itself() -> None:
    spoken = {SpokenPart.REPLY: 3.0, SpokenPart.EXPLANATION: 9.0}
    durations = StageDurations({**DURATIONS.seconds, SYNTHESIZE: 12.0}, DURATIONS.slots, 3.0, spoken)

    assert place(TEXT, [], durations, [SpokenPart.REPLY]).eta_seconds == 4.0 + 3.0
    assert place(TEXT, [], durations, list(SpokenPart)).eta_seconds == 4.0 + 12.0
    # Others are taken to want what most do.
    assert place(TEXT, [Others(REPLY, 1)], durations, [SpokenPart.REPLY]).eta_seconds == 12.0 + 3.0


def test_parts_that_were_never_spoken_are_taken_for_the_usual_ones() -> None:
    assert place(TEXT, [], DURATIONS, [SpokenPart.REPLY]).eta_seconds == 6.0


def test_the_slowest_queue_says_how_often_a_job_ends() -> None:
    assert DURATIONS.seconds_a_job == 3.0
    assert StageDurations(DURATIONS.seconds, {QueueName.GPU: 12, QueueName.LLM: 16}).seconds_a_job == 0.25
    assert StageDurations({}, DURATIONS.slots).seconds_a_job is None
    assert StageDurations(DURATIONS.seconds, {QueueName.GPU: 1}).seconds_a_job is None
