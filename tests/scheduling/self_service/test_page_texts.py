"""Clinics say in their own words what patients read: per place and language, every version kept."""

from __future__ import annotations

import pytest

from carebridge.audit.models import LogEntry
from carebridge.errors import NotAllowed
from scheduling.models import PageText
from scheduling.page_texts import texts_of, write_page_text

pytestmark = pytest.mark.django_db


@pytest.fixture
def write(harbour, clinic_admin):
    def run(text: str, *, place: str = "footer", language: str = "en", by=clinic_admin) -> PageText:
        return write_page_text(clinic=harbour, place=place, language=language, text=text, by=by)

    return run


def test_patients_read_the_newest_words_of_their_language_as_plain_text(phone, write):
    write("Lift out of order", language="fr")
    write("Park in Anchor Lane")
    write("Park behind <b>the church</b>")

    page = phone.open().content.decode()

    assert "Park behind &lt;b&gt;the church" in page
    assert "Anchor Lane" not in page
    assert "Lift" not in page


def test_a_text_taken_back_leaves_what_carebridge_says_and_the_old_versions(harbour, phone, write):
    phone.press("cancel/")
    write("Sorry that you can't come", place="cancelled")
    assert "Sorry that you can&#x27;t come" in phone.open().content.decode()

    write("", place="cancelled")

    assert "Somebody else can have the time now" in phone.open().content.decode()
    assert texts_of(harbour, "en") == {}
    assert list(PageText.objects.values_list("version", "text")) == [(2, ""), (1, "Sorry that you can't come")]


def test_administrators_write_for_their_own_clinic_in_the_admin_and_rewrite_nothing(
    client, clinic_admin, harbour, northgate
):
    client.force_login(clinic_admin)
    url = "/admin/scheduling/pagetext/"
    sent = {"place": "footer", "language": "en", "text": "Ring twice"}

    assert client.post(f"{url}add/", sent | {"clinic": northgate.pk}).status_code == 200
    assert not PageText.objects.exists()
    assert client.post(f"{url}add/", sent | {"clinic": harbour.pk}).status_code == 302

    written = PageText.objects.get()
    assert (written.version, written.written_by) == (1, clinic_admin)
    assert "Ring twice" in client.get(url).content.decode()
    assert client.post(f"{url}{written.pk}/change/", sent | {"text": "No"}).status_code == 403
    assert LogEntry.objects.get(event="page_text.written").actor == clinic_admin


def test_nobody_writes_for_a_clinic_that_they_do_not_configure(write, receptionist):
    with pytest.raises(NotAllowed):
        write("Closed", by=receptionist)
