"""The decoder program: a process for each upload, under limits, and nothing of it is left behind."""

import asyncio
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np
import psutil
import pytest

from api.decoding.errors import InvalidAudioError, TooManyUploadsError, UploadsBusyError
from api.decoding.program import LIMITS
from api.decoding.protocol import Outcome
from api.decoding.uploads import DecodedAudio, Decoder, DecoderLimits
from tests.support.decoders import a_decoder, decode, decode_by, make_wav, on_disk, wav_of
from tests.support.stack import eventually, has_ended

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with a_decoder() as decoder:
        yield decoder


def programs() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "api.decoding.program" in child.cmdline()]


def decodes(process: psutil.Process) -> bool:
    """Tell whether the process has been given a recording, which it reads instead of nothing."""
    with suppress(FileNotFoundError, psutil.NoSuchProcess):
        return Path(f"/proc/{process.pid}/fd/0").readlink() != Path(os.devnull)
    return False


def running_decoders() -> list[psutil.Process]:
    """Return the processes that decode an upload now."""
    return [child for program in programs() for child in program.children() if decodes(child)]


def none_decodes() -> bool:
    return running_decoders() == []


def test_a_decoding_for_which_there_is_no_time_may_be_tried_again_and_leaves_no_process(
    decoder: Decoder,
) -> None:
    with pytest.raises(UploadsBusyError):
        asyncio.run(decode_by(decoder, make_wav(60.0), timeout_seconds=0.001))

    eventually(none_decodes, what="the process gone")


@contextmanager
def noise() -> Iterator[BinaryIO]:
    """A minute of it: its FLAC is more than a socket holds, so its process cannot end before it is read."""
    samples = np.random.default_rng(1).integers(-20_000, 20_000, 60 * 16_000, dtype=np.int16)
    with on_disk(wav_of(samples, 16_000)) as recording:
        yield recording


def begin_one(decoder: Decoder, recording: BinaryIO, client: str = "asha") -> asyncio.Task[DecodedAudio]:
    return asyncio.create_task(decoder.decode(recording, "wav", client=client, timeout_seconds=20))


async def begin(decoder: Decoder, *recordings: BinaryIO) -> list[asyncio.Task[DecodedAudio]]:
    """Begin to decode noise; this loop, which reads what is decoded, stands still until all are at it."""
    decoding = [begin_one(decoder, each) for each in recordings]
    await asyncio.sleep(0)
    eventually(lambda: len(running_decoders()) == len(recordings), what="the decoders at work")
    return decoding


def test_cancelling_ends_the_process(decoder: Decoder) -> None:
    async def cancel_while_decoding() -> None:
        with noise() as recording:
            [decoding] = await begin(decoder, recording)
            decoding.cancel()
            await decoding

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancel_while_decoding())

    eventually(none_decodes, what="the process gone")


def test_each_upload_has_a_process_of_its_own_and_what_one_does_harms_no_other() -> None:
    async def decode_two(decoder: Decoder) -> list[object]:
        with noise() as first, noise() as second:
            decoding = await begin(decoder, first, second)
            running_decoders()[0].send_signal(signal.SIGSEGV)
            return await asyncio.gather(*decoding, return_exceptions=True)

    with a_decoder(at_once=4, in_flight=2) as decoder:
        outcomes = asyncio.run(decode_two(decoder))

    assert {type(outcome) for outcome in outcomes} == {DecodedAudio, InvalidAudioError}


def test_a_program_that_died_costs_those_it_decoded_for_another_try_and_is_replaced() -> None:
    async def decode_through_a_death(decoder: Decoder) -> DecodedAudio:
        with noise() as recording:
            [decoding] = await begin(decoder, recording)
            [decoding_process] = running_decoders()
            psutil.Process(decoding_process.ppid()).kill()
            with pytest.raises(UploadsBusyError):
                await decoding
        return await decode_by(decoder, make_wav(1.0))

    with a_decoder() as decoder:
        assert asyncio.run(decode_through_a_death(decoder)).seconds == pytest.approx(1.0, abs=0.01)


def test_an_upload_that_ends_and_is_given_up_in_one_moment_harms_no_other(decoder: Decoder) -> None:
    async def end_and_give_up() -> None:
        with noise() as recording:
            [decoding] = await begin(decoder, recording)
            [process] = running_decoders()
            program = psutil.Process(process.ppid())
            program.suspend()  # so that it finds both at once
            process.kill()
            decoding.cancel()
            await asyncio.wait([decoding])
            program.resume()

    asyncio.run(end_and_give_up())

    eventually(none_decodes, what="the process gone")
    [before] = {program.pid for program in programs()}
    assert asyncio.run(decode_by(decoder, make_wav(1.0))).seconds == pytest.approx(1.0, abs=0.01)
    assert [program.pid for program in programs()] == [before]


def test_a_packet_that_is_none_of_ours_does_not_end_the_program(decoder: Decoder) -> None:
    uploads = decoder._program._uploads
    with closing(socket.socketpair()[0]) as stray:
        uploads.send(b"wav")
        socket.send_fds(uploads, [b"\xff"], [stray.fileno(), stray.fileno()])

    assert asyncio.run(decode_by(decoder, make_wav(1.0))).seconds == pytest.approx(1.0, abs=0.01)
    assert not decoder._program.has_ended()


