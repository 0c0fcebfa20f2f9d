"""Staff screens of scheduling."""

from django.urls import URLPattern, path

from scheduling.views import appointments, board, booking, dialogs, emergency, finder, patients, roster, search

app_name = "scheduling"
urlpatterns: list[URLPattern] = [
    path("", board.board, name="home"),
    path("board/", board.board, name="board"),
    path("appointments/<str:reference>/", appointments.appointment, name="appointment"),
    path("appointments/<str:reference>/steps/<slug:slug>/", appointments.take_step, name="appointment-step"),
    path("appointments/<str:reference>/refuse-override/", appointments.refuse, name="appointment-refuse-override"),
    path("appointments/<str:reference>/notes/", appointments.save_notes, name="appointment-notes"),
    path("appointments/<str:reference>/undo/", appointments.undo, name="appointment-undo"),
    path("appointments/<str:reference>/undo-move/", appointments.undo_move, name="appointment-undo-move"),
    path("appointments/<str:reference>/cancel/", dialogs.cancel, name="appointment-cancel"),
    path("appointments/<str:reference>/reschedule/", dialogs.move, name="appointment-move"),
    path("find/", finder.find, name="find"),
    path("find/ruled-out/", finder.ruled_out, name="ruled-out"),
    path("find/hold/", booking.hold, name="hold"),
    path("find/hold/<str:attempt>/extend/", booking.extend, name="extend"),
    path("find/hold/<str:attempt>/release/", booking.release_hold, name="release"),
    path("find/patient/", booking.patient_section, name="booking-patient"),
    path("find/confirm/", booking.confirm, name="book"),
    path("patients/suggest/", patients.suggest, name="patient-suggest"),
    path("patients/new/", patients.new, name="patient-new"),
    path("patients/identify/", patients.identify, name="patient-identify"),
    path("patients/<uuid:pk>/", patients.show, name="patient"),
    path("emergency/", emergency.open_one, name="emergency-open"),
    path("emergency/banner/", emergency.banner, name="emergency-banner"),
    path("emergency/review/", emergency.worklist, name="emergency-review"),
    path("emergency/<int:pk>/", emergency.record, name="emergency"),
    path("emergency/<int:pk>/close/", emergency.close, name="emergency-close"),
    path("emergency/<int:pk>/review/", emergency.review, name="emergency-judge"),
    path("roster/block/", roster.block, name="roster-block"),
    path("roster/block/preview/", roster.preview, name="roster-preview"),
    path("roster/block/<int:pk>/lift/", roster.lift, name="roster-lift"),
    path("search/", search.search, name="search"),
]
