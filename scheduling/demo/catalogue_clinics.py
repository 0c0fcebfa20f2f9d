"""Services held by doctors in consulting, scan and treatment rooms."""

from __future__ import annotations

from scheduling.demo.catalogue_data import (
    ANY_AGE,
    FASTING,
    FULL_BLADDER,
    HEART_SCAN,
    MEDICINES,
    ROOM,
    SCAN,
    TREATMENT,
    Need,
    ServiceSpec,
    TypeSpec,
)

NURSE_FIRST = Need("Nurse", to=15)
CLEANED = Need("Treatment room", after=10)

CLINIC_SERVICES = (
    ServiceSpec("Cardiology", "Cardiology", "Heart and circulation.", (
        TypeSpec("Consultation", 30, 10, step=10, needs=ROOM, weight=5, preparation=MEDICINES),
        TypeSpec("Follow-up", 20, 5, needs=ROOM, patients="returning", weight=3),
        TypeSpec("Urgent", 30, 5, step=10, needs=ROOM, max_advance_days=7, min_notice_minutes=0, weight=0.4),
        TypeSpec("Telephone review", 15, 5, step=5, modality="telephone", weight=0.7),
    )),
    ServiceSpec("ECG", "Cardiology", "Tracings of the heart at rest and over a day.", (
        TypeSpec("Resting ECG", 20, 5, needs=(*ROOM, Need("ECG cart", after=5)), weight=2,
                 preparation="Wear a top that opens at the front.\nNo lotion on your chest, please."),
        TypeSpec("Monitor fitting", 30, 5, step=10, needs=(*ROOM, Need("Healthcare assistant", to=20)), weight=0.6),
        TypeSpec("Monitor return", 10, 0, step=10, needs=ROOM, weight=0.4),
    )),
    ServiceSpec("Echocardiogram", "Cardiology", "Ultrasound of the heart.", (
        TypeSpec("Standard", 45, 10, needs=HEART_SCAN, referral=True, weight=0.8),
        TypeSpec("Stress test", 60, 15, needs=(*HEART_SCAN, Need("Nurse")), referral=True, weight=0.3,
                 cancel_cutoff_minutes=2880, preparation="Nothing to eat for four hours before.\n" + MEDICINES),
    )),
    ServiceSpec("Dermatology", "Dermatology", "Skin, hair and nails.", (
        TypeSpec("Consultation", 20, 5, needs=ROOM, ages=ANY_AGE, weight=5),
        TypeSpec("Follow-up", 15, 5, step=10, needs=ROOM, ages=ANY_AGE, patients="returning", weight=2),
        TypeSpec("Video consultation", 15, 5, step=10, modality="video", weight=0.8,
                 preparation="Send clear photographs the day before.\nSit where the light is good."),
    )),
    ServiceSpec("Mole check", "Dermatology", "Single moles and the whole skin.", (
        TypeSpec("Single mole", 15, 5, step=10, needs=ROOM, weight=4),
        TypeSpec("Whole body", 30, 5, step=10, needs=(*ROOM, Need("Dermatoscope camera")), weight=1,
                 preparation="No make-up or nail varnish, please."),
    )),
    ServiceSpec("Minor skin procedure", "Dermatology", "Small procedures under local anaesthetic.", (
        TypeSpec("Excision", 45, 15, needs=(CLEANED, NURSE_FIRST), doctor_from=15, referral=True, weight=1.2,
                 cancel_cutoff_minutes=2880, preparation="Tell us if you take blood thinners.\n" + MEDICINES),
        TypeSpec("Cryotherapy", 20, 5, needs=TREATMENT, weight=0.8),
    )),
    ServiceSpec("Ultrasound", "Ultrasound", "Ultrasound examinations.", (
        TypeSpec("Abdomen", 30, 10, step=10, needs=SCAN, ages=ANY_AGE, referral=True, weight=4, preparation=FASTING),
        TypeSpec("Pelvis", 30, 10, step=10, needs=SCAN, referral=True, weight=3, preparation=FULL_BLADDER),
        TypeSpec("Thyroid", 20, 10, needs=SCAN, ages=ANY_AGE, referral=True, weight=2),
        TypeSpec("Soft tissue", 20, 5, needs=SCAN, ages=ANY_AGE, referral=True, weight=1),
    )),
    ServiceSpec("Vascular ultrasound", "Ultrasound", "Arteries and veins.", (
        TypeSpec("Carotid arteries", 40, 10, step=10, needs=SCAN, referral=True, weight=1),
        TypeSpec("Leg veins, urgent", 30, 10, step=10, needs=SCAN, max_advance_days=3, min_notice_minutes=0,
                 weight=0.3),
    )),
    ServiceSpec("Pregnancy scan", "Obstetric ultrasound", "Scans in pregnancy.", (
        TypeSpec("Dating scan", 30, 10, step=10, needs=SCAN, sex="female", ages=(14, 55), weight=3,
                 preparation=FULL_BLADDER),
        TypeSpec("Anomaly scan", 50, 10, needs=SCAN, sex="female", ages=(14, 55), weight=2),
    )),
    ServiceSpec("General medicine", "General medicine", "The first place to ask.", (
        TypeSpec("Consultation", 15, 0, needs=ROOM, ages=ANY_AGE, weight=8),
        TypeSpec("Long appointment", 30, 0, needs=ROOM, ages=ANY_AGE, weight=3),
        TypeSpec("Telephone", 10, 5, step=5, modality="telephone", ages=ANY_AGE, weight=1.5),
        TypeSpec("Video", 15, 0, modality="video", ages=ANY_AGE, weight=0.8),
        TypeSpec("Home visit", 45, 15, before=15, modality="home", ages=ANY_AGE, weight=0.3,
                 min_notice_minutes=240),
    )),
    ServiceSpec("Health check", "General medicine", "Checks without a complaint.", (
        TypeSpec("Mid-life check", 40, 0, step=10, needs=(*ROOM, Need("Nurse", to=20)), doctor_from=20, ages=(40, 74),
                 weight=0.8, preparation=FASTING),
        TypeSpec("New patient check", 20, 0, step=10, needs=ROOM, patients="new", ages=ANY_AGE, weight=0.7),
    )),
    ServiceSpec("Diabetes review", "General medicine", "Yearly and in between.", (
        TypeSpec("Annual review", 40, 5, needs=(*ROOM, NURSE_FIRST), doctor_from=15, weight=0.7, preparation=MEDICINES),
        TypeSpec("Follow-up", 20, 0, step=10, needs=ROOM, weight=0.6),
    )),
    ServiceSpec("Women’s health", "Women’s health", "Gynaecology, contraception, menopause.", (
        TypeSpec("Consultation", 30, 5, step=10, needs=ROOM, sex="female", weight=5),
        TypeSpec("Follow-up", 20, 5, needs=ROOM, sex="female", weight=2),
        TypeSpec("Menopause review", 40, 5, needs=ROOM, sex="female", ages=(38, 70), weight=1),
        TypeSpec("Coil fitting", 45, 10, needs=(CLEANED, Need("Nurse")), sex="female", ages=(16, 55),
                 weight=0.6, cancel_cutoff_minutes=2880),
    )),
    ServiceSpec("ENT", "ENT", "Ear, nose and throat.", (
        TypeSpec("Consultation", 25, 5, needs=ROOM, weight=4),
        TypeSpec("Children’s consultation", 30, 5, step=10, needs=ROOM, ages=(0, 15), weight=1.5),
        TypeSpec("Follow-up", 15, 5, step=10, needs=ROOM, ages=ANY_AGE, patients="returning", weight=2),
        TypeSpec("Nasendoscopy", 30, 10, step=10, needs=(Need("Treatment room", after=15),), weight=0.7),
        TypeSpec("Ear microsuction", 20, 5, needs=TREATMENT, weight=0.8),
    )),
    ServiceSpec("Paediatrics", "Paediatrics", "Children and young people.", (
        TypeSpec("Consultation", 30, 5, step=10, needs=ROOM, ages=(0, 17), weight=4),
        TypeSpec("Follow-up", 20, 5, needs=ROOM, ages=(0, 17), patients="returning", weight=2),
        TypeSpec("Allergy tests", 60, 10, needs=(*ROOM, Need("Nurse")), ages=(1, 17), weight=0.5,
                 preparation="No antihistamines for three days before.\nBring a favourite toy."),
    )),
    ServiceSpec("Orthopaedics", "Orthopaedics", "Bones and joints.", (
        TypeSpec("Consultation", 30, 5, step=10, needs=ROOM, ages=ANY_AGE, referral=True, weight=4),
        TypeSpec("Follow-up", 15, 5, step=10, needs=ROOM, ages=ANY_AGE, patients="returning", weight=2),
        TypeSpec("Joint injection", 30, 10, step=10, needs=(CLEANED, NURSE_FIRST), doctor_from=10, weight=0.8),
    )),
    ServiceSpec("Lung function", "Respiratory medicine", "Breathing tests.", (
        TypeSpec("Spirometry", 45, 10, needs=(*ROOM, Need("Spirometer", after=10)), weight=2,
                 preparation="No smoking for a day before.\nNo heavy meal in the two hours before."),
        TypeSpec("Consultation", 30, 5, step=10, needs=ROOM, weight=4),
    )),
)  # fmt: skip
