"""The tables of the accuracy card, in Markdown."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from benchmarks.accuracy.corrections import Correction, said_words
from benchmarks.accuracy.listening import SAMPLES, Heard
from benchmarks.accuracy.scores import SCORES, area_under_curve, with_sentence
from benchmarks.accuracy.thresholds import Outcome, outcome, shown_from, tuned
from benchmarks.word_errors import word_errors, words_of
from worker.hearing.certainty import certainties

Said = Sequence[tuple[Heard, str]]
"""What was heard of recordings, and what was said in each."""


def word_error_table(groups: Mapping[str, Said]) -> str:
    """Return the word errors of each group of English recordings, and how many were taken for Hindi."""
    lines = [
        "| spoken by | recordings | words | word errors | taken for Hindi, whole or in part |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, recordings in sorted(groups.items()):
        said = [words_of(text) for _, text in recordings]
        errors = sum(
            word_errors(words, words_of(heard.text))
            for (heard, _), words in zip(recordings, said, strict=True)
        )
        count = sum(map(len, said))
        hindi = sum(
            heard.language == "hi" or any(word.is_hindi for word in heard.words) for heard, _ in recordings
        )
        lines.append(f"| {name} | {len(recordings)} | {count} | {_share(errors, count)} | {hindi} |")
    return "\n".join(lines)


def word_table(recordings: Said) -> str:
    """Return what thresholds do to single words."""
    words = [
        (certainty, was_said)
        for heard, text in recordings
        for certainty, was_said in zip(certainties(heard.words), said_words(heard, text), strict=True)
    ]
    right = sum(was_said for _, was_said in words)
    lines = [
        f"{len(words)} words, {len(words) - right} of which were not said.\n",
        "| sure from | right words that are sure | sure words that were not said |",
        "| --- | --- | --- |",
    ]
    for tenth in range(1, 10):
        kept = [was_said for certainty, was_said in words if certainty >= tenth / 10]
        lines.append(
            f"| {tenth / 10} | {_share(sum(kept), right)} | {_share(len(kept) - sum(kept), len(kept))} |"
        )
    return "\n".join(lines)


def score_table(corrections: Sequence[Correction], tuning: int, judging: int) -> str:
    """Return each score with the threshold from one sample, and what it does in the other."""
    samples = {True: [each for each in corrections if each.is_for_tuning]}
    samples[False] = [each for each in corrections if not each.is_for_tuning]
    lines = [
        (
            f"| score | AUC, all {len(corrections)} | tuned threshold | tuning sample: said, unsaid "
            "| judging sample: said, unsaid |"
        ),
        "| --- | --- | --- | --- | --- |",
        _score_row("none", "", 0.0, outcome(samples[True], tuning), outcome(samples[False], judging)),
    ]
    for name, score in SCORES.items():
        threshold = tuned(score, samples[True], tuning)
        results = [
            outcome(shown_from(score, threshold, samples[is_tuning]), count)
            for is_tuning, count in ((True, tuning), (False, judging))
        ]
        area = area_under_curve(score, corrections)
        lines.append(_score_row(name, f"{area:.2f}", threshold, *results))
    return "\n".join(lines)


def _score_row(name: str, area: str, threshold: float, tuning: Outcome, judging: Outcome) -> str:
    return (
        f"| {name} | {area} | {threshold:.2f} | {tuning.said}, {tuning.unsaid} "
        f"| {judging.said}, {judging.unsaid} |"
    )


def curve_table(corrections: Sequence[Correction], sentences: int) -> str:
    """Return what each threshold of the chosen score keeps."""
    said = sum(each.was_said for each in corrections)
    lines = [
        "| sure from | kept of those said | shown of words not said | of all shown | of all sentences |",
        "| --- | --- | --- | --- | --- |",
    ]
    for twentieth in range(17):
        threshold = twentieth / 20
        kept = outcome(shown_from(with_sentence, threshold, corrections), sentences)
        lines.append(
            f"| {threshold:.2f} | {_share(kept.said, said)} | {kept.unsaid} "
            f"| {_share(kept.unsaid, kept.said + kept.unsaid)} | {_share(kept.unsaid, sentences)} |"
        )
    return "\n".join(lines)


def gate_table(groups: Iterable[tuple[str, int, list[Correction], list[Correction]]]) -> str:
    """Return for groups of so many sentences what is shown without and with the gate."""
    lines = [
        (
            "| sentences | number | shown without the gate: said, unsaid | with it: said, unsaid "
            "| unsaid of shown | unsaid of sentences | said ones kept | quotes with a word not said |"
        ),
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, number, without, gated in groups:
        before, after = outcome(without, number), outcome(gated, number)
        kept = sum(_is_kept(each, gated) for each in without if each.was_said)
        quotes = sum(not each.quote_was_said for each in gated)
        lines.append(
            f"| {name} | {number} | {before.said}, {before.unsaid} | {after.said}, {after.unsaid} "
            f"| {_share(after.unsaid, len(gated))} | {_share(after.unsaid, number)} "
            f"| {_share(kept, before.said)} | {quotes} (without: "
            f"{sum(not each.quote_was_said for each in without)}) |"
        )
    return "\n".join(lines)


def _is_kept(correction: Correction, gated: Sequence[Correction]) -> bool:
    return any(each.heard.key == correction.heard.key and each.words == correction.words for each in gated)


def cost_lines(heard: Iterable[Heard]) -> str:
    """Return what further decodes cost beside the ear."""
    costs: dict[str, list[float]] = defaultdict(list)
    sounded = ear = 0.0
    everything = list(heard)
    for each in everything:
        sounded, ear = sounded + each.seconds, ear + each.cost
        for temperature, cost in each.sample_costs.items():
            costs[temperature].append(cost / each.cost)
    looked_at = [each for each in everything if each.windows_cost]
    windows = sum(each.windows_cost for each in looked_at)
    lines = [f"The ear took {ear / sounded:.2f} s of processor for a second of sound."]
    if looked_at:
        lines.append(
            f"{1000 * windows / len(looked_at):.0f} ms of it, a recording, went to the language of windows: "
            f"{windows / sum(each.cost for each in looked_at):.0%} ({len(looked_at)} recordings)."
        )
    for temperature, shares in costs.items():
        mean = sum(shares) / len(shares)
        lines.append(
            f"{SAMPLES} sampled decodes at temperature {temperature} took {mean:.0%} as much again "
            f"({len(shares)} recordings)."
        )
    return " ".join(lines)


def _share(count: int, of: int) -> str:
    return f"{100 * count / of:.1f} %" if of else "–"
