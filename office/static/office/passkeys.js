// Makes or shows a passkey when its form is sent, and sends what the browser says of it along.

const form = document.querySelector("form[data-passkey]");
const isAble = Boolean(window.PublicKeyCredential?.parseCreationOptionsFromJSON);
const show = (what, isShown) => {
  form.querySelector(`[data-${what}]`).hidden = !isShown;
};

async function answer() {
  const { publicKey } = JSON.parse(document.getElementById("passkey-options").textContent);
  const [read, act] =
    form.dataset.passkey === "create"
      ? [PublicKeyCredential.parseCreationOptionsFromJSON, "create"]
      : [PublicKeyCredential.parseRequestOptionsFromJSON, "get"];
  const credential = await navigator.credentials[act]({ publicKey: read.call(PublicKeyCredential, publicKey) });
  return JSON.stringify(credential.toJSON());
}

async function send(event) {
  event.preventDefault();
  show("failed", false);
  try {
    form.elements.passkey.value = await answer();
  } catch {
    // Somebody has said no, has taken too long, or has none for this address.
    show("failed", true);
    return;
  }
  form.submit();
}

if (form && isAble) form.addEventListener("submit", send);
else if (form) {
  show("unable", true);
  form.querySelector("[type=submit]").disabled = true;
}
