"""Addresses of the admin's pages, and their forms as a browser would send them back."""

from __future__ import annotations

from django.test import Client
from django.urls import reverse


def path(model, action: str, *args) -> str:
    return reverse(f"admin:scheduling_{model._meta.model_name}_{action}", args=args)


def page_form(client: Client, url: str, **changes) -> dict[str, object]:
    """What a browser would send back of the form on a page, with some fields changed."""
    response = client.get(url)
    assert response.status_code == 200
    data: dict[str, object] = {}
    context = response.context
    forms = [context["adminform"].form]
    for inline in context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    for form in forms:
        for bound in form:
            value = bound.value()
            if value is None or value is False:
                continue
            widget = bound.field.widget
            if hasattr(widget, "decompress"):
                parts = widget.decompress(bound.field.prepare_value(value)) if not isinstance(value, list) else value
                data |= {f"{bound.html_name}_{n}": part for n, part in enumerate(parts) if part is not None}
            else:
                data[bound.html_name] = bound.field.prepare_value(value) if not isinstance(value, list) else value
    return {name: value for name, value in (data | changes).items() if value is not None}
