"""Talk with other systems: practice management, FHIR, calendars, webhooks."""
