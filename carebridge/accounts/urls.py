"""Addresses under /accounts/: those pages of django-allauth that are in use, and our own."""

from allauth.account import views as allauth
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.urls import include, path, re_path

from carebridge.accounts import views


def closed(request: HttpRequest) -> HttpResponse:
    """Addresses that allauth must be able to name and nobody may use: accounts are made by invitation."""
    return HttpResponseNotFound()


urlpatterns = [
    path("", views.account, name="account"),
    path("session/", views.session, name="account-session"),
    path("sessions/<int:record_id>/end/", views.end_session, name="account-session-end"),
    path("sessions/end-others/", views.end_others, name="account-sessions-end-others"),
    path("sessions/end-all/", views.end_all, name="account-sessions-end-all"),
    path("invitation/<str:link>/", views.invitation, name="account-invitation"),
    path("login/", allauth.login, name="account_login"),
    path("logout/", allauth.logout, name="account_logout"),
    path("inactive/", allauth.account_inactive, name="account_inactive"),
    path("reauthenticate/", allauth.reauthenticate, name="account_reauthenticate"),
    path("password/change/", allauth.password_change, name="account_change_password"),
    path("password/reset/", allauth.password_reset, name="account_reset_password"),
    path("password/reset/done/", allauth.password_reset_done, name="account_reset_password_done"),
    path("password/reset/key/done/", allauth.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        allauth.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("2fa/", views.factors_page, name="mfa_index"),
    path("2fa/webauthn/", views.factors_page, name="mfa_list_webauthn"),
    path("2fa/webauthn/keys/<int:pk>/remove/", views.RemovePasskey.as_view(), name="mfa_remove_webauthn"),
    path("2fa/", include("allauth.mfa.urls")),
    path("signup/", closed, name="account_signup"),
    path("password/set/", closed, name="account_set_password"),
]