def waiting(decoder: Decoder) -> psutil.Process:
    """Return the process that waits for an upload, with nothing open but what it needs."""

    def look() -> psutil.Process | None:
        spare = [child for child in psutil.Process(decoder._program.pid).children() if not decodes(child)]
        with suppress(psutil.NoSuchProcess, IndexError):
            return spare[0] if spare[0].num_fds() == 4 else None
        return None

    return eventually(look, what="a process waiting")


def test_the_next_upload_goes_to_a_process_that_waits_under_its_limits() -> None:
    async def decode_by_it(decoder: Decoder) -> psutil.Process:
        spare = waiting(decoder)
        for limit, value in LIMITS.items():
            eventually(lambda: spare.rlimit(limit)[0] == value, what="its limits")  # noqa: B023
        with noise() as recording:
            [decoding] = await begin(decoder, recording)
            assert running_decoders() == [spare]
            assert (await decoding).seconds == pytest.approx(60.0, abs=0.01)
        return spare

    with a_decoder() as decoder:
        first, second = asyncio.run(decode_by_it(decoder)), asyncio.run(decode_by_it(decoder))

    assert first != second


def test_a_process_that_died_waiting_costs_no_upload_and_is_replaced_behind_the_next() -> None:
    with a_decoder() as decoder:
        spare = waiting(decoder)
        spare.kill()
        eventually(lambda: not spare.is_running(), what="the process reaped")

        assert asyncio.run(decode_by(decoder, make_wav(1.0))).seconds == pytest.approx(1.0, abs=0.01)
        waiting(decoder)


def test_an_upload_that_comes_as_the_waiting_process_dies_goes_to_another(decoder: Decoder) -> None:
    async def decode_as_it_dies() -> DecodedAudio:
        program = psutil.Process(decoder._program.pid)
        spare = waiting(decoder)
        program.suspend()  # so that it finds both at once
        spare.kill()
        eventually(lambda: has_ended(spare), what="the process dead")
        with on_disk(make_wav(1.0)) as recording:
            decoding = begin_one(decoder, recording)
            await asyncio.sleep(0)
            program.resume()
            return await decoding

    assert asyncio.run(decode_as_it_dies()).seconds == pytest.approx(1.0, abs=0.01)


def test_what_decodes_ends_with_the_program() -> None:
    async def kill_the_program(decoder: Decoder) -> psutil.Process:
        with noise() as recording:
            [decoding] = await begin(decoder, recording)
            [process] = running_decoders()
            decoder.close()
            await asyncio.wait([decoding])
            return process

    process = asyncio.run(kill_the_program(Decoder(DecoderLimits(1, 1, 1))))

    eventually(lambda: has_ended(process), what="the process gone")


def test_the_program_ends_with_the_process_it_serves() -> None:
    source = (
        "import os, time; from api.decoding.client import DecoderProgram; program = DecoderProgram(); "
        "print(program.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", source], cwd=ROOT, stdout=subprocess.PIPE) as served:
        assert served.stdout is not None
        program = psutil.Process(int(served.stdout.readline()))
        served.kill()

    eventually(lambda: has_ended(program), what="the program gone")


def test_many_uploads_at_once_take_turns() -> None:
    async def decode_all() -> list[DecodedAudio]:
        data = make_wav(1.0)
        with a_decoder(at_once=2, in_flight=8) as decoder:
            return await asyncio.gather(*(decode_by(decoder, data) for _ in range(8)))

    assert {round(decoded.seconds, 3) for decoded in asyncio.run(decode_all())} == {1.0}


def test_too_many_uploads_at_once_are_to_be_sent_again_and_room_is_made_by_those_that_end() -> None:
    async def decode_all(decoder: Decoder) -> list[object]:
        data = make_wav(1.0)
        outcomes = await asyncio.gather(*(decode_by(decoder, data) for _ in range(5)), return_exceptions=True)
        return [*outcomes, await decode_by(decoder, data)]

    with a_decoder(at_once=1, in_flight=3) as decoder:
        outcomes = asyncio.run(decode_all(decoder))
    assert [type(outcome) for outcome in outcomes] == [
        *[DecodedAudio] * 3,
        *[UploadsBusyError] * 2,
        DecodedAudio,
    ]


def being_decoded() -> set[int]:
    """Return the inodes of the files that are decoded now."""
    with suppress(FileNotFoundError, psutil.NoSuchProcess):
        return {Path(f"/proc/{process.pid}/fd/0").stat().st_ino for process in running_decoders()}
    return set()


def test_one_client_has_half_of_the_decoders_however_much_it_sends() -> None:
    async def decode_all(decoder: Decoder) -> None:
        with noise() as first, noise() as second, noise() as others:
            decoding = await begin(decoder, first)
            decoding.append(begin_one(decoder, second))
            await asyncio.sleep(0)
            decoding.append(begin_one(decoder, others, client="ravi"))
            await asyncio.sleep(0)
            expected = {os.fstat(each.fileno()).st_ino for each in (first, others)}
            eventually(lambda: being_decoded() == expected, what="one recording of each client at work")
            await asyncio.gather(*decoding)

    with a_decoder(at_once=2, in_flight=4) as decoder:
        asyncio.run(decode_all(decoder))


