"""Messages to patients and what comes back. Only what a provider has signed is believed, whoever sends it."""

from tests.architecture.access.rows import row

_UNSIGNED = "403 403 403 403 403 403 403 403"
_TOLD = "webhooks/twilio/status/00000000-0000-4000-8000-000000000000/"

MESSAGES = [
    #                                                          nobody recep doct admin manag supp sysad no_role
    row("GET", "reminders/", "                                    in 200 404 200 200 200 404 404"),
    row("POST", "reminders/retry-all/", "                         in 302 404 302 404 404 404 404"),
    row("POST", "reminders/{planned}/block/", "                   in 302 403 302 403 403 404 404"),
    row("POST", "reminders/{planned}/nonsense/", "                in 404 404 404 404 404 404 404"),
    row("GET", "reminders/visits/{visit}/", "                     in 200 200 200 200 200 404 404"),
    row("GET", "replies/", "                                      in 200 404 200 404 404 404 404"),
    row("POST", "replies/{reply}/read/", "                        in 302 404 302 404 404 404 404"),
    row("POST", "replies/{reply}/confirm/", "                     in 302 404 302 404 404 404 404"),
    row("POST", "replies/{reply}/nonsense/", "                    in 404 404 404 404 404 404 404"),
    row("GET", "messages/{message}/letter/", "                    in 200 404 200 404 404 404 404"),
    row("GET", "dev/outbox/", "                                   in 200 404 200 404 404 404 404"),
    row("GET", "dev/outbox/{boxed}/", "                           in 200 404 200 404 404 404 404"),
    row("GET", "dev/outbox/{boxed}/html/", "                      in 200 404 200 404 404 404 404"),
    row("GET", "dev/outbox/{boxed}/visit.ics", "                  in 200 404 200 404 404 404 404"),
    row("POST", _TOLD, _UNSIGNED, MessageStatus="delivered", MessageSid="SM1"),
    row("POST", "webhooks/twilio/inbound/", _UNSIGNED, MessageSid="SM1", Body="CANCEL"),
    row("POST", "webhooks/email/postmark/", "                    404 404 404 404 404 404 404 404"),
]
