// What a script can add to a patient's page; everything works without it.

/** Say whose clock a time is on, to a reader whose own clock shows another hour at this moment. */
function nameZone(element) {
  const hour = (timeZone) => new Intl.DateTimeFormat("en", { timeZone, dateStyle: "short", timeStyle: "short" }).format(new Date());
  element.hidden = hour(element.dataset.zone) === hour(undefined);
}

document.querySelectorAll("[data-zone]").forEach(nameZone);
