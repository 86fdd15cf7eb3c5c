"""Models on the Hugging Face hub, named `NAME@REVISION`: the revision we tested is the one fetched."""

import logging
import re

logger = logging.getLogger(__name__)

_COMMIT = re.compile(r"[0-9a-f]{40}")


def split_revision(setting: str, model: str) -> tuple[str, str | None]:
    """Return the name and the revision in `model`, the value of `setting`: a commit, a tag or a branch.

    The revision is None if none is named: the hub then gives its newest. Only a commit always names the
    same files; anything else logs a warning.
    """
    name, _, revision = model.partition("@")
    if not _COMMIT.fullmatch(revision):
        logger.warning(
            "%s=%s names no commit, so what the hub gives for it may change: use NAME@COMMIT", setting, model
        )
    return name, revision or None