def test_more_recordings_of_one_client_than_its_share_are_to_be_sent_again() -> None:
    async def decode_all(decoder: Decoder) -> list[object]:
        data = make_wav(1.0)
        clients = ["asha"] * 4 + ["ravi"] * 2
        outcomes = await asyncio.gather(
            *(decode_by(decoder, data, client=client) for client in clients), return_exceptions=True
        )
        return [*outcomes, await decode_by(decoder, data)]

    with a_decoder(at_once=2, in_flight=4, of_client=2) as decoder:
        outcomes = asyncio.run(decode_all(decoder))

    assert [type(outcome) for outcome in outcomes] == [
        *[DecodedAudio] * 2,
        *[TooManyUploadsError] * 2,
        *[DecodedAudio] * 3,
    ]
    assert decoder._shares == {}


def test_a_client_whose_share_is_taken_takes_none_of_what_is_for_all() -> None:
    async def decode_all(decoder: Decoder) -> list[object]:
        data = make_wav(1.0)
        clients = ["asha", "asha", "ravi", "meena", "meena"]
        decoding = (decode_by(decoder, data, client=client) for client in clients)
        return await asyncio.gather(*decoding, return_exceptions=True)

    with a_decoder(at_once=2, in_flight=3, of_client=1) as decoder:
        outcomes = asyncio.run(decode_all(decoder))

    assert [type(outcome) for outcome in outcomes] == [
        DecodedAudio,
        TooManyUploadsError,
        DecodedAudio,
        DecodedAudio,
        TooManyUploadsError,
    ]


@pytest.mark.parametrize(("processes", "decoders"), [(1, 4), (2, 2), (3, 2), (8, 2)])
def test_decoders_follow_the_cpus_that_the_container_may_use(processes: int, decoders: int) -> None:
    """loky reads the quota of the container's control group and the affinity; its own setting stands in."""
    source = (
        f"from api.decoding.uploads import decoders_of_a_process; print(decoders_of_a_process({processes}))"
    )
    environment = {"LOKY_MAX_CPU_COUNT": "4"}
    decided = subprocess.run(
        [sys.executable, "-c", source], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )

    cpus = len(os.sched_getaffinity(0))
    assert int(decided.stdout) == max(2, min(decoders, cpus))


async def decode_and_signal(decoder: Decoder, number: signal.Signals) -> DecodedAudio:
    """Send a signal to the process that decodes while it does."""
    with noise() as recording:
        [decoding] = await begin(decoder, recording)
        [process] = running_decoders()
        process.send_signal(number)
        return await decoding


def test_a_decoder_killed_by_the_system_says_nothing_against_the_file(decoder: Decoder) -> None:
    with pytest.raises(UploadsBusyError):
        asyncio.run(decode_and_signal(decoder, signal.SIGKILL))


def test_a_file_that_takes_all_cpu_seconds_is_invalid(decoder: Decoder) -> None:
    with pytest.raises(InvalidAudioError):
        asyncio.run(decode_and_signal(decoder, signal.SIGXCPU))


def test_a_decoder_has_few_cpu_seconds_and_ends_by_the_signal_that_says_so() -> None:
    source = "from api.decoding import program; program.LIMITS[program.resource.RLIMIT_CPU] = 1"
    source += "; program.limit_this_process()\nwhile True: pass"
    assert 1 < LIMITS[resource.RLIMIT_CPU] < 4

    ended = subprocess.run([sys.executable, "-c", source], cwd=ROOT, check=False)

    assert ended.returncode == -signal.SIGXCPU


def test_the_decoder_cannot_take_more_memory_write_files_or_import_numpy(tmp_path: Path) -> None:
    def run(program: str) -> subprocess.CompletedProcess[str]:
        source = f"import api.decoding.program, sys; api.decoding.program.limit_this_process(); {program}"
        return subprocess.run(
            [sys.executable, "-c", source], cwd=ROOT, capture_output=True, text=True, check=False
        )

    assert run("sys.exit('numpy' in sys.modules)").returncode == 0
    assert LIMITS[resource.RLIMIT_AS] < 400 * 1024 * 1024
    assert "MemoryError" in run("bytearray(200 * 1024 * 1024)").stderr
    assert "File too large" in run(f"open({str(tmp_path / 'file')!r}, 'wb', 0).write(b'x')").stderr


def test_a_short_recording_costs_well_under_a_second_of_cpu() -> None:
    data = make_wav(2.0)

    def spent() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    def cost() -> float:
        before = spent()
        decode(data)
        return spent() - before

    assert min(cost() for _ in range(3)) < 0.5


def test_outcomes_differ_from_what_python_and_signals_exit_with() -> None:
    assert (set(Outcome) - {Outcome.OK}).isdisjoint({0, 1, 2, *range(128, 160)})
