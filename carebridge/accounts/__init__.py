"""Who may sign in: users, their roles' names, API tokens. Which clinics they work for is scheduling's business."""
