// For a clinic's own website: shows its public booking where this script stands, as high as it needs to be.
//
//   <script src="https://…/p/embed.js" data-clinic="harbour" data-language="en" data-title="Book an appointment" async></script>
//
// It sets no cookie, reads nothing of the page around it, and listens to its own frame only.
(() => {
  const script = document.currentScript;
  const { clinic, language, title } = script.dataset;
  const home = new URL(script.src).origin;
  const part = (word) => (word ? `${encodeURIComponent(word)}/` : "");
  const frame = document.createElement("iframe");
  frame.src = `${home}/p/book/${part(clinic)}framed/${part(language)}`;
  frame.title = title || "Book an appointment";
  frame.referrerPolicy = "no-referrer";
  Object.assign(frame.style, { width: "100%", height: "640px", border: "0" });

  let shown = 0;
  addEventListener("message", ({ origin, source, data }) => {
    if (origin !== home || source !== frame.contentWindow || data?.carebridge !== "height") return;
    if (data.height > 0 && data.height < 20000) frame.style.height = `${Math.ceil(data.height)}px`;
    // A new page in the frame, told of before it is drawn: a later jump would take what is pressed from under a finger.
    if (!(data.begins >= 0) || !shown++) return;
    const top = frame.getBoundingClientRect().top + data.begins;
    if (top < 0 || (data.begins && top > innerHeight / 2)) scrollBy(0, top);
  });
  script.after(frame);
})();
