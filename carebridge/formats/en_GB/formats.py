"""Where Django writes times by itself, as in the admin: the 24-hour clock that the staff screens show."""

DATETIME_FORMAT = "j M Y, H:i"
TIME_FORMAT = "H:i"
