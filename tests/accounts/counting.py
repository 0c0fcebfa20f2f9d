"""A password hasher that counts how often anybody asks it, and for whom."""

from __future__ import annotations

import time
from collections import Counter

from django.contrib.auth.hashers import MD5PasswordHasher

ASKED: Counter[str] = Counter()
"""Kept password, or "nobody" for an account that doesn't exist → times a guess was hashed for it."""


class CountingHasher(MD5PasswordHasher):
    """Takes as long as is set here, so that guesses at the same moment really meet."""

    seconds = 0.0

    def verify(self, password: str, encoded: str) -> bool:
        ASKED[encoded] += 1
        time.sleep(self.seconds)
        return MD5PasswordHasher().encode(password, self.decode(encoded)["salt"]) == encoded

    def encode(self, password: str, salt: str) -> str:
        ASKED["nobody"] += 1
        return super().encode(password, salt)
