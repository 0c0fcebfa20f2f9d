"""Every REST address under /api/v1/, in one place."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from carebridge.accounts.api import LoginView, LogoutView
from carebridge.errors import NotFound
from carebridge.http import plain_problem
from reminders.api import ReminderView
from waitlist.api import EntryView, OfferView
from waitlist.own_api import OwnEntryView


@csrf_exempt
def nothing_here(request: HttpRequest, rest: str) -> HttpResponse:
    """A program that asks for an address nobody serves gets a problem document, not a page."""
    return plain_problem(NotFound.status, NotFound.code, "There is nothing at this address.")


urlpatterns = [
    path("auth/login/", LoginView.as_view(), name="api-login"),
    path("auth/logout/", LogoutView.as_view(), name="api-logout"),
    path("", include("scheduling.api.urls")),
    path("reminders/", ReminderView.as_view({"get": "list"}), name="api-reminders"),
    path("waitlist/entries/", EntryView.as_view({"get": "list", "post": "create"}), name="api-waitlist-entries"),
    path("waitlist/offers/", OfferView.as_view({"get": "list"}), name="api-waitlist-offers"),
    path("me/waitlist/entries/", OwnEntryView.as_view({"get": "list", "post": "create"}), name="api-own-waitlist"),
    path("me/waitlist/entries/<int:pk>/", OwnEntryView.as_view({"delete": "destroy"}), name="api-own-waitlist-entry"),
    path("<path:rest>", nothing_here),
]
