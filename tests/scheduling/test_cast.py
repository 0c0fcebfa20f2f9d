"""The cast is what it says it is."""

from __future__ import annotations

from django.contrib.auth import authenticate

from scheduling.models import Appointment, Clinic, Doctor, Offering, Patient
from scheduling.permissions import clinic_ids_with
from scheduling.roles import Permission


def test_everybody_sees_their_own_clinics(
    receptionist, receptionist_elsewhere, doctor_user, clinic_admin, manager, support, sysadmin, harbour, northgate
):
    seen = {
        user.username: list(Clinic.objects.visible_to(user))
        for user in (receptionist, receptionist_elsewhere, doctor_user, clinic_admin, manager, support, sysadmin)
    }

    assert seen == {
        "reception": [harbour],
        "reception.north": [northgate],
        "doctor": [harbour],
        "clinicadmin": [harbour],
        "manager": [harbour, northgate],
        "support": [harbour, northgate],
        "sysadmin": [harbour, northgate],
    }


def test_the_patient_is_known_at_harbour_only(patient, patient_elsewhere, receptionist, receptionist_elsewhere):
    assert list(Patient.objects.visible_to(receptionist)) == [patient]
    assert list(Patient.objects.visible_to(receptionist_elsewhere)) == [patient_elsewhere]


def test_dr_osei_offers_the_consultation_at_harbour(dr_osei, consultation, harbour, receptionist_elsewhere):
    assert Offering.objects.filter(doctor=dr_osei, appointment_type=consultation, clinic=harbour).exists()
    assert not Doctor.objects.visible_to(receptionist_elsewhere).exists()
    assert not Appointment.objects.exists()


def test_the_cast_can_sign_in(rf, receptionist):
    assert authenticate(rf.post("/"), username="reception", password="carebridge-demo") == receptionist


def test_managers_do_not_see_patients(manager):
    assert clinic_ids_with(manager, Permission.SEE_PATIENTS) == []
