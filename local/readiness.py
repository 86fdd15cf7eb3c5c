"""Asks a running API whether the product can serve learners yet."""

import http.client
import json
from typing import Any

from shared.models import QueueName

_ENGINES = ("stt", "llm", "tts")
_TIMEOUT_SECONDS = 1.0
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


def is_ready(host: str, port: int, *, awaits_models: bool = True, key: str | None = None) -> bool:
    """Tell whether the API accepts jobs, every queue has a live worker, and their models are loaded.

    A model that failed to load is awaited no more: `/health` says why.

    `host` is the address on which the API listens. Without `awaits_models` it does not matter what is loaded.
    `key` is an API key with the scope `operate`; None where none is needed.
    """
    connection = http.client.HTTPConnection(_ANYWHERE.get(host, host), port, timeout=_TIMEOUT_SECONDS)
    try:
        _get(connection, "/health/ready", key)
        health = _get(connection, "/health", key)
        queues = health["dependencies"]["workers"]["queues"]
        engines = health["engines"]
        return all(queues[name]["ok"] is True for name in QueueName) and not (
            awaits_models and any(engines[kind]["status"] == "not_loaded" for kind in _ENGINES)
        )
    except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError):
        return False
    finally:
        connection.close()


def _get(connection: http.client.HTTPConnection, path: str, key: str | None) -> Any:
    connection.request("GET", path, headers={} if key is None else {"Authorization": f"Bearer {key}"})
    response = connection.getresponse()
    body = response.read()
    if response.status != http.client.OK:
        raise http.client.HTTPException(f"{path} answered {response.status}")
    return json.loads(body)
