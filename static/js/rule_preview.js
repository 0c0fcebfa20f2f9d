// The preview of an email: the form that came with it fills the frame beside it. An email needs a frame of its own, as
// its styles stand in it and may not in this page.
document.addEventListener("htmx:afterSettle", (event) => {
  event.target.querySelector?.("form[data-frame]")?.submit();
});
