"""What happens at regular times: sweeps that repair lost nudges. Run by exactly one `manage.py rqcron carebridge.cron`.

Each entry is registered with its function, queue, interval and job timeout. All are safe to run twice: cron has no
leader lock, and starts every interval job afresh when it starts.
"""

from django.core.management import call_command
from rq import cron

from carebridge.accounts import tokens
from carebridge.audit import retention
from reminders import jobs, replanning, reply_records, staff_messages
from scheduling import emergency, sweeps
from waitlist import freed
from waitlist import sweeps as waitlist_sweeps

cron.register(sweeps.expire_lapsed, "high", interval=5, job_timeout=30)
# One that nobody took up in a minute has been overtaken by others.
cron.register(jobs.deliver_due, jobs.QUEUE, interval=5, job_timeout=jobs.JOB_TIMEOUT, ttl=60, result_ttl=0)
cron.register(jobs.send_codes, jobs.QUEUE, interval=5, job_timeout=jobs.JOB_TIMEOUT, ttl=60, result_ttl=0)
cron.register(jobs.send_tests, jobs.QUEUE, interval=30, job_timeout=jobs.JOB_TIMEOUT, ttl=60, result_ttl=0)
cron.register(replanning.replan_changed_rules, "default", interval=15, job_timeout=60, ttl=60, result_ttl=0)
cron.register(staff_messages.plan_tomorrows_lists, "default", interval=300, job_timeout=60, ttl=300, result_ttl=0)
cron.register(freed.match_due, "default", interval=5, job_timeout=60, ttl=60, result_ttl=0)
cron.register(waitlist_sweeps.close_what_is_too_late, "default", interval=3600, job_timeout=300)
cron.register(waitlist_sweeps.note_booked_visits, "default", interval=300, job_timeout=300)
cron.register(waitlist_sweeps.end_pauses, "default", interval=900, job_timeout=300)
cron.register(waitlist_sweeps.forget_old_imports, "default", cron="35 4 * * *", job_timeout=300)
cron.register(emergency.tell_reviewers, "high", interval=60, job_timeout=120)
cron.register(sweeps.retry_failed_handlers, "default", interval=60, job_timeout=120)
cron.register(sweeps.forget_unverified, "default", interval=900, job_timeout=300)
cron.register(sweeps.forget_old_requests, "default", cron="40 2 * * *", job_timeout=300)
cron.register(tokens.forget_expired, "default", cron="50 2 * * *", job_timeout=300)
cron.register(sweeps.compare_everything, "default", cron="20 3 * * *", job_timeout=1800)
cron.register(sweeps.anonymise_due, "default", cron="50 3 * * *", job_timeout=1800)
cron.register(retention.purge_by_policy, "default", cron="30 4 * * *", job_timeout=3600)
cron.register(reply_records.forget_old_replies, "default", cron="5 4 * * *", job_timeout=600)
cron.register(call_command, "default", args=("clearsessions",), cron="15 3 * * *", job_timeout=300)
