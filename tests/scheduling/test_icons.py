"""Icons, pills and initials as templates use them."""

import pytest
from django.template import Context, Template, TemplateSyntaxError

from scheduling.models import Status
from scheduling.templatetags.icons import drawings, icon, initials, mark, st


def test_every_icon_is_drawn_and_hidden_from_screen_readers():
    for name in drawings():
        assert 'aria-hidden="true"' in icon(name)


@pytest.mark.parametrize("status", Status.values)
def test_every_status_of_an_appointment_has_a_mark_and_a_word(status):
    pill = st(status)

    assert f'data-st="{mark(status)}"' in pill
    assert "<svg" in pill
    assert Status(status).label in pill


def test_no_two_statuses_share_a_drawing():
    marks = [drawing for name, drawing in drawings().items() if name.startswith("st-")]

    assert len(set(marks)) == len(marks)


def test_an_icon_nobody_drew_is_refused():
    with pytest.raises(TemplateSyntaxError):
        icon("unicorn")


def test_a_label_a_person_typed_is_escaped():
    page = Template("{% load icons %}{% st 'pending' label %}").render(Context({"label": "<script>"}))

    assert "&lt;script&gt;" in page


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Dr Amara Osei", "AO"), ("Jean-Paul van der Berg", "JB"), ("Maya", "M"), ("", ""), (None, "")],
)
def test_initials_come_from_the_first_and_last_name_without_the_title(name, expected):
    assert initials(name) == expected
