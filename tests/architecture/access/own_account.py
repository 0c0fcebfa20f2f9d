"""One's own account: the same for everybody who is signed in, whatever their role.

Second factors are changed only soon after a password was given: 302 leads to giving it once more.
"""

from tests.architecture.access.rows import Row, row


def own(method: str, path: str, answer: str, *, nobody: str = "in", **send: str) -> Row:
    """A row with one answer for all who are signed in."""
    return row(method, path, " ".join([nobody, *[answer] * 7]), **send)


OWN_ACCOUNT = [
    own("GET", "accounts/", "200"),
    own("GET", "reminders/mine/", "200"),
    own("POST", "reminders/mine/", "302", staff_tomorrow="email"),
    own("GET", "accounts/session/", "200", nobody="401"),
    own("POST", "accounts/session/", "200", nobody="401"),
    own("POST", "accounts/sessions/999999/end/", "302"),
    own("POST", "accounts/sessions/end-others/", "302"),
    own("POST", "accounts/sessions/end-all/", "in"),
    own("GET", "accounts/invitation/not-a-link/", "410", nobody="410"),
    own("GET", "accounts/inactive/", "200", nobody="200"),
    own("GET", "accounts/reauthenticate/", "200"),
    own("GET", "accounts/password/change/", "200"),
    own("POST", "accounts/password/change/", "200"),
    own("GET", "accounts/password/set/", "404", nobody="404"),
    own("GET", "accounts/password/reset/", "200", nobody="200"),
    own("POST", "accounts/password/reset/", "200", nobody="200"),
    own("GET", "accounts/password/reset/done/", "200", nobody="200"),
    own("GET", "accounts/password/reset/key/1-no-key/", "200", nobody="200"),
    own("GET", "accounts/password/reset/key/done/", "200", nobody="200"),
    own("GET", "accounts/2fa/", "302"),
    own("GET", "accounts/2fa/authenticate/", "302"),
    own("GET", "accounts/2fa/reauthenticate/", "302"),
    own("GET", "accounts/2fa/recovery-codes/", "404"),
    own("GET", "accounts/2fa/recovery-codes/download/", "404"),
    own("GET", "accounts/2fa/recovery-codes/generate/", "302"),
    own("GET", "accounts/2fa/totp/activate/", "302"),
    own("GET", "accounts/2fa/totp/deactivate/", "404"),
    own("GET", "accounts/2fa/webauthn/", "302"),
    own("GET", "accounts/2fa/webauthn/add/", "302"),
    own("GET", "accounts/2fa/webauthn/keys/999999/edit/", "302"),
    own("GET", "accounts/2fa/webauthn/keys/999999/remove/", "302"),
    own("GET", "accounts/2fa/webauthn/login/", "302"),
    own("GET", "accounts/2fa/webauthn/reauthenticate/", "302"),
]
