"""Form fields in the house style, whatever widget the form chose."""

from django import template
from django.forms import BoundField
from django.utils.safestring import SafeString

register = template.Library()


@register.filter
def control(field: BoundField) -> SafeString:
    """The field's widget with the class our styles know. Boxes to tick keep their own look."""
    if getattr(field.field.widget, "input_type", "") in {"checkbox", "radio"}:
        return field.as_widget()
    own = field.field.widget.attrs.get("class", "").split()
    return field.as_widget(attrs={"class": " ".join(dict.fromkeys(("input", *own)))})
