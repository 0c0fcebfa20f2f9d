// Clinics, nearest first: worked out in the browser, so that nobody else learns where the reader is.

const EARTH_KM = 6371;

/** Great-circle distance in kilometres between two points in degrees. */
function kilometres(a, b) {
  const [lat1, lon1, lat2, lon2] = [a.lat, a.lon, b.lat, b.lon].map((degrees) => (degrees * Math.PI) / 180);
  const half = Math.sin((lat2 - lat1) / 2) ** 2 + Math.cos(lat1) * Math.cos(lat2) * Math.sin((lon2 - lon1) / 2) ** 2;
  return 2 * EARTH_KM * Math.asin(Math.sqrt(half));
}

/** Put the places of a list in order and say how far each is; one whose position nobody entered comes last. */
function order(list, here) {
  const places = [...list.querySelectorAll("[data-lat]")].map((place) => {
    const known = place.dataset.lat !== "";
    return { place, km: known ? kilometres(here, { lat: +place.dataset.lat, lon: +place.dataset.lon }) : Infinity };
  });
  const end = document.createElement("span");
  places[0].place.before(end);
  places.sort((one, other) => one.km - other.km);
  places.forEach(({ place, km }) => {
    end.before(place);
    const far = place.querySelector("[data-far]");
    const digits = { style: "unit", unit: "kilometer", maximumFractionDigits: km < 10 ? 1 : 0 };
    if (Number.isFinite(km)) far.textContent = new Intl.NumberFormat(document.documentElement.lang, digits).format(km);
  });
  end.remove();
}

document.querySelectorAll("[data-near]").forEach((button) => {
  if (!("geolocation" in navigator)) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      order(document.getElementById(button.dataset.near), { lat: coords.latitude, lon: coords.longitude });
      button.hidden = true;
    });
  });
});
