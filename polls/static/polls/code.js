// A scanned card opens the page with its code behind the address. It is taken out of there before anything else, and
// sent like one that was typed.

const CODE = /^[0-9A-Za-z][0-9A-Za-z-]{14,40}$/;

// Only where one comes in with a code.
const form = document.querySelector("form[data-scanned]");

function take() {
  const code = location.hash.slice(1);
  // The page's own anchors look different, or name a part of it.
  if (!form || !CODE.test(code) || document.getElementById(code)) return;
  history.replaceState(history.state, "", location.pathname + location.search);
  form.elements.code.value = code;
  form.submit();
}

// After a refused code this page is the answer to a POST: going back to it must not send the code again.
history.replaceState(history.state, "");
window.addEventListener("hashchange", take);
window.addEventListener("pageshow", (event) => {
  // A page from the back-forward cache may be of somebody who has left since.
  if (event.persisted) location.reload();
});
take();
