// The name of a new destination follows its server and its network, until somebody writes another.
const LONGEST = 200;

export function startProposals() {
  document.addEventListener("input", propose);
}

function propose(event) {
  const form = event.target.form;
  const name = form?.querySelector("[data-proposed]");
  if (!name || event.target === name || name.value !== name.dataset.proposed) return;
  const server = form.querySelector("[data-server-name]:checked")?.dataset.serverName;
  const network = form.elements.network.value.trim();
  const proposal = [server, network].filter(Boolean).join("-");
  name.value = name.dataset.proposed = [...proposal].slice(0, LONGEST).join("");
}
