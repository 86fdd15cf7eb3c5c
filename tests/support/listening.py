"""Who is told a reply's sentences, and keeps them."""


class Heard:
    """Keeps what it is told: the sentences that stand, and those that were taken back, try by try."""

    def __init__(self) -> None:
        self.sentences: list[str] = []
        self.taken_back: list[list[str]] = []

    def sentence(self, text: str) -> None:
        self.sentences.append(text)

    def restarted(self) -> None:
        self.taken_back.append(self.sentences)
        self.sentences = []
