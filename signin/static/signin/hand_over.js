// The ticket goes on by itself; without scripts a button sends it.

document.querySelector("[data-ticket]").submit();
