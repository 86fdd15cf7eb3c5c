"""A local HTTP server that speaks the provider's language: answers as scripted, keeps what it was asked.

An answer is a stream of server-sent events, each a `GenerateContentResponse`, in HTTP chunks.
"""

import json
import sys
import threading
import traceback
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

GOOD_FORM: dict[str, Any] = {
    "reply_text": "That sounds lovely! What will you buy at the market?",
    "mistake": {"wrong": "am go", "right": "am going", "category": "verb_tense"},
    "hinglish_explanation": "Yahan 'going' aayega, kyunki 'am' ke baad verb mein -ing lagta hai.",
    "explanation_devanagari": "यहाँ 'गोइंग' आएगा, क्योंकि 'ऐम' के बाद वर्ब में आई-एन-जी लगता है।",
    "score": 70,
    "practised": None,
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
    `cut` closes the connection in the middle of the body, `held` keeps back all but so many of its parts
    until the server is told to go on. `body` is in parts, each sent as an HTTP chunk of its own.
    """

    body: Sequence[bytes] = ()
    status: int = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "text/event-stream"})
    wait: float = 0.0
    stall: float = 0.0
    drip: float = 0.0
    cut: bool = False
    held: int | None = None


def said(text: str, *, finish: str = "STOP", pieces: int = 5) -> Step:
    """Answer with the model's text, whatever it is, in so many events."""
    size = -(-len(text) // pieces)
    cuts = [text[place : place + size] for place in range(0, len(text), size or 1)] or [""]
    return events(*map(spoken, cuts[:-1]), spoken(cuts[-1], finish=finish) | counted())


def spoken(text: str, *, finish: str | None = None) -> dict[str, Any]:
    """Return an event with a piece of the model's text, and why the model stopped if it did."""
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": [{"text": text}]}, "index": 0}
    return {"candidates": [candidate | ({"finishReason": finish} if finish else {})]}


def counted(read: object = TOKENS_READ, written: object = TOKENS_WRITTEN) -> dict[str, Any]:
    """Return what an event says of the tokens so far."""
    counts = {
        "promptTokenCount": read,
        "candidatesTokenCount": written,
        "thoughtsTokenCount": TOKENS_THOUGHT,
    }
    return {"usageMetadata": counts}


def events(*contents: object) -> Step:
    """Answer with these events."""
    return Step([b"data: " + _json(content) + b"\r\n\r\n" for content in contents])


def filled(**changes: object) -> Step:
    """Answer with a well-filled form, some fields changed."""
    return said(json.dumps(GOOD_FORM | changes, ensure_ascii=False))


def wrapped(form: str) -> dict[str, str]:
    """Return ways in which a model sends more than the form it was asked for, each under its name."""
    return {
        "fence": f"```json\n{form}\n```",
        "prose": f"Sure {{of course}}! Here it is:\n{form}\nI hope that helps.",
        "list": f"[{form}]",
        "nested": f'{{"answer": {form}}}',
    }


def finished(reason: str) -> Step:
    """Answer with a candidate that has no content, only a reason."""
    return events({"candidates": [{"finishReason": reason}]} | counted())


def blocked(reason: str) -> Step:
    """Refuse the prompt."""
    return events({"promptFeedback": {"blockReason": reason}} | counted())


def no_candidates() -> Step:
    """Answer with nothing."""
    return events(counted())


def failed(
    status: int, name: str, message: str = "", *, details: list[Any] | None = None, **headers: str
) -> Step:
    """Fail as the provider documents it; header names have `_` for `-`."""
    given = {header.replace("_", "-"): value for header, value in headers.items()}
    body = _json(error(status, name, message, details=details))
    return Step([body], status, {"Content-Type": "application/json"} | given)


def error(status: int, name: str, message: str = "", *, details: list[Any] | None = None) -> dict[str, Any]:
    """Return the provider's form of a failure; it may also be an event."""
    return {"error": {"code": status, "message": message, "status": name, "details": details or []}}


def retry_info(delay: str) -> dict[str, str]:
    """Return the detail in which the provider advises when to call again."""
    return {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}


def page(status: int, text: str = "<html><body><h1>Bad Gateway</h1></body></html>") -> Step:
    """Answer as a gateway in between does."""
    return Step([text.encode()], status, {"Content-Type": "text/html"})


def _json(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()


class _Server(ThreadingHTTPServer):
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing where the caller has gone; anything else is a defect of this server."""
        if not isinstance(sys.exception(), OSError):
            traceback.print_exc()


class GeminiServer:
    """Answers each request with the next scripted step, and with a well-filled form when none is left."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._steps: deque[Step] = deque()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._go_on = threading.Event()
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
            self._go_on.clear()

    def go_on(self) -> None:
        """Send what is held."""
        self._go_on.set()

    def hold(self) -> None:
        """Wait to be told to go on, a minute at most."""
        self._go_on.wait(60)

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
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            server.pause(step.stall)
            parts = _parts(step)
            if step.cut:
                parts = parts[: len(parts) // 2]
            for sent, part in enumerate(parts):
                if sent == step.held:
                    server.hold()
                self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
                self.wfile.flush()
                server.pause(step.drip)
            if step.cut:
                self.close_connection = True
            else:
                self.wfile.write(b"0\r\n\r\n")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Say nothing."""

    return Handler


def _parts(step: Step) -> list[bytes]:
    parts = [part for part in step.body if part]
    if not step.drip:
        return parts
    whole = b"".join(parts)
    return [whole[place : place + 1] for place in range(len(whole))]
