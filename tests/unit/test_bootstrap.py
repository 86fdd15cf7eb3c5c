"""From a setting to an engine: chosen by name or by path, loaded once, never silently another."""

import pytest

from tests.support import engines_for_tests as engines
from tests.support.engines_for_tests import CountedTutor, engine
from tests.support.factories import together
from worker.bootstrap import EngineKind, Engines, UnknownEngineError, kinds_served
from worker.errors import EngineUnavailableError
from worker.settings import WorkerSettings


def chosen(**names: str) -> Engines:
    return Engines(WorkerSettings.model_validate(names))


def test_a_built_in_engine_is_chosen_by_its_name() -> None:
    loaded = chosen(tts_engine="espeak")

    loaded.load(EngineKind.TTS)

    assert type(loaded.synthesizer).__name__ == "EspeakSynthesizer"
    assert loaded.states()["tts"]["status"] == "loaded"


def test_an_engine_is_chosen_by_its_path() -> None:
    loaded = chosen(llm_engine=engine(engines.QuickTutor))

    loaded.load(EngineKind.LLM)

    assert isinstance(loaded.tutor, engines.QuickTutor)
    assert loaded.name(EngineKind.LLM) == "quick tutor"
    assert loaded.states()["llm"] == {"status": "loaded", "mode": "quick tutor"}


def test_an_engine_of_several_models_tells_the_state_of_each() -> None:
    loaded = chosen(tts_engine=engine(engines.TwoVoices))

    loaded.load(EngineKind.TTS)

    parts = {"turbo": "loaded", "indicf5": "loaded"}
    assert loaded.states()["tts"] == {"status": "loaded", "mode": "two voices", "parts": parts}


def test_an_engine_without_a_name_is_called_by_its_setting() -> None:
    path = engine(engines.UncleanTutor)
    loaded = chosen(llm_engine=path)

    loaded.load(EngineKind.LLM)

    assert loaded.name(EngineKind.LLM) == path


@pytest.mark.parametrize("kind", EngineKind)
def test_an_unknown_name_is_refused_in_a_sentence_that_names_the_choices(kind: EngineKind) -> None:
    with pytest.raises(UnknownEngineError) as refusal:
        chosen(**{f"{kind}_engine": "nonesuch"})

    sentence = str(refusal.value)
    assert sentence.startswith(f"{kind.upper()}_ENGINE=nonesuch is not an engine: use ")
    assert sentence.endswith(", or package.module:ClassName")


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("tests.nonesuch:Tutor", "cannot be imported: ModuleNotFoundError"),
        ("tests.support.engines_for_tests:Nonesuch", "cannot be imported: AttributeError"),
        ("json:", "cannot be imported: AttributeError"),
        (":json", "cannot be imported: ValueError"),
        ("json:JSONDecoder", "has no method reply"),
        ("antigravity_of_no_package.:Tutor", "cannot be imported: ModuleNotFoundError"),
    ],
)
def test_a_plug_in_that_could_never_work_is_refused_before_anything_is_loaded(path: str, what: str) -> None:
    with pytest.raises(EngineUnavailableError) as refusal:
        chosen(llm_engine=path).check(EngineKind.LLM)

    assert str(refusal.value) == f"LLM_ENGINE={path} {what}"


@pytest.mark.parametrize("tutor", [engines.QuickTutor, engines.UnloadableTutor])
def test_checking_a_plug_in_does_not_build_it(tutor: type) -> None:
    checked = chosen(llm_engine=engine(tutor))

    checked.check(EngineKind.LLM)

    assert checked.states()["llm"] == {"status": "not_loaded"}


@pytest.mark.parametrize(
    "path",
    [
        "tests.nonesuch:Tutor",
        "tests.support.engines_for_tests:Nonesuch",
        engine(engines.UnloadableTutor),
        "json:",
    ],
    ids=["no module", "no class", "breaks while loading", "half a path"],
)
def test_an_engine_that_cannot_be_built_is_unavailable_and_says_failed(path: str) -> None:
    broken = chosen(llm_engine=path)

    with pytest.raises(EngineUnavailableError, match="could not be loaded"):
        broken.load(EngineKind.LLM)

    state = broken.states()["llm"]
    assert state["status"] == "failed"
    assert path in str(state["reason"])
    assert "/secret/path" not in str(state["reason"])
    with pytest.raises(EngineUnavailableError):
        _ = broken.tutor


def test_an_engine_says_itself_why_it_cannot_be_loaded() -> None:
    unready = chosen(llm_engine=engine(engines.UnreadyTutor))

    with pytest.raises(EngineUnavailableError):
        unready.load(EngineKind.LLM)

    assert unready.states()["llm"] == {"status": "failed", "reason": "The tutor's key is refused."}


def test_an_engine_is_not_loaded_before_it_is_asked_for() -> None:
    loaded = chosen(llm_engine=engine(engines.QuickTutor))

    assert loaded.states()["llm"] == {"status": "not_loaded"}
    assert not loaded.is_settled(EngineKind.LLM)
    with pytest.raises(EngineUnavailableError):
        _ = loaded.tutor


@pytest.mark.parametrize("cls", [engines.QuickTutor, engines.UnreadyTutor], ids=["loaded", "just failed"])
def test_loading_is_settled_by_success_and_by_a_failure_just_now(cls: type[object]) -> None:
    settled = chosen(llm_engine=engine(cls))
    if cls is engines.UnreadyTutor:
        with pytest.raises(EngineUnavailableError):
            settled.load(EngineKind.LLM)
    else:
        settled.load(EngineKind.LLM)

    assert settled.is_settled(EngineKind.LLM)
    assert not settled.is_settled(EngineKind.STT)


def test_sixteen_threads_load_an_engine_once() -> None:
    shared, before = chosen(llm_engine=engine(CountedTutor)), CountedTutor.loads

    def load(_: int) -> object:
        shared.load(EngineKind.LLM)
        return shared.tutor

    tutors = together(16, load)

    assert CountedTutor.loads == before + 1
    assert len({id(tutor) for tutor in tutors}) == 1


@pytest.mark.parametrize(
    ("queues", "kinds"),
    [
        (["gpu"], [EngineKind.STT, EngineKind.TTS]),
        (["llm"], [EngineKind.LLM]),
        (["maintenance"], []),
        (["gpu", "llm", "maintenance"], list(EngineKind)),
        ([], []),
    ],
)
def test_a_worker_needs_the_engines_of_its_queues(queues: list[str], kinds: list[EngineKind]) -> None:
    assert sorted(kinds_served(queues)) == sorted(kinds)
