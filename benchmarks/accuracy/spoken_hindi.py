"""Hindi, sentences that mix it with English, and Indian English: spoken, heard and answered."""

from collections.abc import Sequence
from functools import partial

from benchmarks.accuracy.corrections import answered
from benchmarks.accuracy.listening import Listener
from benchmarks.accuracy.voices import Studio
from worker.ports import Tutor

VOICE = "kokoro hf_alpha"
HINDI = (
    "मैं कल बाज़ार गया था और मैंने चावल खरीदे।",
    "मुझे अंग्रेज़ी बोलना सीखना है।",
    "आज मौसम बहुत अच्छा है, चलो बाहर चलते हैं।",
    "मेरे पिताजी बैंक में काम करते हैं।",
    "क्या आप मुझे अपने परिवार के बारे में बता सकते हैं?",
)
MIXED = (
    "मुझे कल जाना है because I am having exam tomorrow.",
    "I am go to market, फिर मैं घर आऊँगा।",
    "मेरा भाई is working in Pune since two years.",
    "I want to tell you कि मुझे यह पसंद नहीं है।",
    "Yesterday I go to my village, वहाँ बहुत मज़ा आया।",
)
INDIAN_ENGLISH = (
    "My father is out of station today.",
    "Please do the needful.",
    "Can we prepone the meeting?",
    "What is your good name?",
    "My cousin brother works in Delhi.",
    "He earns ten lakh rupees.",
    "I passed out of college last year.",
    "We met my cousin sister today morning.",
)


def table(
    sentences: Sequence[str], listener: Listener, studio: Studio, tutor: Tutor, sure_from: float
) -> str:
    """Return what was heard of each sentence, and what a learner is answered."""
    lines = [
        "| said | heard | language | words in Hindi | correction | score | warnings |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for text in sentences:
        heard = listener.hear(f"{VOICE} | {text}", partial(studio.speak, VOICE, text))
        reply = answered(tutor, heard, sure_from)
        if reply is None:
            lines.append(f"| {text} | nothing | | | | | |")
            continue
        mistake = reply.mistake
        shown = f"{mistake.wrong} → {mistake.right}" if mistake else "none"
        warnings = ", ".join(warning.code for warning in reply.warnings)
        score = "none" if reply.score is None else reply.score
        hindi = " ".join(word.word for word in heard.words if word.is_hindi)
        lines.append(
            f"| {text} | {heard.text} | {heard.language} | {hindi} | {shown} | {score} | {warnings} |"
        )
    return "\n".join(lines)
