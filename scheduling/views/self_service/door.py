"""The door that patients come in by: a link in a message, and their date of birth once in half an hour.

Nothing changes on GET, because mail programs follow every link. These pages send no referrer, so a browser doesn't say
where a form comes from and Django's own check would refuse them all; instead a form's address holds the signed token,
which no other site knows, and the cookie that proves the birth date doesn't come along with another site's form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from carebridge.audit.origin import origin
from carebridge.errors import DomainError
from scheduling.errors import LinkOver, LinkUnknown
from scheduling.languages import LANGUAGES, Language, language_for, language_in
from scheduling.links import check_birth_date, find_link
from scheduling.models import PatientLink
from scheduling.page_texts import texts_of
from scheduling.translations import speaking
from scheduling.views.self_service.birth_date import BirthDateForm
from scheduling.views.self_service.words import sentence

KEPT_OPEN_SECONDS = 30 * 60
LANGUAGE_COOKIE = "patient_language"
YEAR_SECONDS = 365 * 24 * 60 * 60
NAMES = [(code, language_in(code).name) for code in LANGUAGES]
"""The languages to choose from, each by its own name."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who has come in: by which link, reading which language, at what time."""

    link: PatientLink
    token: str
    language: Language
    now: datetime

    @property
    def holds(self) -> str:
        """Whose holds are theirs: of whoever follows this link."""
        return f"link-{self.link.pk.hex}"


PatientView = Callable[..., HttpResponse]


def patient_page(view: PatientView) -> PatientView:
    """Serve a view, which gets a Visitor, to who follows a link and has given the birth date.

    Others are asked for it, or told calmly that the link is over. A refusal becomes a page with its sentence.
    """

    @csrf_exempt
    @wraps(view)
    def run(request: HttpRequest, token: str, **named: Any) -> HttpResponse:
        return discreet(_served(request, token, lambda visitor: _let_in(request, view, visitor, named)))

    return run


def visit_page(view: PatientView) -> PatientView:
    """As `patient_page`, for what can be done with a visit; who has none yet is led to the link's first page."""

    @wraps(view)
    def with_visit(request: HttpRequest, visitor: Visitor, **named: Any) -> HttpResponse:
        if visitor.link.visit_id is None:
            return redirect("scheduling:patient-link", token=visitor.token)
        return view(request, visitor, **named)

    return patient_page(with_visit)


@csrf_exempt
@require_POST
def enter(request: HttpRequest, token: str) -> HttpResponse:
    """The birth date as typed; right, it opens this browser for half an hour."""
    return discreet(_served(request, token, lambda visitor: _checked(request, visitor)))


@csrf_exempt
@require_POST
def choose_language(request: HttpRequest, token: str) -> HttpResponse:
    """Read on in another language, on this device from now on."""
    response = redirect("scheduling:patient-link", token=token)
    if (code := request.POST.get("language", "")) in LANGUAGES:
        set_cookie(response, LANGUAGE_COOKIE, code, YEAR_SECONDS)
    return discreet(response)


def _served(request: HttpRequest, token: str, serve: Callable[[Visitor], HttpResponse]) -> HttpResponse:
    now = timezone.now()
    try:
        link = find_link(token, now=now)
    except (LinkUnknown, LinkOver) as error:
        language = language_of(request, None)
        with speaking(language.code):
            return refused(request, error, language)

    language = language_of(request, link)
    origin().update(facts={"patient_link": str(link.pk)})
    with speaking(language.code):
        return serve(Visitor(link, token, language, now))


def _let_in(request: HttpRequest, view: PatientView, visitor: Visitor, named: dict[str, Any]) -> HttpResponse:
    if not _is_open(request, visitor.link):
        if request.method == "POST":
            return redirect("scheduling:patient-link", token=visitor.token)
        return _ask(request, visitor, BirthDateForm())
    try:
        response = view(request, visitor, **named)
    except DomainError as error:
        response = refused(request, error, visitor.language, visitor=visitor)
    keep_open(response, visitor.link)
    return response


def _checked(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    form = BirthDateForm(request.POST)
    if not form.is_valid():
        return _ask(request, visitor, form, status=422)
    try:
        check_birth_date(link=visitor.link, birth_date=form.cleaned_data["birth_date"])
    except LinkOver as error:
        return refused(request, error, visitor.language)
    except DomainError as error:
        form.add_error(None, sentence(error))
        return _ask(request, visitor, form, status=error.status)
    response = redirect("scheduling:patient-link", token=visitor.token)
    keep_open(response, visitor.link)
    return response


def _ask(request: HttpRequest, visitor: Visitor, form: BirthDateForm, status: int = 200) -> HttpResponse:
    return page(request, visitor, "birth_date", {"form": form}, status=status)


def page(
    request: HttpRequest, visitor: Visitor, template: str, context: Mapping[str, Any], status: int = 200
) -> HttpResponse:
    """A page of `templates/scheduling/self_service/`, or of an app above by its path, in the visitor's language."""
    clinic = visitor.link.clinic
    own = texts_of(clinic, visitor.language.code)
    about = {"visitor": visitor, "language": visitor.language, "languages": NAMES, "clinic": clinic, "own": own}
    path = template if "/" in template else f"scheduling/self_service/{template}.html"
    return render(request, path, {**about, **context}, status=status)


def refused(
    request: HttpRequest, error: DomainError, language: Language, *, visitor: Visitor | None = None
) -> HttpResponse:
    """A page that says calmly why something isn't possible, and what to do instead."""
    context = {"sentence": sentence(error), "language": language}
    if visitor:
        return page(request, visitor, "refused", context, status=error.status)
    return render(request, "scheduling/self_service/refused.html", context, status=error.status)


# --- Cookies and headers ---------------------------------------------------------------------------------------------


def language_of(request: HttpRequest, link: PatientLink | None) -> Language:
    """As chosen on this device; else as the patient wishes; else as the browser says."""
    chosen = request.COOKIES.get(LANGUAGE_COOKIE, "")
    if chosen in LANGUAGES:
        return language_in(chosen)
    return language_in(language_for(link.patient.language if link else request.headers.get("Accept-Language", "")))


def _cookie_name(link: PatientLink) -> str:
    return f"patient_{link.pk.hex[:12]}"


def _signer(link: PatientLink) -> TimestampSigner:
    return TimestampSigner(salt=f"scheduling.self_service:{link.pk.hex}")


def _is_open(request: HttpRequest, link: PatientLink) -> bool:
    try:
        _signer(link).unsign(request.COOKIES.get(_cookie_name(link), ""), max_age=KEPT_OPEN_SECONDS)
    except BadSignature:
        return False
    return True


def keep_open(response: HttpResponse, link: PatientLink) -> None:
    """Let this browser in by the link for half an hour: whoever sits at it has shown who they are."""
    set_cookie(response, _cookie_name(link), _signer(link).sign(link.pk.hex), KEPT_OPEN_SECONDS)


def set_cookie(response: HttpResponse, name: str, value: str, seconds: int) -> None:
    """A cookie that patients' pages alone get to see."""
    response.set_cookie(
        name, value, max_age=seconds, path="/p/", secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax"
    )


def discreet(response: HttpResponse) -> HttpResponse:
    """The address is a secret: it is told to nobody, and no search engine shows the page."""
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    patch_vary_headers(response, ["Cookie", "Accept-Language"])
    return response
