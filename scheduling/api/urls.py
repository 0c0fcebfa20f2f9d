"""REST resources of scheduling, mounted under /api/v1/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from scheduling.api.views import directories, own, own_appointments, own_search
from scheduling.api.views.appointments import AppointmentView
from scheduling.api.views.holds import HoldView
from scheduling.api.views.patient_tokens import OwnTokenView, PatientTokenView
from scheduling.api.views.patients import PatientView
from scheduling.api.views.slots import SlotView

router = SimpleRouter()
router.register("clinics", directories.ClinicView, basename="clinic")
router.register("doctors", directories.DoctorView, basename="doctor")
router.register("rooms", directories.RoomView, basename="room")
router.register("services", directories.ServiceView, basename="service")
router.register("appointment-types", directories.AppointmentTypeView, basename="appointment-type")
router.register("cancellation-reasons", directories.CancellationReasonView, basename="cancellation-reason")
router.register("patients", PatientView, basename="patient")
router.register("slots", SlotView, basename="slot")
router.register("holds", HoldView, basename="hold")
router.register("appointments", AppointmentView, basename="appointment")

# For patients: another way in, which takes another kind of token.
patients = SimpleRouter()
patients.register("me/clinics", own_search.OwnClinicView, basename="own-clinic")
patients.register("me/doctors", own_search.OwnDoctorView, basename="own-doctor")
patients.register("me/appointment-types", own_search.OwnAppointmentTypeView, basename="own-appointment-type")
patients.register("me/cancellation-reasons", own_search.OwnCancellationReasonView, basename="own-cancellation-reason")
patients.register("me/slots", own_search.OwnSlotView, basename="own-slot")
patients.register("me/holds", own_search.OwnHoldView, basename="own-hold")
patients.register("me/appointments", own_appointments.OwnAppointmentView, basename="own-appointment")

urlpatterns = [
    path("auth/patient-token/", PatientTokenView.as_view({"post": "create"}), name="patient-token"),
    path("me/", own.OwnDetailsView.as_view({"get": "show", "patch": "update"}), name="own-details"),
    path("me/token/", OwnTokenView.as_view({"delete": "destroy"}), name="own-token"),
    *router.urls,
    *patients.urls,
]
