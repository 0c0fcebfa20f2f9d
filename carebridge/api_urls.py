"""Every REST address under /api/v1/, in one place."""

from django.urls import include, path

urlpatterns = [path("", include("scheduling.api.urls"))]
