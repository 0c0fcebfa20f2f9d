"""What an e-mail provider tells: addresses that bounce or complain are not written to again."""

from __future__ import annotations

import base64
import json

import pytest
from django.test import Client

from reminders.models import Attempt, ContactBlock, Reminder, State

pytestmark = pytest.mark.django_db

SECRET = "postmark:a long secret"


@pytest.fixture(autouse=True)
def postmark(settings):
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    settings.ANYMAIL = {"POSTMARK_SERVER_TOKEN": "x", "WEBHOOK_SECRET": SECRET}


@pytest.fixture
def mailed(remind, patient) -> Reminder:
    patient.email = "nerys@example.org"
    patient.save()
    reminder = remind(state=State.SENT, medium="email", provider="email", provider_id="pm-1")
    given = {"medium": "email", "provider": "email", "provider_id": "pm-1", "outcome": "accepted"}
    Attempt.objects.create(reminder=reminder, number=1, started_at=reminder.due_at, **given)
    return reminder


def tell(reminder: Reminder | None, *, secret: str = SECRET, provider: str = "postmark", **event: object):
    metadata = {"Metadata": {"reminder": str(reminder.key)}} if reminder else {}
    said = {"MessageID": "pm-1", "Recipient": "Nerys@Example.org", "Email": "Nerys@Example.org", **metadata, **event}
    credentials = base64.b64encode(secret.encode()).decode()
    headers = {"Authorization": f"Basic {credentials}"} if secret else {}
    return Client().post(f"/webhooks/email/{provider}/", json.dumps(said), "application/json", headers=headers)


BOUNCE = {"RecordType": "Bounce", "Type": "HardBounce", "Description": "unknown user nerys@example.org", "ID": 4}


def test_a_delivered_mail_is_delivered(mailed):
    assert tell(mailed, RecordType="Delivery").status_code == 200

    mailed.refresh_from_db()
    assert mailed.state == State.DELIVERED


def test_an_address_that_does_not_exist_is_blocked_and_the_failure_names_no_address(mailed, patient):
    patient.consents_to_sms = False
    patient.save()

    tell(mailed, **BOUNCE, Details="smtp;550 5.1.1 no such user nerys@example.org")

    mailed.refresh_from_db()
    block = ContactBlock.objects.get()
    assert (block.medium, block.address, block.reason) == ("email", "nerys@example.org", "bounced")
    assert mailed.state == State.FAILED
    assert "nerys" not in mailed.provider_words
    assert "5.1.1" in mailed.provider_words


def test_a_mailbox_that_is_full_is_written_to_again(mailed):
    tell(mailed, **{**BOUNCE, "Type": "SoftBounce"})

    assert not ContactBlock.objects.exists()


def test_a_complaint_ends_mail_to_the_address_once(mailed):
    complaint = {"RecordType": "SpamComplaint", "Type": "SpamComplaint", "ID": 5}
    tell(mailed, **complaint)
    tell(mailed, **complaint)

    assert ContactBlock.objects.get().reason == "complained"
    mailed.refresh_from_db()
    assert mailed.state == State.SENT


def test_a_mail_that_carries_no_key_is_found_by_the_providers_id(mailed):
    tell(None, RecordType="Delivery")

    mailed.refresh_from_db()
    assert mailed.state == State.DELIVERED


@pytest.mark.parametrize("secret", ["", "postmark:wrong", "x:y"])
def test_whoever_does_not_know_the_secret_changes_nothing(mailed, secret):
    assert tell(mailed, secret=secret, **BOUNCE).status_code == 403

    mailed.refresh_from_db()
    assert mailed.state == State.SENT
    assert not ContactBlock.objects.exists()


def test_without_a_secret_or_from_another_provider_there_is_nobody_there(mailed, settings):
    assert tell(mailed, provider="sendgrid", **BOUNCE).status_code == 404
    settings.ANYMAIL = {"POSTMARK_SERVER_TOKEN": "x"}
    assert tell(mailed, **BOUNCE).status_code == 404
    assert not ContactBlock.objects.exists()
