// Live sums of a tally sheet's rows; a row above the ballots that came back is marked with a word.
"use strict";

const form = document.querySelector("[data-tally]");

function refresh() {
  const returned = Number(form.elements.returned.value);
  for (const row of form.querySelectorAll("tbody tr")) {
    const sum = [...row.querySelectorAll("input")].reduce((total, input) => total + (Number(input.value) || 0), 0);
    const cell = row.querySelector("[data-sum]");
    const above = returned > 0 && sum > returned;
    cell.textContent = above ? `${sum} 超出` : String(sum);
    cell.classList.toggle("minus", above);
  }
}

if (form) {
  form.addEventListener("input", refresh);
  refresh();
}
