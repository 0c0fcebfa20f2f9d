// Runs before the first paint, so a person who chose dark never sees a white flash. Empty: follow the system.
// The admin keeps its choice under the same name and calls "follow the system" auto.
document.documentElement.dataset.theme = (localStorage.getItem("theme") ?? "").replace("auto", "");
document.documentElement.classList.add("js");
