"""The worker that runs jobs: what fails is kept and logged without its values."""

from __future__ import annotations

from typing import Any

from rq import Worker
from rq.job import Job
from rq.queue import Queue
from rq.worker.base import call_exception_handlers

from carebridge.withheld import without_values


class DiscreetWorker(Worker):
    """An RQ worker that keeps and logs failures without their values."""

    def handle_job_failure(self, job: Job, queue: Queue, *args: Any, **kwargs: Any) -> None:
        """As RQ's, with less said; the text is kept in Redis."""
        if "exc_string" in kwargs:
            kwargs["exc_string"] = without_values(kwargs["exc_string"])
        super().handle_job_failure(job, queue, *args, **kwargs)

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        """One line for the log, in place of RQ's, which repeats the message and the arguments."""
        kind = exc_info[0].__name__ if exc_info and exc_info[0] else "error"
        self.log.error("job failed: %s, %s, %s", job.id, kind, job.func_name, exc_info=exc_info or None)
        call_exception_handlers(self._exc_handlers, job, *exc_info)
