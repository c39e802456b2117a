// Forms: dialogs that hold them, fields that a problem names, and acts that want the name typed.
export function startForms() {
  document.addEventListener("click", dialogs);
  document.addEventListener("htmx:afterSwap", (event) => markFields(event.target));
  document.addEventListener("htmx:afterRequest", tellOffline);
  document.addEventListener("input", armed);
  document.addEventListener("click", copied);
  takeFromLink();
  window.addEventListener("hashchange", takeFromLink);
}

// A secret of a link stands behind its `#`, which no browser sends: it goes into the fields for it,
// and out of the address.
function takeFromLink() {
  const fields = document.querySelectorAll("[data-from-link]");
  if (fields.length === 0 || location.hash.length < 2) return;
  for (const field of fields) field.value = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, "", location.pathname + location.search);
}

function dialogs(event) {
  const opener = event.target.closest("[data-opens]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.opens);
    if (dialog?.showModal) {
      event.preventDefault();
      dialog.showModal();
    }
  }
  if (event.target.closest("[data-rooms]")) document.getElementById("rooms").click();
  const closer = event.target.closest("[data-closes]");
  if (closer) closer.closest("dialog")?.close();
}

// The problem lists fields by path; the inputs are named by the same, with their type behind `:`.
function markFields(outcome) {
  const form = outcome.closest?.("form");
  if (!form) return;
  // A secret that is seen once stands alone: the form cannot be sent again.
  if (outcome.querySelector("[data-replaces]")) {
    for (const part of form.children) part.hidden = part !== outcome;
  }
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
  const refused = [...outcome.querySelectorAll("[data-field]")].map((item) => item.dataset.field);
  const inputs = [...form.elements].filter((input) => refused.includes(input.name?.split(":")[0]));
  for (const input of inputs) input.setAttribute("aria-invalid", "true");
  for (const input of inputs) input.closest("details")?.setAttribute("open", "");
  inputs[0]?.focus();
  if (outcome.querySelector("[data-problem='/problems/second-factor-needed']")) {
    const code = form.querySelector("[name='code']");
    code?.closest("details")?.setAttribute("open", "");
    code?.focus();
  }
}

function tellOffline(event) {
  if (event.detail.xhr.status !== 0) return;
  const outcome = event.target.querySelector?.(".outcome");
  if (outcome) {
    outcome.textContent = "Portolan does not answer: look at the connection, then try again.";
    outcome.className = "outcome alert alert-error";
  }
}

// What cannot be undone can be pressed only after its name was typed.
function armed(event) {
  const wanted = event.target.dataset?.mustBe;
  if (wanted === undefined) return;
  for (const button of event.target.form.querySelectorAll("[data-when-typed]")) {
    button.disabled = event.target.value !== wanted;
  }
}

function copied(event) {
  const button = event.target.closest("[data-copies]");
  if (!button) return;
  const text = document.getElementById(button.dataset.copies)?.textContent ?? "";
  navigator.clipboard.writeText(text.trim()).then(
    () => (button.textContent = "Copied"),
    () => (button.textContent = "Select it and copy"),
  );
}
