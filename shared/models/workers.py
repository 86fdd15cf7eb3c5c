"""A worker as it last reported."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from shared.models.base import MOMENT, SET_BY_DATABASE


class Worker(SQLModel, table=True):
    """A worker as it last reported.

    `concurrency`: how many tasks it runs at a time, over all its queues. `engines`: the chosen ones;
    `models`: what became of loading them, tried last at `models_tried_at`, which is None until then.
    """

    __tablename__ = "workers"

    name: str = Field(max_length=255, primary_key=True)
    host: str = Field(max_length=255)
    pid: int
    queues: list[str] = Field(sa_type=ARRAY(String(64)))
    concurrency: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    engines: dict[str, str] = Field(default_factory=dict, sa_type=JSONB)
    models: dict[str, dict[str, str]] = Field(default_factory=dict, sa_type=JSONB)
    models_tried_at: datetime | None = Field(default=None, sa_type=MOMENT)
    started_at: datetime = Field(default=None, sa_type=MOMENT, sa_column_kwargs=SET_BY_DATABASE)
    seen_at: datetime = Field(default=None, sa_type=MOMENT, sa_column_kwargs=SET_BY_DATABASE)
