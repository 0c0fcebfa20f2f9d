"""What providers call: only what they signed counts, and whatever order it comes in, it ends the same."""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from carebridge.audit.models import LogEntry
from reminders.models import Attempt, ContactBlock, InboundMessage, Reminder, State
from reminders.webhooks.twilio import STAGES

pytestmark = pytest.mark.django_db

TOKEN = "12345"
BASE = "https://reminders.example.org"
NUMBER = "+447700900461"


@pytest.fixture(autouse=True)
def account(settings):
    settings.TWILIO_AUTH_TOKEN, settings.PUBLIC_BASE_URL = TOKEN, BASE


@pytest.fixture
def sent(remind) -> Reminder:
    """A message that Twilio has taken as SM1."""
    reminder = remind(state=State.SENT, medium="sms", provider="twilio", provider_id="SM1")
    _attempt(reminder, provider_id="SM1", outcome="accepted")
    return reminder


def _attempt(reminder: Reminder, **fields) -> Attempt:
    number = reminder.attempts.count() + 1
    given = {"medium": "sms", "provider": "twilio", "started_at": reminder.due_at}
    return Attempt.objects.create(reminder=reminder, number=number, **(given | fields))


def call(path: str, params: dict[str, str], *, signature: str | None = None, **extra):
    signed = RequestValidator(TOKEN).compute_signature(BASE + path, params)
    return Client().post(
        path, params, headers={"X-Twilio-Signature": signed if signature is None else signature}, **extra
    )


def tell(reminder: Reminder, status: str, sid: str = "SM1", **more: str):
    params = {"MessageSid": sid, "MessageStatus": status, "To": NUMBER, "From": "+447700900000", **more}
    return call(f"/webhooks/twilio/status/{reminder.key}/", params)


# --- Signatures ------------------------------------------------------------------------------------------------------


def test_twilios_documented_example_is_signed_as_they_say():
    """https://www.twilio.com/docs/usage/security: the address and parameters of their example, with the token 12345."""
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    said = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675309",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
    }
    by_hand = url + "".join(key + said[key] for key in sorted(said))
    digest = base64.b64encode(hmac.new(b"12345", by_hand.encode(), hashlib.sha1).digest()).decode()

    assert digest == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    assert RequestValidator("12345").validate(url, said, digest)


@pytest.mark.parametrize("how", ["none", "other_token", "other_words", "other_address", "empty", "not_ascii"])
def test_what_twilio_did_not_sign_is_refused(sent, how):
    path = f"/webhooks/twilio/status/{sent.key}/"
    said = {"MessageSid": "SM1", "MessageStatus": "delivered"}
    good = RequestValidator(TOKEN).compute_signature
    wrong = {
        "none": "",
        "empty": " ",
        "other_token": RequestValidator("54321").compute_signature(BASE + path, said),
        "other_words": good(BASE + path, {**said, "MessageStatus": "failed"}),
        "other_address": good(f"{BASE}/webhooks/twilio/status/{uuid.uuid4()}/", said),
        "not_ascii": "é" * 28,
    }

    assert call(path, said, signature=wrong[how]).status_code == 403
    sent.refresh_from_db()
    assert sent.state == State.SENT


def test_the_signature_is_of_our_public_address_whatever_host_the_call_names(sent):
    path, said = f"/webhooks/twilio/status/{sent.key}/", {"MessageSid": "SM1", "MessageStatus": "delivered"}
    of_host = RequestValidator(TOKEN).compute_signature(f"http://localhost{path}", said)

    assert call(path, said, signature=of_host, SERVER_NAME="localhost").status_code == 403
    assert call(path, said, SERVER_NAME="localhost").status_code == 204


def test_without_a_token_nothing_is_believed(sent, settings):
    settings.TWILIO_AUTH_TOKEN = ""
    path, said = f"/webhooks/twilio/status/{sent.key}/", {"MessageSid": "SM1", "MessageStatus": "delivered"}
    unsigned = RequestValidator("").compute_signature(BASE + path, said)

    assert call(path, said, signature=unsigned).status_code == 403


def test_only_posts_of_a_moderate_size_are_read(sent):
    path = f"/webhooks/twilio/status/{sent.key}/"

    assert Client().get(path).status_code == 405
    assert call(path, {"MessageSid": "SM1", "Body": "x" * 30_000}).status_code == 413


