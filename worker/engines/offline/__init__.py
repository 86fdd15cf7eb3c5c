"""The `offline` tutor engine: works without network, key or GPU."""

from worker.engines.offline.tutor import OfflineTutor

__all__ = ["OfflineTutor"]
