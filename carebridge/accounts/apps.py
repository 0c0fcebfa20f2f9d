from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "carebridge.accounts"
    label = "accounts"
    verbose_name = "People who sign in"