@pytest.mark.parametrize("hundreds", [4, pytest.param(100, marks=pytest.mark.full)])
def test_forged_calls_change_nothing_and_ask_the_database_nothing(sent, django_assert_num_queries, hundreds):
    paths = [f"/webhooks/twilio/status/{sent.key}/", "/webhooks/twilio/inbound/"]
    before, client = _everything(), Client()

    for hundred in range(hundreds):
        with django_assert_num_queries(0):
            for n in range(100):
                said = {"MessageSid": f"SM{n % 7}", "MessageStatus": "delivered", "From": NUMBER, "Body": "CANCEL"}
                forged = base64.b64encode(hashlib.sha1(b"%d %d" % (hundred, n)).digest()).decode()  # noqa: S324
                answer = client.post(paths[n % 2], said, headers={"X-Twilio-Signature": forged})
                assert answer.status_code == 403
        assert _everything() == before


def _everything() -> list[object]:
    rows = [list(model.objects.order_by("pk").values()) for model in (Reminder, Attempt, InboundMessage, ContactBlock)]
    return [*rows, LogEntry.objects.count()]


# --- Statuses --------------------------------------------------------------------------------------------------------


def test_a_message_is_delivered_when_twilio_says_so(sent):
    assert tell(sent, "delivered").status_code == 204

    sent.refresh_from_db()
    assert (sent.state, sent.provider_words) == (State.DELIVERED, "")
    assert sent.delivered_at


def test_a_failure_is_kept_in_words_without_the_number(sent, patient):
    patient.consents_to_email = False
    patient.save()

    tell(sent, "undelivered", ErrorCode="30008", ErrorMessage=f"No way to reach {NUMBER}")

    sent.refresh_from_db()
    assert (sent.state, sent.reason) == (State.FAILED, "provider_refused")
    assert "network didn't say" in sent.provider_words
    assert NUMBER not in sent.provider_words


def test_a_failure_told_later_goes_on_by_the_next_medium(sent, patient):
    patient.email = "nerys@example.org"
    patient.save()

    tell(sent, "undelivered", ErrorCode="30008")

    sent.refresh_from_db()
    assert (sent.state, sent.medium) == (State.PLANNED, "email")


@pytest.mark.parametrize(("code", "reason"), [("30005", "bounced"), ("30006", "bounced"), ("21610", "stopped")])
def test_a_number_that_is_nobodys_gets_no_more_messages(sent, code, reason):
    tell(sent, "undelivered", ErrorCode=code)

    assert ContactBlock.objects.get().reason == reason


def test_a_phone_that_is_switched_off_is_written_to_again(sent):
    tell(sent, "undelivered", ErrorCode="30003")

    assert not ContactBlock.objects.exists()


def test_a_message_whose_answer_was_lost_is_found_by_its_key(remind):
    reminder = remind(state=State.SENDING, claimed_at=remind().due_at, medium="sms", provider="twilio")
    attempt = _attempt(reminder)

    tell(reminder, "sent", sid="SM9")

    reminder.refresh_from_db()
    attempt.refresh_from_db()
    assert (reminder.state, reminder.provider_id) == (State.SENT, "SM9")
    assert (attempt.outcome, attempt.provider_id) == ("accepted", "SM9")


def test_a_message_that_was_given_up_for_lost_is_not_sent_again_once_it_proves_to_be_under_way(remind):
    reminder = remind(state=State.PLANNED)
    _attempt(reminder, outcome="lost")

    tell(reminder, "queued", sid="SM9")

    reminder.refresh_from_db()
    assert reminder.state == State.SENT


def test_unknown_messages_and_words_are_answered_well(sent):
    stranger = Reminder(key=uuid.uuid4())

    assert tell(stranger, "delivered").status_code == 204
    assert tell(sent, "delivered", sid="SM-of-somebody-else").status_code == 204
    assert tell(sent, "sunbathing").status_code == 204
    sent.refresh_from_db()
    assert sent.state == State.SENT


@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_statuses_in_any_order_and_any_number_end_the_same(sent, patient, data):
    told = data.draw(st.lists(st.sampled_from(sorted(STAGES)), min_size=1, max_size=8))
    ends = []
    for order in (told, data.draw(st.permutations(told)), told + told[::-1]):
        Reminder.objects.filter(pk=sent.pk).update(
            state=State.SENT, reason="", provider_words="", delivered_at=None, medium="sms", provider_id="SM1"
        )
        Attempt.objects.filter(reminder=sent).update(outcome="accepted", code="", words="", provider_id="SM1")
        for status in order:
            tell(sent, status, ErrorCode="30008" if STAGES[status] == "failed" else "")
        row = Reminder.objects.values("state", "reason", "provider_words", "medium", "provider_id").get(pk=sent.pk)
        ends.append((row, Attempt.objects.values("outcome", "code", "words").get(reminder=sent)))

    assert ends[0] == ends[1] == ends[2]
    stages = {STAGES[each] for each in told}
    expected = "delivered" if "delivered" in stages else "failed" if "failed" in stages else "sent"
    assert ends[0][0]["state"] == expected
