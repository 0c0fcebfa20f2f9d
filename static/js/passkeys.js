// Passkey buttons: drawn disabled until allauth's scripts listen, gone where the browser has no passkeys, and a word when it did not work.

const buttons = document.querySelectorAll("#passkey_login, #mfa_webauthn_authenticate, #mfa_webauthn_add, #mfa_webauthn_reauthenticate");
document.addEventListener("DOMContentLoaded", () => {
  for (const button of buttons) {
    if (window.PublicKeyCredential) button.disabled = false;
    else button.textContent = "This browser has no passkeys";
  }
});

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const card = document.querySelector(".lg-card");
  const note = document.querySelector("[data-passkey-error]") ?? document.createElement("p");
  note.dataset.passkeyError = "";
  note.className = "note warn";
  note.setAttribute("role", "alert");
  const stopped = event.detail.exception?.name === "NotAllowedError";
  note.textContent = stopped ? "Stopped, or no passkey for CareBridge here." : "That did not work. Try again, or use your password.";
  card.querySelector("h1").after(note);
});
