"""Services held by physiotherapists, nurses, audiologists, psychologists and dietitians."""

from __future__ import annotations

from scheduling.demo.catalogue_data import (
    ANY_AGE,
    BOOTH,
    FASTING,
    LOOSE_CLOTHES,
    PHYSIO,
    QUIET,
    ROOM,
    TREATMENT,
    Need,
    ServiceSpec,
    TypeSpec,
)

THERAPY_SERVICES = (
    ServiceSpec("Physiotherapy", "Physiotherapy", "Muscles, joints and movement.", (
        TypeSpec("Assessment", 45, 10, needs=PHYSIO, ages=ANY_AGE, weight=3, preparation=LOOSE_CLOTHES),
        TypeSpec("Follow-up", 30, 5, step=10, needs=PHYSIO, ages=ANY_AGE, weight=5),
        TypeSpec("Short follow-up", 20, 5, needs=PHYSIO, ages=ANY_AGE, patients="returning", weight=1),
        TypeSpec("Video follow-up", 30, 5, modality="video", weight=0.6),
        TypeSpec("Home visit", 60, 30, before=15, step=30, modality="home", ages=(60, None), weight=0.3),
    )),
    ServiceSpec("Sports injuries", "Physiotherapy", "Back to training.", (
        TypeSpec("Assessment", 60, 10, needs=PHYSIO, ages=(12, None), weight=0.8, preparation=LOOSE_CLOTHES),
        TypeSpec("Follow-up", 30, 5, needs=PHYSIO, ages=(12, None), weight=0.8),
    )),
    ServiceSpec("Pelvic health", "Pelvic health", "Physiotherapy of the pelvic floor.", (
        TypeSpec("Assessment", 60, 10, needs=PHYSIO, weight=1),
        TypeSpec("Follow-up", 40, 5, needs=PHYSIO, weight=1.5),
    )),
    ServiceSpec("Hearing tests", "Audiology", "Hearing and hearing aids.", (
        TypeSpec("Adult hearing test", 40, 5, needs=BOOTH, weight=4),
        TypeSpec("Children’s hearing test", 50, 10, needs=BOOTH, ages=(3, 15), weight=1.5),
        TypeSpec("Hearing aid fitting", 60, 10, step=10, needs=(*ROOM,), weight=1),
        TypeSpec("Hearing aid check", 30, 5, step=10, needs=(*ROOM,), weight=1.5),
    )),
    ServiceSpec("Psychology", "Psychology", "Talking therapies.", (
        TypeSpec("First assessment", 90, 10, needs=QUIET, patients="new", referral=True, weight=1),
        TypeSpec("Session", 50, 10, step=30, needs=QUIET, weight=4, cancel_cutoff_minutes=2880),
        TypeSpec("Video session", 50, 10, step=30, modality="video", weight=2),
    )),
    ServiceSpec("Dietetics", "Dietetics", "Eating well with and without an illness.", (
        TypeSpec("First visit", 45, 5, needs=ROOM, ages=ANY_AGE, weight=2,
                 preparation="Write down what you eat for three days and bring it along."),
        TypeSpec("Follow-up", 20, 5, needs=ROOM, ages=ANY_AGE, weight=3),
        TypeSpec("Telephone", 20, 5, step=5, modality="telephone", weight=1),
    )),
    ServiceSpec("Blood tests", "Nursing", "Samples for the laboratory.", (
        TypeSpec("Blood test", 10, 0, step=10, needs=TREATMENT, weight=6),
        TypeSpec("Fasting blood test", 10, 0, step=10, needs=TREATMENT, weight=3, preparation=FASTING),
        TypeSpec("Children’s blood test", 20, 5, needs=(*TREATMENT, Need("Healthcare assistant")), ages=(1, 15),
                 weight=0.8),
    )),
    ServiceSpec("Wound care", "Nursing", "Dressings and stitches.", (
        TypeSpec("Dressing", 20, 5, needs=TREATMENT, ages=ANY_AGE, weight=3),
        TypeSpec("Complex dressing", 40, 10, step=10, needs=(Need("Treatment room", after=10),), ages=ANY_AGE,
                 weight=0.8),
    )),
    ServiceSpec("Vaccinations", "Nursing", "For travel and for the season.", (
        TypeSpec("Vaccination", 10, 5, needs=TREATMENT, ages=ANY_AGE, weight=3),
        TypeSpec("Travel advice", 25, 5, needs=TREATMENT, ages=ANY_AGE, weight=1),
    )),
    ServiceSpec("Cervical screening", "Women’s screening", "For women from 25 to 64.", (
        TypeSpec("Screening test", 20, 5, needs=ROOM, sex="female", ages=(25, 64), weight=3),
    )),
)  # fmt: skip
