"""How well each voice is understood, heard back by Whisper, and how fast it is."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.word_errors import word_errors, words_of
from worker.engines.espeak import EspeakSynthesizer
from worker.engines.kokoro import KokoroSynthesizer
from worker.engines.whisper import WhisperTranscriber
from worker.ports import RECORDING_RATE, Recording, Speech, Synthesizer, Transcriber
from worker.settings import WorkerSettings

ENGLISH_VOICES = ("hf_alpha", "af_heart")
ENGLISH = """\
Hello! I understand you want to go to the market. What will you buy there?
Good morning, how are you feeling today?
That sounds wonderful. Which dish do you like to cook for your family?
I went to the market yesterday with my brother, and we bought rice.
You said that well. Can you tell me more about your job?
My sister is a teacher, and she works in a school near our house.
It is raining heavily, so please take an umbrella with you.
What do you usually do on Sunday mornings?
I am happy to hear that you passed your exam.
If I were you, I would speak to the manager before the meeting.
The train to Delhi leaves at half past six in the evening.
Thank you for telling me about your village. What is it famous for?
She has been living in this city for three years.
Let us practice again. Please say the whole sentence slowly.
He does not like coffee, but he drinks tea every day.
We were waiting for the bus when it started to rain.
I would rather not talk about that. Shall we choose another topic?
Your mother must be proud of you. What did she say?
Cricket is my favorite game. I play with my friends after college.
There are many people in the park this evening.
Do you agree with me, or do you have another idea?
I have a small question. How long have you been learning English?
The doctor told him to drink more water and to sleep early.
Tomorrow I will visit my grandmother, who lives in a small town.""".splitlines()
HINDI = """\
आपने बहुत अच्छा कहा, लेकिन यहाँ पास्ट टेन्स का प्रयोग कीजिए।
जब हम बीते हुए कल की बात करते हैं, तो क्रिया का रूप बदल जाता है।
बहुवचन के साथ आर आता है, इज़ नहीं।
मैं कल बाज़ार गया था और मैंने चावल खरीदे।
क्या आप मुझे अपने परिवार के बारे में बता सकते हैं?
इस वाक्य में एक छोटी सी गलती है, चलिए उसे ठीक करते हैं।
आज मौसम बहुत अच्छा है, इसलिए हम बाहर घूमने जाएँगे।
हर रोज़ थोड़ा अभ्यास करने से आपकी अंग्रेज़ी अच्छी हो जाएगी।
मेरे भाई को क्रिकेट खेलना बहुत पसंद है।
कृपया पूरा वाक्य धीरे धीरे दोहराइए।""".splitlines()


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found of a voice in a language."""

    errors: float | None
    as_hindi: int
    pace: float
    cpu_pace: float
    first_seconds: float


def main() -> None:
    """Print a line a voice and language. `WHISPER_MODEL`, a folder or a name, says who listens."""
    settings = WorkerSettings()
    ear = WhisperTranscriber(settings.whisper_model, kept_in=settings.models_dir, use_gpu=False)
    print("| voice | language | word errors | taken for Hindi | real-time factor | CPU | first sentence |")
    print("| --- " * 7 + "|")
    for name, voice in _voices():
        voice.speak("Ready.")
        for language, texts in (("English", ENGLISH), ("Hindi", HINDI)):
            found = _measure(voice, texts, ear, hindi=texts is HINDI)
            errors = "" if found.errors is None else f"{100 * found.errors:.1f} %"
            as_hindi = f"{found.as_hindi} of {len(texts)}" if texts is HINDI else ""
            speed = f"{found.pace:.2f} | {found.cpu_pace:.2f} | {found.first_seconds:.2f} s"
            print(f"| {name} | {language} | {errors} | {as_hindi} | {speed} |", flush=True)


def _voices() -> Iterator[tuple[str, Synthesizer]]:
    yield "espeak", EspeakSynthesizer()
    with TemporaryDirectory() as models:
        for voice in ENGLISH_VOICES:
            kokoro = KokoroSynthesizer(
                english_voice=voice,
                hindi_voice="hf_alpha",
                models_dir=Path(models),
                threads=WorkerSettings().kokoro_threads,
            )
            yield kokoro.name, kokoro


def _measure(voice: Synthesizer, texts: Sequence[str], ear: Transcriber, *, hindi: bool) -> Measured:
    wrong = words = as_hindi = 0
    sounded = took = cpu = 0.0
    first: list[float] = []
    for text in texts:
        began, busy = time.perf_counter(), time.process_time()
        speech = voice.speak(text)
        first.append(time.perf_counter() - began)
        took, cpu, sounded = took + first[-1], cpu + time.process_time() - busy, sounded + speech.seconds
        heard = ear.transcribe(_recorded(speech))
        as_hindi += heard.language == "hi"
        said = words_of(text)
        wrong, words = wrong + word_errors(said, words_of(heard.text)), words + len(said)
    errors = None if hindi else wrong / words
    return Measured(errors, as_hindi, took / sounded, cpu / sounded, float(np.median(first)))


def _recorded(speech: Speech) -> Recording:
    at = np.arange(0, len(speech.samples), speech.sample_rate / RECORDING_RATE)
    return Recording(np.interp(at, np.arange(len(speech.samples)), speech.samples).astype(np.int16))


if __name__ == "__main__":
    main()
