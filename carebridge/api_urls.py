"""Every REST address under /api/v1/, in one place."""

from django.urls import include, path

from carebridge.accounts.api import LoginView, LogoutView

urlpatterns = [
    path("auth/login/", LoginView.as_view(), name="api-login"),
    path("auth/logout/", LogoutView.as_view(), name="api-logout"),
    path("", include("scheduling.api.urls")),
]
