// Runs before the first paint, so a person who chose dark never sees a white flash. Empty: follow the system.
document.documentElement.dataset.theme = localStorage.getItem("theme") ?? "";
