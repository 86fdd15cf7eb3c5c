"""A local HTTP server that speaks the provider's language: answers as scripted, keeps what it was asked."""

import json
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

GOOD_FORM: dict[str, Any] = {
    "reply_text": "That sounds lovely! What will you buy at the market?",
    "mistake": {"wrong": "am go", "right": "am going", "category": "verb tense"},
    "hinglish_explanation": "Yahan 'going' aayega, kyunki 'am' ke baad verb mein -ing lagta hai.",
    "explanation_devanagari": "यहाँ 'गोइंग' आएगा, क्योंकि 'ऐम' के बाद वर्ब में आई-एन-जी लगता है।",
    "score": 70,
}
TOKENS_READ, TOKENS_WRITTEN, TOKENS_THOUGHT = 120, 40, 5


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]

    def texts(self) -> list[tuple[str, str]]:
        """Return the roles and texts of the conversation."""
        return [(turn["role"], turn["parts"][0]["text"]) for turn in self.body["contents"]]

    def system_prompt(self) -> str:
        return str(self.body["systemInstruction"]["parts"][0]["text"])


@dataclass(frozen=True)
class Step:
    """How one request is answered. Times are in seconds.

    `wait` comes before anything is sent, `stall` after the headers, `drip` between the body's bytes;
    `cut` closes the connection in the middle of the body.
    """

    body: bytes = b""
    status: int = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    wait: float = 0.0
    stall: float = 0.0
    drip: float = 0.0
    cut: bool = False


def said(text: str, *, finish: str = "STOP") -> Step:
    """Answer with the model's text, whatever it is."""
    candidate = {"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": finish}
    return _response({"candidates": [candidate]})


def filled(**changes: object) -> Step:
    """Answer with a well-filled form, some fields changed."""
    return said(json.dumps(GOOD_FORM | changes, ensure_ascii=False))


def finished(reason: str) -> Step:
    """Answer with a candidate that has no content, only a reason."""
    return _response({"candidates": [{"finishReason": reason}]})


def blocked(reason: str) -> Step:
    """Refuse the prompt."""
    return _response({"promptFeedback": {"blockReason": reason}})


def no_candidates() -> Step:
    """Answer with nothing."""
    return _response({})


def failed(
    status: int, name: str, message: str = "", *, details: list[Any] | None = None, **headers: str
) -> Step:
    """Fail as the provider documents it; header names have `_` for `-`."""
    error = {"code": status, "message": message, "status": name, "details": details or []}
    given = {header.replace("_", "-"): value for header, value in headers.items()}
    return Step(_json({"error": error}), status, {"Content-Type": "application/json"} | given)


def retry_info(delay: str) -> dict[str, str]:
    """Return the detail in which the provider advises when to call again."""
    return {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}


def page(status: int, text: str = "<html><body><h1>Bad Gateway</h1></body></html>") -> Step:
    """Answer as a gateway in between does."""
    return Step(text.encode(), status, {"Content-Type": "text/html"})


def _response(content: dict[str, Any]) -> Step:
    counted = {
        "promptTokenCount": TOKENS_READ,
        "candidatesTokenCount": TOKENS_WRITTEN,
        "thoughtsTokenCount": TOKENS_THOUGHT,
    }
    return Step(_json(content | {"usageMetadata": counted}))


def _json(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()


class _Server(ThreadingHTTPServer):
    request_queue_size = 64


class GeminiServer:
    """Answers each request with the next scripted step, and with a well-filled form when none is left."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._steps: deque[Step] = deque()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def script(self, *steps: Step) -> None:
        """Say how the next requests are answered."""
        with self._lock:
            self._steps.extend(steps)

    def forget(self) -> None:
        """Begin anew: nothing asked, nothing scripted."""
        with self._lock:
            self.asked.clear()
            self._steps.clear()

    def next_step(self, asked: Asked) -> Step:
        """Remember the request and return how to answer it."""
        with self._lock:
            self.asked.append(asked)
            return self._steps.popleft() if self._steps else filled()

    def pause(self, seconds: float) -> None:
        """Wait, but not for longer than the server lives."""
        self._closing.wait(seconds)


def _handler(server: GeminiServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            step = server.next_step(Asked(self.path, dict(self.headers.items()), body))
            try:
                self._play(step)
            except OSError:
                self.close_connection = True  # the caller did not wait

        def _play(self, step: Step) -> None:
            server.pause(step.wait)
            self.send_response_only(step.status)
            for name, value in step.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(step.body)))
            self.end_headers()
            server.pause(step.stall)
            if step.cut:
                self.wfile.write(step.body[: len(step.body) // 2])
                self.close_connection = True
                return
            for piece in _pieces(step):
                self.wfile.write(piece)
                self.wfile.flush()
                server.pause(step.drip)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Say nothing."""

    return Handler


def _pieces(step: Step) -> list[bytes]:
    if not step.drip:
        return [step.body]
    return [step.body[place : place + 1] for place in range(len(step.body))]
