// Parts of a form that matter only for one choice in it: <fieldset data-when="name=value">. What does
// not matter is neither shown nor sent.
export function startWhen() {
  for (const form of document.forms) judge(form);
  document.addEventListener("change", (event) => event.target.form && judge(event.target.form));
  document.addEventListener("htmx:load", () => {
    for (const form of document.forms) judge(form);
  });
}

function judge(form) {
  for (const part of form.querySelectorAll("fieldset[data-when]")) {
    const [name, wanted] = part.dataset.when.split("=");
    const matters = new FormData(form).get(name) === wanted;
    part.hidden = !matters;
    part.disabled = !matters;
  }
}
