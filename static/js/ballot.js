// Opens the ballot of a slip's address: the code stands behind the #, which the browser keeps to itself. And sends a
// vote once, however often the button is pressed: the second answer would be a refusal.
"use strict";

const voteForm = document.querySelector("[data-vote]");
const code = decodeURIComponent(location.hash.slice(1));

if (voteForm && code) {
  history.replaceState(null, "", location.pathname);
  voteForm.elements.code.value = code;
  voteForm.requestSubmit();
}

for (const once of document.querySelectorAll("[data-once]")) {
  let sent = false;
  once.addEventListener("submit", (event) => {
    if (sent) event.preventDefault();
    sent = true;
  });
}
