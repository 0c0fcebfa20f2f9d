"""The door: what a person meets before the board, or instead of it."""

import pytest
from django.template.loader import render_to_string

pytestmark = pytest.mark.django_db


def test_a_wrong_password_is_refused_in_words_and_keeps_the_user_name(client, receptionist):
    answer = client.post("/accounts/login/", {"login": receptionist.username, "password": "wrong"})

    page = answer.content.decode()
    assert "That user name and password do not match" in page
    assert f'value="{receptionist.username}"' in page
    assert "wrong" not in page.replace("Too many wrong tries", "")


def test_signing_out_asks_first_because_a_link_must_not_act(client, receptionist):
    client.force_login(receptionist, backend="allauth.account.auth_backends.AuthenticationBackend")

    answer = client.get("/accounts/logout/")

    assert answer.status_code == 200
    assert "Stay signed in" in answer.content.decode()


def test_an_unknown_address_says_what_to_do_next(client):
    answer = client.get("/nowhere/at/all/")

    assert answer.status_code == 404
    assert "CB-404" in answer.content.decode()


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "429", "500"])
def test_an_error_page_needs_neither_the_database_nor_a_request(name):
    page = render_to_string(f"{name}.html")

    assert f"CB-{name[:3]}" in page
    assert "<script>" not in page


def test_the_door_runs_no_inline_script_or_style(client):
    page = client.get("/accounts/login/").content.decode()

    assert "<style" not in page
    assert "<script>" not in page
    assert " onclick" not in page
