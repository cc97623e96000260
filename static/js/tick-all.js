// In [data-tick-all]: a box that ticks every box of that name in its form, in place of the link that does so without
// a script.
(() => {
  for (const place of document.querySelectorAll("[data-tick-all]")) {
    const all = place.querySelector("input");
    const boxes = [...all.form.querySelectorAll(`input[name="${place.dataset.tickAll}"]`)];

    const show = () => {
      const ticked = boxes.filter((box) => box.checked).length;
      all.checked = ticked === boxes.length;
      all.indeterminate = ticked > 0 && !all.checked;
    };

    all.addEventListener("change", () => {
      for (const box of boxes) box.checked = all.checked;
    });
    all.form.addEventListener("change", show);
    window.addEventListener("pageshow", show); // a page that comes back keeps its ticks
    place.querySelector("label").hidden = false;
    place.querySelector("a").hidden = true;
  }
})();
