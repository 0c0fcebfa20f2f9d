from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "carebridge.accounts"
    label = "accounts"
    verbose_name = "People who sign in"

    def ready(self) -> None:
        """Listen to the libraries that sign people in."""
        from carebridge.accounts import told  # noqa: F401
