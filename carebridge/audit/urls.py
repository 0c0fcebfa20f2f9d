"""The audit trail's screens."""

from django.urls import path

from carebridge.audit import views

app_name = "audit"
urlpatterns = [
    path("", views.everything, name="all"),
    path("refused/", views.refused, name="refused"),
    path("patients/<uuid:pk>/", views.patient, name="patient"),
    path("people/<uuid:pk>/", views.person, name="person"),
    path("export/", views.export, name="export"),
]
