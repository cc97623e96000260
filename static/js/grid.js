// Keys of a table[data-grid]: Enter and the arrows go from cell to cell as in a spreadsheet; Enter in the last row goes
// to the button that saves. A form[data-sum] says how many cells are ticked and what they come to.
// Without it the page works by mouse and Tab.
(() => {
  const FIELDS = "input:not([type=hidden]), select";

  function fieldsOf(row) {
    return [...row.cells].map((cell) => cell.querySelector(FIELDS));
  }

  // The field in the nearest row above or below in the same column, or else in the nearest column of it.
  function neighbour(field, step) {
    const column = field.closest("td, th").cellIndex;
    const rows = [...field.closest("tbody").rows];
    for (let index = rows.indexOf(field.closest("tr")) + step; rows[index]; index += step) {
      const found = fieldsOf(rows[index])[column];
      if (found && !found.disabled) return found;
    }
    return null;
  }

  function beside(field, step) {
    const fields = fieldsOf(field.closest("tr")).filter((found) => found && !found.disabled);
    return fields[fields.indexOf(field) + step];
  }

  // In text the arrows to the sides first move the cursor.
  function atEdge(field, step) {
    if (field.type !== "text") return true;
    const edge = step < 0 ? 0 : field.value.length;
    return field.selectionStart === edge && field.selectionEnd === edge;
  }

  function enter(field) {
    field.focus();
    if (field.type === "text") field.select();
    field.closest("tr").scrollIntoView({ block: "nearest" });
  }

  function target(field, event) {
    const native = field.matches("select, [type=date]"); // their own arrows change the value
    switch (event.key) {
      case "Enter":
        return neighbour(field, event.shiftKey ? -1 : 1);
      case "ArrowDown":
        return native ? null : neighbour(field, 1);
      case "ArrowUp":
        return native ? null : neighbour(field, -1);
      case "ArrowRight":
        return native || !atEdge(field, 1) ? null : beside(field, 1);
      case "ArrowLeft":
        return native || !atEdge(field, -1) ? null : beside(field, -1);
      default:
        return null;
    }
  }

  for (const table of document.querySelectorAll("table[data-grid]")) {
    table.addEventListener("keydown", (event) => {
      const field = event.target;
      if (!field.matches(FIELDS) || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      const next = target(field, event);
      if (next) {
        enter(next);
      } else if (event.key === "Enter") {
        table.closest("form")?.querySelector(".bar .btn-primary")?.focus();
      } else {
        return;
      }
      event.preventDefault();
    });
    table.addEventListener("focusin", () => {
      for (const row of table.tBodies[0].rows) row.classList.toggle("now", row.contains(document.activeElement));
    });
  }

  for (const form of document.querySelectorAll("form[data-sum]")) {
    const words = form.querySelector("[data-sum-words]");
    if (!words) continue;
    const count = () => {
      const cells = new Set();
      for (const box of form.querySelectorAll("tbody input:checked")) {
        if (box.dataset.amount) cells.add(box);
        else for (const one of quarterOf(box)) cells.add(one);
      }
      let cents = 0;
      for (const box of cells) cents += Math.round(Number(box.dataset.amount) * 100);
      words.textContent = cells.size ? `${form.dataset.sum} ${cells.size} 个月,共 ${(cents / 100).toFixed(2)} 元` : "";
    };
    form.addEventListener("change", count);
    count();
  }

  // The three months before the tick for a whole quarter.
  function quarterOf(box) {
    const column = box.closest("td").cellIndex;
    return fieldsOf(box.closest("tr"))
      .slice(column - 3, column)
      .filter((found) => found?.dataset.amount);
  }

  // On a narrow screen the present month comes into sight beside the names.
  for (const month of document.querySelectorAll("[data-present]")) {
    const scroller = month.closest(".table-scroll");
    const names = month.closest("tr").cells[0].offsetWidth;
    scroller.scrollLeft = month.offsetLeft + month.offsetWidth - scroller.clientWidth;
    if (month.offsetLeft - scroller.scrollLeft < names) scroller.scrollLeft = month.offsetLeft - names;
  }

  for (const keys of document.querySelectorAll("[data-keys]")) keys.hidden = false;
})();
