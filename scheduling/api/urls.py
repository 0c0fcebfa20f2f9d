"""REST resources of scheduling, mounted under /api/v1/."""

from rest_framework.routers import SimpleRouter

from scheduling.api.views import directories
from scheduling.api.views.appointments import AppointmentView
from scheduling.api.views.holds import HoldView
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

urlpatterns = router.urls
