"""Every address of the site, in one place."""

from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.urls import include, path
from django_prometheus.exports import ExportToDjangoView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from carebridge.audit.models import LogEntry
from carebridge.health import healthz, readyz

# The admin's own sign-in form knows nothing of second factors: everyone signs in at the one door.
admin.autodiscover()
# The trail has screens of its own, which keep to the reader's clinics; permissions are roles at clinics, not groups.
admin.site.unregister([LogEntry, Group])
# Sign-in is never changed past our commands and the trail: see the actions on users (accounts/admin.py).
admin.site.unregister([EmailAddress, Authenticator, UserSession, AccessAttempt, AccessFailureLog, AccessLog])
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]


def no_signup(request: HttpRequest) -> HttpResponse:
    """Staff accounts are made by an administrator, never by a visitor."""
    return HttpResponseNotFound()


handler500 = "carebridge.guard.server_error"
urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", ExportToDjangoView, name="metrics"),
    path("admin/", admin.site.urls),
    path("accounts/signup/", no_signup),
    path("accounts/", include("carebridge.accounts.urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="api-schema"), name="api-docs"),
    path("api/v1/", include("carebridge.api_urls")),
    path("audit/", include("carebridge.audit.urls")),
    path("", include("scheduling.urls")),
    path("", include("waitlist.urls")),
    path("", include("reminders.urls")),
]
