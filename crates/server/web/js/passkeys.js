// Passkeys: what only a script can do, between what the API asks and what it takes.
export function startPasskeys() {
  if (!window.PublicKeyCredential) return;
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-passkey]");
    if (button) run(button);
  });
}

async function run(button) {
  const outcome = document.getElementById(button.dataset.outcome);
  outcome.textContent = "";
  button.disabled = true;
  try {
    await (button.dataset.passkey === "sign-in" ? signIn() : create(button));
    location.assign(button.dataset.next);
  } catch (error) {
    outcome.textContent = error.message;
    outcome.className = "outcome alert alert-error";
  } finally {
    button.disabled = false;
  }
}

async function signIn() {
  const asked = await send("/v1/sign-in/passkey/begin");
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(asked.public_key ?? asked);
  const credential = await navigator.credentials.get({ publicKey });
  await send("/v1/sign-in/passkey", { credential: credential.toJSON(), cookie: true });
}

async function create(button) {
  const asked = await send("/v1/passkeys/begin");
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(asked.public_key ?? asked);
  const credential = await navigator.credentials.create({ publicKey });
  const name = document.getElementById(button.dataset.name)?.value || "Passkey";
  await send("/v1/passkeys", { name, credential: credential.toJSON() });
}

async function send(url, body = {}) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error([answer.detail, answer.remedy].filter(Boolean).join(" - "));
  return answer;
}
