"""An outage is said when it begins and when it ends, however often something is tried meanwhile."""

import logging

import pytest

from shared.outages import OutageLog


def test_an_outage_is_said_once_and_its_end_once(caplog: pytest.LogCaptureFixture) -> None:
    outage = OutageLog(logging.getLogger("here"), "the broker", "hints wait")
    outage.worked()
    for _ in range(2):
        for error in (ConnectionError("a learner's words"), TimeoutError(), ConnectionError()):
            outage.failed(error)
        outage.worked()
        outage.worked()

    once = ["the broker is away (ConnectionError): hints wait", "the broker is back"]
    assert caplog.messages == once * 2
