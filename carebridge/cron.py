"""What happens at regular times: sweeps that repair lost nudges. Run by exactly one `manage.py rqcron carebridge/cron.py`.

Each entry is registered with its function, queue, interval and job timeout. All are safe to run twice: cron has no
leader lock, and starts every interval job afresh when it starts.
"""

from rq import cron
