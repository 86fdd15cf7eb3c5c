"""Flower's options, which Flower itself executes: `celery -A worker.main flower --conf=worker/dashboard.py`.

They lie here and not on the command line, which every account of the machine can read.
"""

import os

from kombu import Queue
from prometheus_client import values

from shared.metrics import FOLDER_VARIABLE
from shared.models import QueueName
from shared.settings import read_settings
from worker.main import app
from worker.settings import FlowerSettings

_login = read_settings(FlowerSettings).flower_basic_auth

basic_auth = [] if _login is None else [_login.get_secret_value()]
# The sweep alone is 43,000 tasks a day: of 10,000 kept ones the oldest is some hours old.
max_tasks = 10_000
# A container that was replaced had a name of its own, and never comes back.
purge_offline_workers = 600
# Which job a task worked on is in its result, which Flower hides unless it is asked for.
tasks_columns = "name,uuid,state,result,received,started,runtime,worker"
# A busy machine's workers take longer than the usual second to say what they serve.
inspect_timeout = 5_000.0
# Flower's own metrics are of one process, and forget workers that are gone: files would keep them.
os.environ.pop(FOLDER_VARIABLE, None)
values.ValueClass = values.MutexValue
# Flower asks them only when it starts: where none was up yet, it shows these queues.
app.conf.task_queues = [Queue(name) for name in QueueName]
