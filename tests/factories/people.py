"""Members of staff. Roles are granted with `scheduling.memberships.grant_membership`."""

from __future__ import annotations

import factory
from django.contrib.auth.hashers import make_password

from carebridge.accounts.models import User

PASSWORD = "carebridge-demo"


class UserFactory(factory.django.DjangoModelFactory):
    """Somebody who can sign in with PASSWORD and holds no role anywhere."""

    class Meta:
        model = User

    username = factory.Sequence(lambda n: f"user{n}")
    first_name = "Robin"
    last_name = factory.Sequence(lambda n: f"Person{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@carebridge.example")
    is_demo = True  # signs in with a password alone; tests of the second factor say otherwise
    password = factory.LazyFunction(lambda: make_password(PASSWORD))
