"""What happens at regular times: sweeps that repair lost nudges. Run by exactly one `manage.py rqcron carebridge.cron`.

Each entry is registered with its function, queue, interval and job timeout. All are safe to run twice: cron has no
leader lock, and starts every interval job afresh when it starts.
"""

from django.core.management import call_command
from rq import cron

cron.register(call_command, "default", args=("clearsessions",), cron="15 3 * * *", job_timeout=300)
